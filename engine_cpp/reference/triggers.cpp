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

Result Engine::wait(const PlaceOrder& c) {
  const Instrument& i = instruments_.at(c.instrument_id);
  const InstrumentDefinition& d = i.definition;
  OrderView asked;
  asked.side = c.side;
  asked.type = c.type;
  const std::int64_t trigger = c.special->trigger_price;
  const auto now = watched_price(i, asked, c.special->trigger_reference);
  if (!now) return reject(c, Reason::kNoReferencePrice);
  if (has_come(asked, trigger, *now)) return reject(c, Reason::kWouldTriggerImmediately);
  std::int64_t worst = c.price;
  if (!has_limit(c.type) && c.side == Side::kBuy) {
    const Wide bound = std::min<Wide>(Wide{trigger} * (10'000 + d.market_protection_bps) / 10'000, 1'000'000'000'000'000'000);
    worst = static_cast<std::int64_t>(bound / d.tick) * d.tick;
  }
  if (!has_limit(c.type) && c.side == Side::kSell) {
    const Wide step = Wide{d.tick} * 10'000;
    const Wide ticks = (Wide{trigger} * (10'000 - d.market_protection_bps) + step - 1) / step;
    worst = std::max(static_cast<std::int64_t>(ticks) * d.tick, d.tick);
  }
  if (const Reason reason = check_money(c, worst); reason != Reason::kNone) return reject(c, reason);
  Order& order = create(c);
  order.limit = order.held_at = worst;
  order.view.status = OrderStatus::kUntriggered;
  order.held = hold_of(order);
  Balance& balance = account_of(order).balances[held_asset(order)];
  balance.available -= order.held;
  balance.held += order.held;
  waiting_.insert(order.view.order_id);
  resting_.insert(order.view.order_id);
  ++account_of(order).open_orders;
  changed(order, OrderUpdateCause::kAccepted);
  tell(c.account_id, held_asset(order), BalanceChangeKind::kHold, 0);
  return conclude(c, order, Reason::kNone);
}

void Engine::find_triggered() {
  std::vector<std::uint64_t> come;
  for (const std::uint64_t order_id : waiting_) {
    const Order& order = orders_.at(order_id);
    const Instrument& i = instruments_.at(order.view.instrument_id);
    if (i.definition.phase != TradingPhase::kContinuous) continue;
    const auto now = watched_price(i, order.view, order.special->trigger_reference);
    if (now && has_come(order.view, order.special->trigger_price, *now)) come.push_back(order_id);
  }
  for (const std::uint64_t order_id : come) {
    waiting_.erase(order_id);
    triggered_.push_back(order_id);
  }
}

void Engine::run_triggered(std::uint32_t& steps_left) {
  for (; steps_left > 0 && !triggered_.empty(); --steps_left) {
    Order& order = orders_.at(triggered_.front());
    triggered_.pop_front();
    if (instruments_.at(order.view.instrument_id).definition.phase == TradingPhase::kContinuous) {
      go_on(order);
      find_triggered();
    } else {
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
  order.special->triggered_time_ns = now_.time_ns;
  changed(order, OrderUpdateCause::kTriggered);
  order.band = dynamic_band(i, v.side);
  if (has_limit(v.type)) {
    if (check_static_band(i, v.side, v.price) != Reason::kNone) {
      return end(order, OrderStatus::kExpired, EndReason::kPriceBand);
    }
    if (v.post_only && would_cross(i, v.side, v.price)) {
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
  const std::int64_t least = order.special->min_quantity;
  if (least > 0 && !can_fill(i, order, least)) {
    return end(order, OrderStatus::kExpired, EndReason::kMinQuantityNotMet);
  }
  match(i, order);
}

void Engine::take_out_or_stop_waiting(Order& order) {
  if (order.view.status != OrderStatus::kUntriggered) {
    return take_out(instruments_.at(order.view.instrument_id), order);
  }
  waiting_.erase(order.view.order_id);
  triggered_.remove(order.view.order_id);
  resting_.erase(order.view.order_id);
  --account_of(order).open_orders;
}

}  // namespace exchange::engine::reference
