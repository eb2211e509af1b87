// Placing, cancelling and expiring in the naive engine: the checks in their order, holds, what owners are told.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;

std::int64_t divide_up(Wide value, Wide divisor) {
  return static_cast<std::int64_t>(value / divisor + (value % divisor == 0 ? 0 : 1));
}

std::int64_t fee_of(std::int64_t notional, std::int32_t ppm) { return divide_up(Wide{notional} * ppm, 1'000'000); }

Wide ten_to(std::uint32_t exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

SpecialView special_view(const SpecialTerms& terms) {
  SpecialView v;
  v.trigger_price = terms.trigger_price;
  v.has_trigger_price = terms.has_trigger_price;
  v.trigger_reference = terms.trigger_reference;
  v.trailing_ticks = terms.trailing_ticks;
  v.trailing_bps = terms.trailing_bps;
  v.display_quantity = terms.display_quantity;
  v.min_quantity = terms.min_quantity;
  v.expire_time_ns = terms.expire_time_ns;
  v.post_only_reprice = terms.post_only_reprice;
  v.reduce_only = terms.reduce_only;
  v.peg_reference = terms.peg_reference;
  v.peg_offset_ticks = terms.peg_offset_ticks;
  v.tag = terms.tag;
  v.survive_disconnect = terms.survive_disconnect;
  return v;
}

}  // namespace

Result Engine::on(const PlaceOrder& command) {
  if (command.special != nullptr && command.special->validate_only) {
    Result result{now_.engine_seq};
    result.all_reasons = failures(command, result.cost);
    if (!result.all_reasons.empty()) result.reason = result.all_reasons.front();
    return result;
  }
  if (const Reason reason = check_shape(command); reason != Reason::kNone) return {now_.engine_seq, reason};
  if (!is_trader(command.account_id)) {
    return {now_.engine_seq, Reason::kUnknownAccount};
  }
  const std::string id(command.client_order_id);
  if (auto first = repeated(command.account_id, id, command.fingerprint, CommandKind::kPlaceOrder)) return *first;
  if (command.valid_until_ns < now_.time_ns) return {now_.engine_seq, Reason::kRequestExpired};
  if (command.valid_until_ns > now_.time_ns + limits_.id_window_ns) {
    return {now_.engine_seq, Reason::kValidUntilTooFar};
  }
  if (command.type == OrderType::kPegged) return place_pegged(command);
  const Judged judged = judge(command);
  if (judged.reason != Reason::kNone) return reject(command, judged.reason);
  Order& order = reserve(command, judged);
  enter(order);
  return conclude(command, order, Reason::kNone);
}

// The checks of an order beyond those of its request, and the prices that it gets.
Engine::Judged Engine::judge(const PlaceOrder& command) const {
  if (const Reason reason = check_instrument(command); reason != Reason::kNone) return {.reason = reason};
  if (!is_open(command.account_id, command.session_id)) return {.reason = Reason::kSessionNotOpen};
  if (waits_for_price(command.type)) return judge_waiting(command);
  if (command.type == OrderType::kPegged) return judge_pegged(command);
  const auto worst = worst_price(command);
  const bool at_once = command.time_in_force == TimeInForce::kIoc || command.time_in_force == TimeInForce::kFok;
  if (!worst) return {.reason = at_once ? Reason::kNoLiquidity : Reason::kNoReferencePrice};
  const std::int64_t held_at = price_to_hold_at(command, *worst);
  if (const Reason reason = check_money(command, held_at); reason != Reason::kNone) return {.reason = reason};
  const Instrument& instrument = instruments_.at(command.instrument_id);
  const bool moves = command.special != nullptr && command.special->post_only_reprice;
  if (keeps_back(instrument, command.post_only) && would_cross(instrument, command.side, *worst)) {
    if (!moves || !behind_market(instrument, command.side)) return {.reason = Reason::kPostOnlyWouldCross};
  }
  const std::int64_t nearer = command.side == Side::kBuy ? std::min(*worst, held_at) : std::max(*worst, held_at);
  return {.limit = command.type == OrderType::kLimit ? command.price : nearer, .held_at = held_at};
}

