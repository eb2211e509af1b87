// Orders that wait for a price in the naive engine: all are looked at after each command, in order of entry.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

bool takes_profit(OrderType type) { return type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit; }

}  // namespace

std::optional<std::int64_t> Engine::watched_price(const Instrument& i, const OrderView& order,
                                                  TriggerReference reference) const {
  const InstrumentKind kind = i.definition.terms.kind;
  if (reference == TriggerReference::kDefault) {
    const bool spot = kind == InstrumentKind::kSpot || kind == InstrumentKind::kSecurity;
    reference = spot ? TriggerReference::kLast : TriggerReference::kMark;
  }
  std::optional<std::int64_t> price;
  if (reference == TriggerReference::kLast) price = i.last_price;
  if (reference == TriggerReference::kMark && i.prices.has_mark) price = i.prices.mark;
  if (reference == TriggerReference::kIndex && i.prices.has_index) price = i.prices.index;
  if (reference == TriggerReference::kBidAsk && order.side == Side::kBuy && !i.asks.empty()) {
    price = i.asks.begin()->first;
  }
  if (reference == TriggerReference::kBidAsk && order.side == Side::kSell && !i.bids.empty()) {
    price = i.bids.rbegin()->first;
  }
  return price;
}

bool Engine::has_come(const OrderView& order, std::int64_t trigger, std::int64_t now) {
  const bool buys = order.side == Side::kBuy;
  if (takes_profit(order.type)) return buys ? now <= trigger : now >= trigger;
  return buys ? now >= trigger : now <= trigger;
}

// What speaks against waiting for `trigger`.
Reason Engine::check_trigger(const Instrument& i, const OrderView& order, TriggerReference reference,
                             std::int64_t trigger) const {
  const auto now = watched_price(i, order, reference);
  if (!now) return Reason::kNoReferencePrice;
  return has_come(order, trigger, *now) ? Reason::kWouldTriggerImmediately : Reason::kNone;
}

Engine::Judged Engine::judge_waiting(const PlaceOrder& c) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  OrderView asked;
  asked.side = c.side;
  asked.type = c.type;
  std::int64_t trigger = c.special->trigger_price;
  const auto now = watched_price(i, asked, c.special->trigger_reference);
  const bool trails = c.type == OrderType::kTrailingStop;
  if (trails && now) {
    const auto first = trailing_trigger(i, c.side, *now, c.special->trailing_ticks, c.special->trailing_bps);
    if (!first) return {.reason = Reason::kTrailingOffsetOutOfRange};
    trigger = *first;
  }
  const Reason not_yet = check_trigger(i, asked, c.special->trigger_reference, trigger);
  if (not_yet != Reason::kNone) return {.reason = not_yet};
  const std::int64_t worst = has_limit(c.type) ? c.price : protected_price(i, c.side, trigger);
  return {.reason = check_money(c, worst), .limit = worst, .held_at = worst, .watermark = now.value_or(0)};
}

// Nothing of it has traded: the quantity is what is open. A new trigger is watched from here on, whatever the old one did.
Result Engine::amend_waiting(const AmendOrder& c, Order& order) {
  OrderView& v = order.view;
  const Instrument& i = instruments_.at(v.instrument_id);
  const std::int64_t tick = i.definition.tick;
  std::int64_t quantity = v.quantity;
  if (c.size == AmendSize::kTotal) quantity = c.quantity;
  if (c.size == AmendSize::kOpen) quantity = std::min(c.quantity, std::int64_t{1} << 61);
  if (quantity == 0) {
    take_out_or_stop_waiting(order);
    end(order, OrderStatus::kCancelled, EndReason::kAmendedAway);
    return amended(c, v.order_id, Reason::kNone);
  }
  std::int64_t worst = c.has_price ? c.price : order.limit;
  const std::int64_t trigger = c.has_trigger_price ? c.trigger_price : order.special->trigger_price;
  const bool has_trigger = waits_for_price(v.type);
  for (const std::int64_t price : {worst, has_trigger ? trigger : worst}) {
    if (!is_price(i.definition, price)) return amended(c, v.order_id, Reason::kPriceOutOfRange);
    if (price % tick != 0) return amended(c, v.order_id, Reason::kPriceNotOnTick);
  }
  const InstrumentDefinition& d = i.definition;
  if (quantity % d.lot != 0) return amended(c, v.order_id, Reason::kQuantityNotOnLot);
  if (quantity < d.min_quantity || quantity > d.max_quantity) {
    return amended(c, v.order_id, Reason::kQuantityOutOfRange);
  }
  if (order.special->min_quantity > quantity) return amended(c, v.order_id, Reason::kMinQuantityOutOfRange);
  if (c.has_trigger_price) {
    const Reason reason = check_trigger(i, v, order.special->trigger_reference, trigger);
    if (reason != Reason::kNone && !order.awaits_parent) return amended(c, v.order_id, reason);
    if (!has_limit(v.type)) worst = protected_price(i, v.side, trigger);
  }
  if (const Reason reason = check_amended(order, worst, quantity, {}, true); reason != Reason::kNone) {
    return amended(c, v.order_id, reason);
  }
  if (reduces(order)) quantity = std::min(quantity, closable(v.account_id, v.instrument_id, v.side));
  if (has_limit(v.type)) v.price = worst;
  restate(order);
  v.quantity = v.leaves_quantity = quantity;
  order.limit = order.held_at = worst;
  if (c.has_trigger_price) order.special->trigger_price = trigger;
  if (c.has_expire_time) order.special->expire_time_ns = c.expire_time_ns;
  changed(order, OrderUpdateCause::kAmended);
  release_excess(order);
  if (c.has_trigger_price && !order.awaits_parent) {
    triggered_.remove(v.order_id);
    waiting_.insert(v.order_id);
  }
  return amended(c, v.order_id, Reason::kNone);
}

