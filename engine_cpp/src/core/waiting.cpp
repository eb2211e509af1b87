// Orders that wait for a price: the accounts' half. What such an order can cost is reserved when it enters; when its
// trigger comes true it goes on as a MARKET or a LIMIT order under the numbers it has.
#include "accounts.hpp"
#include "bands.hpp"
#include "checks.hpp"

namespace exchange::engine {
namespace {

Watched watched_by(const Instrument& instrument, Side side, TriggerReference reference) noexcept {
  switch (reference) {
    case TriggerReference::kLast: return Watched::kLast;
    case TriggerReference::kMark: return Watched::kMark;
    case TriggerReference::kIndex: return Watched::kIndex;
    case TriggerReference::kBidAsk: return side == Side::kBuy ? Watched::kAsk : Watched::kBid;
    case TriggerReference::kDefault: break;
  }
  return instrument.on_margin ? Watched::kMark : Watched::kLast;
}

// A stop is for a price that gets worse for its side, a take-profit for one that gets better.
constexpr bool waits_for_rise(OrderType type, Side side) noexcept {
  const bool takes_profit = type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
  return (side == Side::kBuy) != takes_profit;
}

}  // namespace

Trigger Accounts::trigger_of(const PlaceOrder& command, Slot instrument) const noexcept {
  const SpecialTerms& terms = *command.special;
  return {.price = terms.trigger_price,
          .instrument = instrument,
          .watched = watched_by(instruments_[instrument], command.side, terms.trigger_reference),
          .rises = waits_for_rise(command.type, command.side),
          .offset = {terms.trailing_ticks, terms.trailing_bps},
          .tick = instruments_[instrument].tick};
}

Trigger Accounts::trigger_of(Slot slot) const noexcept {
  const OrderRecord& order = orders_[slot];
  const SpecialRecord& record = orders_.specials()[order.special];
  const SpecialView& special = record.view;
  return {.order_id = order.view.order_id,
          .price = special.trigger_price,
          .owner = slot,
          .instrument = order.instrument,
          .watched = watched_by(instruments_[order.instrument], order.view.side, special.trigger_reference),
          .rises = waits_for_rise(order.view.type, order.view.side),
          .offset = {special.trailing_ticks, special.trailing_bps},
          .turn = record.trail_turn == 0 ? order.view.order_id : record.trail_turn,
          .watermark = special.watermark_price,
          .tick = instruments_[order.instrument].tick};
}

Pricing Accounts::price_waiting(const PlaceOrder& command, Slot instrument, const WatchedPrices& prices) const noexcept {
  Trigger trigger = trigger_of(command, instrument);
  const Reason reason = check_trigger(trigger, prices);
  if (reason != Reason::kNone) return {.reason = reason};
  const std::int64_t worst = worst_price_of_waiting(command, instruments_[instrument], trigger);
  return {Reason::kNone, worst, worst, trigger.watermark};
}

// The most that it may trade at once it is triggered: its limit, or what protects it around the trigger.
Waiting Accounts::reserve_waiting(const PlaceOrder& command, const Admission& admission, const WatchedPrices& prices,
                                  bool has_room, Step& step) {
  const Slot instrument = admission.inquiry.instrument;
  const auto reject_for = [&](Reason reason) {
    return Waiting{reject(command, admission.account, instrument, reason, step), kNil};
  };
  if (!has_room) return {refuse(Reason::kEngineFull, step), kNil};
  const Pricing pricing = price_waiting(command, instrument, prices);
  if (pricing.reason != Reason::kNone) return reject_for(pricing.reason);
  if (const Reason reason = check_price_and_funds(command, admission, pricing.worst); reason != Reason::kNone) {
    return reject_for(reason);
  }
  const Instrument& terms = instruments_[instrument];
  const bool has_record = !terms.delayed || unsettled_.has_room_for(admission.account, instrument);
  if ((terms.on_margin && positions_.room() == 0) || !has_record) [[unlikely]] {
    return {refuse(Reason::kEngineFull, step), kNil};
  }
  const PlaceOrder entered =
      is_reduce_only(command) ? clamped(command, admission.account, instrument) : command;
  const Slot order = enter(entered, admission.account, instrument, step);
  static_cast<void>(hold(entered, order, pricing.worst));
  begin_to_trail(order, pricing.watermark);
  return {{}, order};
}

// What trails begins at the price of now.
Reason Accounts::check_trigger(Trigger& trigger, const WatchedPrices& prices) noexcept {
  const std::int64_t now = prices[static_cast<std::size_t>(trigger.watched)];
  if (now == kNoPrice) return Reason::kNoReferencePrice;
  if (trigger.trails() && !trigger.follow(now)) return Reason::kTrailingOffsetOutOfRange;
  return trigger.is_true_at(now) ? Reason::kWouldTriggerImmediately : Reason::kNone;
}

std::int64_t Accounts::protected_price(const Instrument& instrument, Side side, std::int64_t trigger_price) noexcept {
  return band_edge(instrument, side, trigger_price, instrument.market_protection_bps);
}

// The trigger of a buy that trails only falls, so what it can cost is known from the start.
std::int64_t Accounts::worst_price_of_waiting(const PlaceOrder& command, const Instrument& instrument,
                                              const Trigger& trigger) noexcept {
  return has_limit(command.type) ? command.price : protected_price(instrument, command.side, trigger.price);
}

void Accounts::begin_to_trail(Slot slot, std::int64_t watermark) noexcept {
  if (orders_[slot].view.type != OrderType::kTrailingStop) return;
  Trigger trigger = trigger_of(slot);
  const bool is_price = trigger.follow(watermark);
  assert(is_price);
  static_cast<void>(is_price);
  follow(slot, trigger);
}

void Accounts::follow(Slot slot, const Trigger& trigger) noexcept {
  engine::follow(orders_.specials()[orders_[slot].special].view, trigger);
}

void Accounts::tell_trail(Slot slot, const Trigger& trigger, Step& step) {
  OrderRecord& order = orders_[slot];
  if (orders_.special_view(order)->watermark_price == trigger.watermark) return;
  follow(slot, trigger);
  touch(order, step);
  tell(OrderUpdateCause::kRestatedTrailing, order, step);
}

void Accounts::begin_waiting(Slot slot, Slot trigger, Step& step) {
  accept(slot, step);
  restore_resting({slot, trigger});
}

void Accounts::accept(Slot slot, Step& step) {
  OrderView& view = orders_[slot].view;
  if (waits_for_price(view.type)) view.status = OrderStatus::kUntriggered;
  on(Accepted{slot}, step);
}

std::optional<Place> Accounts::activate(Slot slot, const Quote& quote, Step& step) {
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  const Instrument& terms = instruments_[order.instrument];
  view.status = OrderStatus::kNew;
  const bool market = !has_limit(view.type);
  std::int64_t limit = view.price;
  if (!market) move(order, reprice(order, limit, quote), limit);
  orders_.specials()[order.special].view.triggered_time_ns = step.stamp.time_ns;
  touch(order, step);
  tell(OrderUpdateCause::kTriggered, order, step);
  const auto end = [&](OrderStatus status, EndReason reason) {
    on(Release{slot, status, reason}, step);
    return std::optional<Place>();
  };
  const bool uncovered = order.is_on_margin() && !is_covered_at_trigger(order);
  if (!quote.has_room || uncovered) return end(OrderStatus::kCancelled, EndReason::kRiskAtTrigger);
  if (market && !quote.protection) return end(OrderStatus::kExpired, EndReason::kMarketRemainder);
  if (market) limit = view.side == Side::kBuy ? std::min(*quote.protection, order.hold_price) : *quote.protection;
  if (terms.has_static_band && is_beyond(view.side, market ? limit : view.price, static_edge(terms, view.side))) {
    if (!market) return end(OrderStatus::kExpired, EndReason::kPriceBand);
    limit = static_edge(terms, view.side);
  }
  return Place{.order_id = view.order_id,
               .self_trade_group = balances_.account(order.account).self_trade_group,
               .limit = limit,
               .quantity = view.leaves_quantity,
               .min_quantity = view.time_in_force == TimeInForce::kFok
                                   ? view.leaves_quantity
                                   : std::min(orders_.specials()[order.special].view.min_quantity, view.leaves_quantity),
               .owner = slot,
               .instrument = order.instrument,
               .position = order.is_on_margin() ? order.position() : kNil,
               .taker_fee_ppm = order.taker_fee_ppm,
               .side = view.side,
               .type = market ? OrderType::kMarket : OrderType::kLimit,
               .time_in_force = view.time_in_force,
               .mode = view.self_trade_prevention,
               .post_only = view.post_only,
               .linked = other_open_leg(order) != kNil,
               .reduces = reduces(order)};
}

}  // namespace exchange::engine