bool Engine::keeps_back(const Instrument& instrument, bool post_only) {
  return (post_only && !collects(instrument)) || instrument.definition.phase == TradingPhase::kPostOnly;
}

// The order is in, with its cost held; it is in no book yet, and nobody is told.
Order& Engine::reserve(const PlaceOrder& command, const Judged& judged) {
  const bool trails = command.type == OrderType::kTrailingStop;
  if (trails) follow_prices(&instruments_.at(command.instrument_id));
  Order& order = create(command);
  if (trails) {
    order.watermark = judged.watermark;
    order.special->has_trigger_price = order.special->has_watermark = true;
    restate(order);
  }
  order.limit = judged.limit;
  order.held_at = judged.held_at;
  if (reduces(order)) {
    const std::int64_t most = closable(command.account_id, command.instrument_id, command.side);
    order.view.quantity = order.view.leaves_quantity = std::min(command.quantity, most);
  }
  if (waits_for_price(command.type)) order.view.status = OrderStatus::kUntriggered;
  hold_in(command.account_id, command.instrument_id);
  order.held = hold_of(order);
  if (order.shows_slices()) {
    order.special->displayed_quantity = order.special->display_quantity;
    order.special->slice_id = order.view.order_id;
  }
  Balance& balance = account_of(order).balances[held_asset(order)];
  balance.available -= order.held;
  balance.held += order.held;
  return order;
}

// Its turn has come: it is accepted, and trades, rests, waits or ends.
void Engine::enter(Order& order) {
  const bool waits = order.view.status == OrderStatus::kUntriggered;
  if (!waits) stay_behind(order);
  accept(order);
  if (!waits) proceed(order);
}

void Engine::accept(Order& order) {
  const OrderView& v = order.view;
  if (v.status == OrderStatus::kUntriggered) {
    if (!order.awaits_parent) waiting_.insert(v.order_id);
    resting_.insert(v.order_id);
    ++account_of(order).open_orders;
  }
  changed(order, OrderUpdateCause::kAccepted);
  const bool spot = !on_margin(instruments_.at(v.instrument_id).definition);
  if (spot) tell(v.account_id, held_asset(order), BalanceChangeKind::kHold, 0);
}

// Moves an order that would take, though it is kept from that, if it asked to be moved.
void Engine::stay_behind(Order& order) {
  const Instrument& instrument = instruments_.at(order.view.instrument_id);
  if (!keeps_back(instrument, order.view.post_only) || !would_cross(instrument, order.view.side, order.limit)) return;
  if (!order.special || !order.special->post_only_reprice || !behind_market(instrument, order.view.side)) return;
  order.special->has_working_price = true;
  order.special->working_price = *behind_market(instrument, order.view.side);
}

void Engine::proceed(Order& order) {
  const OrderView& v = order.view;
  Instrument& instrument = instruments_.at(v.instrument_id);
  if (keeps_back(instrument, v.post_only) && would_cross(instrument, v.side, stands_at(order))) {
    return end(order, OrderStatus::kCancelled, EndReason::kPostOnlyWouldCross);
  }
  order.band = dynamic_band(instrument, v.side);
  if (collects(instrument)) return rest(instrument, order);
  if (v.time_in_force == TimeInForce::kFok && !can_fill(instrument, order, v.leaves_quantity)) {
    return end(order, OrderStatus::kExpired, EndReason::kFokNotFillable);
  }
  // A leg may have been reduced below its minimum by the one that entered with it.
  const std::int64_t least = order.special ? std::min(order.special->min_quantity, v.leaves_quantity) : 0;
  if (least > 0 && !can_fill(instrument, order, least)) {
    return end(order, OrderStatus::kExpired, EndReason::kMinQuantityNotMet);
  }
  match(instrument, order);
}

std::optional<std::int64_t> Engine::behind_market(const Instrument& i, Side side) const {
  const std::int64_t tick = i.definition.tick;
  const std::int64_t price = side == Side::kBuy ? i.asks.begin()->first - tick : i.bids.rbegin()->first + tick;
  return is_price(i.definition, price) ? std::optional(price) : std::nullopt;
}