void Engine::find_triggered() {
  follow_prices(nullptr);
  std::vector<std::uint64_t> come;
  for (const std::uint64_t order_id : waiting_) {
    const Order& order = orders_.at(order_id);
    const Instrument& i = instruments_.at(order.view.instrument_id);
    if (i.definition.phase != TradingPhase::kContinuous) continue;
    const auto now = watched_price(i, order.view, order.special->trigger_reference);
    if (now && has_come(order.view, trigger_of(order), *now)) come.push_back(order_id);
  }
  for (const std::uint64_t order_id : come) {
    waiting_.erase(order_id);
    triggered_.push_back(order_id);
  }
}

void Engine::run_triggered(std::uint32_t& steps_left) {
  while (steps_left > 0 && !triggered_.empty()) {
    --steps_left;
    Order& order = orders_.at(triggered_.front());
    triggered_.pop_front();
    if (instruments_.at(order.view.instrument_id).definition.phase == TradingPhase::kContinuous) {
      go_on(order);
      find_triggered();
      run_groups(steps_left);
      find_triggered();
    } else {
      if (order.view.type == OrderType::kTrailingStop) take_watermark_of_next(order);
      waiting_.insert(order.view.order_id);
    }
  }
}

void Engine::go_on(Order& order) {
  OrderView& v = order.view;
  Instrument& i = instruments_.at(v.instrument_id);
  resting_.erase(v.order_id);
  --account_of(order).open_orders;
  v.status = OrderStatus::kNew;
  restate(order);
  if (has_limit(v.type) && must_stay_behind(i, order, v.price)) {
    order.special->has_working_price = true;
    order.special->working_price = *behind_market(i, v.side);
  }
  order.special->triggered_time_ns = now_.time_ns;
  changed(order, OrderUpdateCause::kTriggered);
  if (on_margin(i.definition) && !is_covered_at_trigger(order)) {
    return end(order, OrderStatus::kCancelled, EndReason::kRiskAtTrigger);
  }
  order.band = dynamic_band(i, v.side);
  if (has_limit(v.type)) {
    if (check_static_band(i, v.side, v.price) != Reason::kNone) {
      return end(order, OrderStatus::kExpired, EndReason::kPriceBand);
    }
    if (v.post_only && would_cross(i, v.side, stands_at(order))) {
      return end(order, OrderStatus::kCancelled, EndReason::kPostOnlyWouldCross);
    }
  } else {
    PlaceOrder market{.instrument_id = v.instrument_id, .side = v.side, .type = OrderType::kMarket};
    const auto worst = worst_price(market);
    if (!worst) return end(order, OrderStatus::kExpired, EndReason::kMarketRemainder);
    const std::int64_t edge = static_band(i, v.side).value_or(*worst);
    order.limit = v.side == Side::kBuy ? std::min({*worst, edge, order.held_at}) : std::max(*worst, edge);
  }
  if (v.time_in_force == TimeInForce::kFok && !can_fill(i, order, v.quantity)) {
    return end(order, OrderStatus::kExpired, EndReason::kFokNotFillable);
  }
  const std::int64_t least = std::min(order.special->min_quantity, order.view.leaves_quantity);
  if (least > 0 && !can_fill(i, order, least)) {
    return end(order, OrderStatus::kExpired, EndReason::kMinQuantityNotMet);
  }
  match(i, order);
}

void Engine::take_out_or_stop_waiting(Order& order) {
  if (order.view.type == OrderType::kPegged && !order.special->has_working_price) {
    resting_.erase(order.view.order_id);
    --account_of(order).open_orders;
    return;
  }
  if (order.view.status != OrderStatus::kUntriggered) {
    return take_out(instruments_.at(order.view.instrument_id), order);
  }
  restate(order);
  waiting_.erase(order.view.order_id);
  triggered_.remove(order.view.order_id);
  resting_.erase(order.view.order_id);
  --account_of(order).open_orders;
}

}  // namespace exchange::engine::reference