Reason Engine::check_shape(const PlaceOrder& c) const {
  const bool waits = c.type == OrderType::kStop || c.type == OrderType::kStopLimit || c.type == OrderType::kTakeProfit ||
                     c.type == OrderType::kTakeProfitLimit || c.type == OrderType::kTrailingStop;
  const bool trails = c.type == OrderType::kTrailingStop;
  const bool pegs = c.type == OrderType::kPegged;
  const bool for_auction = c.time_in_force == TimeInForce::kAtOpen || c.time_in_force == TimeInForce::kAtClose;
  const bool until_a_time = c.time_in_force == TimeInForce::kDay || c.time_in_force == TimeInForce::kGtd;
  const bool says_when = c.special != nullptr && c.special->expire_time_ns != 0;
  if (says_when != until_a_time) return Reason::kOrderFieldsConflict;
  if (c.special != nullptr) {
    if (c.special->post_only_reprice && !c.post_only) return Reason::kOrderFieldsConflict;
    if (c.special->survive_disconnect && !c.special->reduce_only) return Reason::kOrderFieldsConflict;
    if (c.special->reduce_only && c.quote_budget != 0) return Reason::kOrderFieldsConflict;
    if (c.special->reduce_only && c.special->display_quantity != 0) return Reason::kOrderFieldsConflict;
    const bool names_peg = c.special->peg_reference != PegReference::kNone || c.special->peg_offset_ticks != 0;
    if (names_peg && !pegs) return Reason::kOrderFieldsConflict;
    const bool may_hide = c.type == OrderType::kLimit && c.time_in_force != TimeInForce::kIoc &&
                          c.time_in_force != TimeInForce::kFok;
    if (c.special->display_quantity != 0 && !may_hide) return Reason::kOrderFieldsConflict;
    const bool ioc_of_a_quantity = c.time_in_force == TimeInForce::kIoc && c.quote_budget == 0;
    if (c.special->min_quantity != 0 && !ioc_of_a_quantity) return Reason::kOrderFieldsConflict;
    const bool names_trigger =
        c.special->has_trigger_price || c.special->trigger_reference != TriggerReference::kDefault;
    if (!waits && names_trigger) return Reason::kOrderFieldsConflict;
    const bool in_ticks = c.special->trailing_ticks != 0;
    const bool in_bps = c.special->trailing_bps != 0;
    if (trails ? in_ticks == in_bps || c.special->has_trigger_price : in_ticks || in_bps) {
      return Reason::kOrderFieldsConflict;
    }
  }
  if (waits && (c.special == nullptr || (!trails && !c.special->has_trigger_price))) return Reason::kOrderFieldsConflict;
  if (waits && (c.quote_budget != 0 || for_auction)) return Reason::kOrderFieldsConflict;
  if (pegs) {
    const bool says_what = c.special != nullptr && c.special->peg_reference != PegReference::kNone;
    if (!says_what || (c.time_in_force != TimeInForce::kGtc && !until_a_time)) return Reason::kOrderFieldsConflict;
  }
  if (has_limit(c.type)) {
    if (c.quote_budget != 0) return Reason::kOrderFieldsConflict;
    if (c.post_only && c.time_in_force != TimeInForce::kGtc && !until_a_time) return Reason::kOrderFieldsConflict;
    return c.quantity <= 0 ? Reason::kQuantityOutOfRange : Reason::kNone;
  }
  const bool stays = c.time_in_force == TimeInForce::kGtc || until_a_time;
  if (c.price != 0 || c.post_only || stays) return Reason::kOrderFieldsConflict;
  if ((c.quantity == 0) == (c.quote_budget == 0)) return Reason::kOrderFieldsConflict;
  if (c.quantity != 0) return c.quantity < 0 ? Reason::kQuantityOutOfRange : Reason::kNone;
  if (c.side == Side::kSell || c.time_in_force != TimeInForce::kIoc) return Reason::kOrderFieldsConflict;
  return c.quote_budget < 0 ? Reason::kNotionalOutOfRange : Reason::kNone;
}

Reason Engine::check_instrument(const PlaceOrder& c) const {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return Reason::kUnknownInstrument;
  const InstrumentDefinition& d = found->second.definition;
  if (!allows(found->second, c)) return Reason::kPhaseNotAllowed;
  std::vector<std::int64_t> prices;
  if (has_limit(c.type)) prices.push_back(c.price);
  const bool trails = c.type == OrderType::kTrailingStop;
  if (waits_for_price(c.type) && !trails) prices.push_back(c.special->trigger_price);
  for (const std::int64_t price : prices) {
    if (!is_price(d, price)) return Reason::kPriceOutOfRange;
    if (price % d.tick != 0) return Reason::kPriceNotOnTick;
  }
  if (trails && c.special->trailing_ticks < 0) return Reason::kTrailingOffsetOutOfRange;
  if (c.special != nullptr && c.special->reduce_only && !on_margin(d)) return Reason::kOrderFieldsConflict;
  // A budget is not kept until a time, and buys nothing on margin.
  if (c.quote_budget != 0) return on_margin(d) ? Reason::kOrderFieldsConflict : Reason::kNone;
  if (c.quantity % d.lot != 0) return Reason::kQuantityNotOnLot;
  if (c.quantity < d.min_quantity || c.quantity > d.max_quantity) return Reason::kQuantityOutOfRange;
  const std::int64_t least = c.special == nullptr ? 0 : c.special->min_quantity;
  if (least < 0 || least > c.quantity || least % d.lot != 0) return Reason::kMinQuantityOutOfRange;
  const std::int64_t display = c.special == nullptr ? 0 : c.special->display_quantity;
  if (display != 0 && (display > c.quantity || !may_show(found->second, display, c.quantity))) {
    return Reason::kDisplayQuantityOutOfRange;
  }
  const bool until_a_time = c.time_in_force == TimeInForce::kDay || c.time_in_force == TimeInForce::kGtd;
  if (until_a_time && !may_expire_at(c.special->expire_time_ns)) return Reason::kExpireTimeOutOfRange;
  return Reason::kNone;
}

std::optional<std::int64_t> Engine::worst_price(const PlaceOrder& c) const {
  if (has_limit(c.type)) return c.price;
  const Instrument& i = instruments_.at(c.instrument_id);
  if (c.time_in_force == TimeInForce::kAtOpen || c.time_in_force == TimeInForce::kAtClose) {
    return static_band(i, c.side);
  }
  if (c.side == Side::kBuy ? i.asks.empty() : i.bids.empty()) return {};
  return protected_price(i, c.side, c.side == Side::kBuy ? i.asks.begin()->first : i.bids.rbegin()->first);
}

// A MARKET order without a band is held at its protection price.
std::int64_t Engine::price_to_hold_at(const PlaceOrder& c, std::int64_t worst) const {
  if (has_limit(c.type)) return worst;
  return static_band(instruments_.at(c.instrument_id), c.side).value_or(worst);
}

Reason Engine::check_money(const PlaceOrder& c, std::int64_t worst) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const InstrumentDefinition& d = i.definition;
  const std::int64_t value = c.quote_budget != 0 ? c.quote_budget : notional(i, worst, c.quantity);
  if (!fits_bounds(d, c.type, value)) return Reason::kNotionalOutOfRange;
  const Account& account = accounts_.at(c.account_id);
  if (const Reason reason = check_size(account, i, c.quantity, value); reason != Reason::kNone) return reason;
  const Reason band = waits_for_price(c.type) ? Reason::kNone : check_static_band(i, c.side, worst);
  if (band != Reason::kNone) return band;
  const std::uint32_t own = account.set.limits.max_open_orders;
  const std::uint32_t most = own == 0 ? limits_.open_orders_per_account : own;
  const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
  const bool stays = !at_once || waits_for_price(c.type);
  if (stays && account.open_orders >= most) return Reason::kTooManyOpenOrders;
  if (on_margin(d)) {
    const auto against = against_exposure(c, worst);
    return against.empty() ? Reason::kNone : against.front();
  }
  if (trading_state(c.account_id) != TradingState::kActive) return Reason::kTradingState;
  const std::uint32_t given = c.side == Side::kBuy ? d.quote.asset_id : d.base.asset_id;
  return cost_of(c, worst) > spendable(c.account_id, given) ? Reason::kInsufficientFunds : Reason::kNone;
}

std::int64_t Engine::cost_of(const PlaceOrder& c, std::int64_t worst) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  if (c.side == Side::kSell) return base_units(i, c.quantity);
  if (c.quote_budget != 0) return c.quote_budget;
  const FeeTier fees = fees_of(c.account_id, c.instrument_id);
  const std::int64_t value = notional(i, worst, c.quantity);
  return value + fee_of(value, std::max(fees.taker_fee_ppm, fees.maker_fee_ppm)) + 1;
}

Order& Engine::create(const PlaceOrder& c) {
  const std::uint64_t order_id = shard_bits_ + ++orders_entered_;
  Order& order = orders_[order_id];
  const FeeTier fees = fees_of(c.account_id, c.instrument_id);
  order.maker_ppm = fees.maker_fee_ppm;
  order.taker_ppm = fees.taker_fee_ppm;
  order.view = {.order_id = order_id,
                .price = c.price,
                .quantity = c.quantity,
                .leaves_quantity = c.quantity,
                .accepted_time_ns = now_.time_ns,
                .quote_budget = c.quote_budget,
                .account_id = c.account_id,
                .session_id = c.session_id,
                .instrument_id = c.instrument_id,
                .status = OrderStatus::kNew,
                .side = c.side,
                .type = c.type,
                .time_in_force = c.time_in_force,
                .self_trade_prevention = c.self_trade_prevention,
                .post_only = c.post_only,
                .client_order_id = ClientId(c.client_order_id)};
  if (c.special != nullptr) order.special = special_view(*c.special);
  return order;
}

Result Engine::reject(const PlaceOrder& command, Reason reason) {
  Order& order = create(command);
  order.view.cancelled_quantity = order.view.leaves_quantity;
  order.view.leaves_quantity = 0;
  order.view.status = OrderStatus::kRejected;
  order.view.reject_reason = reason;
  changed(order, OrderUpdateCause::kRejected);
  return conclude(command, order, reason);
}

Result Engine::conclude(const PlaceOrder& command, Order& order, Reason reason) {
  remember({command.account_id, std::string(command.client_order_id), CommandKind::kPlaceOrder, command.fingerprint, now_.engine_seq,
            now_.time_ns, now_.time_ns, reason, order.view.order_id, false});
  return {now_.engine_seq, reason, false, order.view};
}

Result Engine::on(const CancelOrder& command) {
  if (const auto refused = refused_request(command, CommandKind::kCancelOrder)) return *refused;
  const std::uint64_t order_id = find_target(command.account_id, command.order_id, command.client_order_id);
  if (order_id == 0) return cancelled(command, 0, Reason::kOrderNotFound);
  Order& order = orders_.at(order_id);
  if (!order.is_open()) return cancelled(command, order_id, Reason::kOrderNotOpen);
  if (instruments_.at(order.view.instrument_id).definition.phase == TradingPhase::kClosed) {
    return cancelled(command, 0, Reason::kPhaseNotAllowed);  // an answer shows only an order that has ended
  }
  take_out_or_stop_waiting(order);
  end(order, OrderStatus::kCancelled, EndReason::kRequested);
  return cancelled(command, order_id, Reason::kNone);
}

std::uint64_t Engine::find_target(std::uint64_t account_id, std::uint64_t order_id, std::string_view client_id) const {
  if (client_id.empty()) {
    const auto found = orders_.find(order_id);
    return found != orders_.end() && found->second.view.account_id == account_id ? order_id : 0;
  }
  const auto found = ids_.find({account_id, std::string(client_id)});
  return found != ids_.end() && found->second->kind == CommandKind::kPlaceOrder ? found->second->order_id : 0;
}

Result Engine::cancelled(const CancelOrder& command, std::uint64_t order_id, Reason reason) {
  Result result{now_.engine_seq, reason};
  if (order_id != 0) result.order = orders_.at(order_id).view;
  remember_request(command, CommandKind::kCancelOrder, order_id, reason);
  return result;
}

bool Engine::may_expire_at(std::int64_t time_ns) const {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return time_ns > now_.time_ns + kSecond && time_ns <= now_.time_ns + 90 * 24 * 3'600 * kSecond;
}

void Engine::expire(Order& order, EndReason reason) {
  take_out_or_stop_waiting(order);
  end(order, OrderStatus::kExpired, reason);
}

// On margin what trades at the market may be worth nothing.
bool Engine::fits_bounds(const InstrumentDefinition& d, OrderType type, std::int64_t value) {
  const bool at_market = on_margin(d) && !has_limit(type);
  return value <= d.max_notional && (value >= d.min_notional || at_market);
}

std::int64_t Engine::notional(const Instrument& i, std::int64_t price, std::int64_t quantity) const {
  const std::uint32_t scale = i.definition.price_scale + i.definition.quantity_scale;
  const std::uint32_t quote = i.definition.quote.scale;
  const Wide product = Wide{std::abs(price)} * quantity * i.definition.terms.multiplier;
  if (scale >= quote) return static_cast<std::int64_t>(std::min<Wide>(product / ten_to(scale - quote), kLargest + 1));
  return product > kLargest / ten_to(quote - scale) ? kLargest + 1
                                                    : static_cast<std::int64_t>(product * ten_to(quote - scale));
}

std::int64_t Engine::base_units(const Instrument& i, std::int64_t quantity) const {
  return static_cast<std::int64_t>(quantity * ten_to(i.definition.base.scale - i.definition.quantity_scale));
}

std::int64_t Engine::hold_of(const Order& order) const {
  const OrderView& v = order.view;
  const bool open = v.status == OrderStatus::kNew || v.status == OrderStatus::kPartiallyFilled ||
                    v.status == OrderStatus::kUntriggered;
  if (!open || on_margin(instruments_.at(v.instrument_id).definition)) return 0;
  if (order.has_budget()) return v.quote_budget - v.cum_notional - v.cum_fee;
  const Instrument& i = instruments_.at(v.instrument_id);
  if (v.side == Side::kSell) return base_units(i, backed(order));
  if (v.leaves_quantity == 0) return 0;
  const std::int64_t at_worst = notional(i, order.held_at, backed(order));
  return at_worst + fee_of(v.cum_notional + at_worst, std::max(order.maker_ppm, order.taker_ppm)) + 1 - v.cum_fee;
}

std::uint32_t Engine::held_asset(const Order& order) const {
  const InstrumentDefinition& d = instruments_.at(order.view.instrument_id).definition;
  return order.view.side == Side::kBuy ? d.quote.asset_id : d.base.asset_id;
}

void Engine::release_excess(Order& order) {
  gather_hold(order);
  Order* const other = other_leg(order);
  Order& holder = other == nullptr || order.is_open() ? order : *other;
  const std::int64_t excess = -missing_hold(order);
  if (excess == 0) return;
  Balance& balance = account_of(order).balances[held_asset(order)];
  balance.held -= excess;
  balance.available += excess;
  holder.held -= excess;
  tell(order.view.account_id, held_asset(order), BalanceChangeKind::kHold, 0);
}

void Engine::end(Order& order, OrderStatus status, EndReason reason) {
  order.view.cancelled_quantity += order.view.leaves_quantity;
  order.view.leaves_quantity = 0;
  if (order.shows_slices()) order.special->displayed_quantity = 0;
  order.view.status = status;
  order.view.end_reason = reason;
  changed(order, status == OrderStatus::kExpired     ? OrderUpdateCause::kExpired
                 : status == OrderStatus::kCancelled ? OrderUpdateCause::kCancelled
                                                     : OrderUpdateCause::kFilled);
  release_excess(order);
}

void Engine::changed(Order& order, OrderUpdateCause cause, const FillView* fill) {
  ++order.view.version;
  order.view.updated_time_ns = now_.time_ns;
  if (!order.is_open()) order_ended(order);
  events_->order_updated(cause, order.view, next_private_event(order.view.account_id), fill,
                         order.special ? &*order.special : nullptr);
}

void Engine::tell(std::uint64_t account_id, std::uint32_t asset_id, BalanceChangeKind kind, std::int64_t amount,
                  std::uint64_t trade_id) {
  const Balance& balance = accounts_.at(account_id).balances[asset_id];
  events_->balance_changed({.account_id = account_id,
                            .asset_id = asset_id,
                            .kind = kind,
                            .amount = amount,
                            .available = balance.available,
                            .held = balance.held,
                            .trade_id = trade_id,
                            .account_seq = next_private_event(account_id)});
}

}  // namespace exchange::engine::reference
