// Every check of an order in the naive engine, for an order that is to be judged and not entered.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;

std::int64_t fee_of(std::int64_t notional, std::int32_t ppm) {
  const Wide scaled = Wide{notional} * ppm;
  return static_cast<std::int64_t>(scaled / 1'000'000 + (scaled % 1'000'000 > 0 ? 1 : 0));
}

}  // namespace

std::vector<Reason> Engine::failures(const PlaceOrder& c, std::optional<OrderCostView>& cost) const {
  if (const Reason shape = check_shape(c); shape != Reason::kNone) return {shape};
  std::vector<Reason> out;
  if (!is_trader(c.account_id)) {
    out.push_back(Reason::kUnknownAccount);
  } else {
    const auto known = repeated(c.account_id, std::string(c.client_order_id), c.fingerprint, CommandKind::kPlaceOrder);
    if (known && !known->replayed) out.push_back(known->reason);
  }
  if (c.valid_until_ns < now_.time_ns) out.push_back(Reason::kRequestExpired);
  if (c.valid_until_ns > now_.time_ns + limits_.id_window_ns) out.push_back(Reason::kValidUntilTooFar);
  if (instruments_.contains(c.instrument_id)) {
    find_failures_of_terms(c, out, cost);
  } else {
    out.push_back(Reason::kUnknownInstrument);
  }
  return out;
}

void Engine::find_failures_of_terms(const PlaceOrder& c, std::vector<Reason>& out,
                                    std::optional<OrderCostView>& cost) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const InstrumentDefinition& d = i.definition;
  const bool waits = waits_for_price(c.type);
  const bool is_limit = has_limit(c.type);
  const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
  if (!allows(i, c)) out.push_back(Reason::kPhaseNotAllowed);
  const bool has_price = !is_limit || (is_price(d, c.price) && c.price % d.tick == 0);
  if (!has_price) {
    const bool in_range = is_price(d, c.price);
    out.push_back(in_range ? Reason::kPriceNotOnTick : Reason::kPriceOutOfRange);
  }
  std::int64_t trigger = c.special->trigger_price;
  bool has_trigger = !waits;
  if (c.type == OrderType::kTrailingStop) {
    has_trigger = c.special->trailing_ticks >= 0;
    if (!has_trigger) out.push_back(Reason::kTrailingOffsetOutOfRange);
  } else if (waits) {
    const bool in_range = is_price(d, trigger);
    has_trigger = in_range && trigger % d.tick == 0;
    if (!has_trigger) out.push_back(in_range ? Reason::kPriceNotOnTick : Reason::kPriceOutOfRange);
  }
  if (c.special->reduce_only && !on_margin(d)) out.push_back(Reason::kOrderFieldsConflict);
  bool has_quantity = c.quote_budget == 0 || !on_margin(d);
  if (!has_quantity) out.push_back(Reason::kOrderFieldsConflict);
  if (c.quote_budget == 0) {
    const bool on_lot = c.quantity % d.lot == 0;
    has_quantity = on_lot && c.quantity >= d.min_quantity && c.quantity <= d.max_quantity;
    if (!has_quantity) out.push_back(on_lot ? Reason::kQuantityOutOfRange : Reason::kQuantityNotOnLot);
    const std::int64_t least = c.special->min_quantity;
    if (least < 0 || least > c.quantity || least % d.lot != 0) out.push_back(Reason::kMinQuantityOutOfRange);
    const std::int64_t display = c.special->display_quantity;
    if (display != 0 && (display > c.quantity || !may_show(i, display, c.quantity))) {
      out.push_back(Reason::kDisplayQuantityOutOfRange);
    }
    const bool until_a_time = c.time_in_force == TimeInForce::kDay || c.time_in_force == TimeInForce::kGtd;
    if (until_a_time && !may_expire_at(c.special->expire_time_ns)) out.push_back(Reason::kExpireTimeOutOfRange);
  }
  const bool has_account = is_trader(c.account_id);
  if (has_account && !is_open(c.account_id, c.session_id)) out.push_back(Reason::kSessionNotOpen);
  if (waits && has_trigger) {
    OrderView asked;
    asked.side = c.side;
    asked.type = c.type;
    const auto now = watched_price(i, asked, c.special->trigger_reference);
    const auto first = now && c.type == OrderType::kTrailingStop
                           ? trailing_trigger(i, c.side, *now, c.special->trailing_ticks, c.special->trailing_bps)
                           : std::optional(trigger);
    const Reason reason = first ? check_trigger(i, asked, c.special->trigger_reference, *first)
                                : Reason::kTrailingOffsetOutOfRange;
    if (reason != Reason::kNone) out.push_back(reason);
    trigger = first.value_or(0);
    has_trigger = first && (c.type != OrderType::kTrailingStop || trigger > 0);
  }
  if (!has_price || !has_trigger) return;
  if (waits) {
    const std::int64_t held_at = is_limit ? c.price : protected_price(i, c.side, trigger);
    return find_failures_of_cost(c, held_at, has_quantity, out, cost);
  }
  const auto worst = worst_price(c);
  if (!worst) return out.push_back(at_once ? Reason::kNoLiquidity : Reason::kNoReferencePrice);
  find_failures_of_cost(c, price_to_hold_at(c, *worst), has_quantity, out, cost);
  if (c.type == OrderType::kPegged) {
    const auto price = peg_price(i, pegged(c));
    if (!price) out.push_back(Reason::kNoReferencePrice);
    if (price && c.post_only && would_cross(i, c.side, *price)) out.push_back(Reason::kPostOnlyWouldCross);
    return;
  }
  const bool keeps_back = (c.post_only && !collects(i)) || d.phase == TradingPhase::kPostOnly;
  if (!is_limit || !keeps_back || !would_cross(i, c.side, c.price)) return;
  if (!c.special->post_only_reprice || !behind_market(i, c.side)) out.push_back(Reason::kPostOnlyWouldCross);
}

void Engine::find_failures_of_cost(const PlaceOrder& c, std::int64_t held_at, bool has_quantity,
                                   std::vector<Reason>& out, std::optional<OrderCostView>& cost) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const InstrumentDefinition& d = i.definition;
  const auto known = is_trader(c.account_id) ? accounts_.find(c.account_id) : accounts_.end();
  const bool has_account = known != accounts_.end();
  std::int64_t value = c.quote_budget;
  if (value == 0 && has_quantity) value = notional(i, held_at, c.quantity);
  if (has_quantity && !fits_bounds(d, c.type, value)) out.push_back(Reason::kNotionalOutOfRange);
  const auto note = [&](Reason reason) {
    if (reason != Reason::kNone) out.push_back(reason);
  };
  if (has_quantity && has_account) note(check_size(known->second, i, c.quantity, value));
  if (!waits_for_price(c.type)) note(check_static_band(i, c.side, held_at));
  if (!has_account) return;
  if (has_quantity) cost = told_cost(c, held_at);
  const Account& account = known->second;
  const std::uint32_t own = account.set.limits.max_open_orders;
  const std::uint32_t most = own == 0 ? limits_.open_orders_per_account : own;
  const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
  if ((!at_once || waits_for_price(c.type)) && account.open_orders >= most) note(Reason::kTooManyOpenOrders);
  if (on_margin(d)) {
    if (!has_quantity) return;
    for (const Reason reason : against_exposure(c, held_at)) note(reason);
    return;
  }
  if (trading_state(c.account_id) != TradingState::kActive) note(Reason::kTradingState);
  if (!has_quantity) return;
  const FeeTier fees = fees_of(c.account_id, c.instrument_id);
  const std::int64_t fee = fee_of(value, std::max(fees.taker_fee_ppm, fees.maker_fee_ppm));
  std::int64_t needed = value == 0 ? 0 : value + fee + 1;  // what is worth nothing holds nothing
  if (c.quote_budget != 0) needed = c.quote_budget;
  if (c.side == Side::kSell) needed = base_units(i, c.quantity);
  const std::int64_t available = spendable(c.account_id, c.side == Side::kBuy ? d.quote.asset_id : d.base.asset_id);
  if (needed > available) note(Reason::kInsufficientFunds);
}

// What it takes of what there is.
std::optional<OrderCostView> Engine::told_cost(const PlaceOrder& c, std::int64_t worst) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const InstrumentDefinition& d = i.definition;
  const FeeTier fees = fees_of(c.account_id, c.instrument_id);
  const std::int64_t value = c.quote_budget != 0 ? c.quote_budget : notional(i, worst, c.quantity);
  OrderCostView told{.worst_price = worst, .notional = value};
  told.worst_fee = fee_of(value, std::max(fees.taker_fee_ppm, fees.maker_fee_ppm));
  if (!on_margin(d)) {
    told.asset_id = c.side == Side::kBuy ? d.quote.asset_id : d.base.asset_id;
    const bool is_free = c.side == Side::kBuy && value == 0;  // what is worth nothing holds nothing
    told.required = is_free ? 0 : cost_of(c, worst);
    told.available = spendable(c.account_id, told.asset_id);
    return told;
  }
  const bool margin = accounts_.at(c.account_id).set.kind == AccountKind::kMargin;
  if (!margin || margin_of(d.instrument_id, c.account_id) == nullptr || !has_margin_prices(i)) return {};
  Outlook after = outlook_of(c.account_id, c.instrument_id, nullptr);
  if (!c.special->reduce_only) add(after, as_order(c, worst));
  const auto clamped = [](Wide amount) { return static_cast<std::int64_t>(std::clamp<Wide>(amount, -kLargest, kLargest)); };
  const Wide now = free_margin(c.account_id, c.instrument_id, nullptr);
  told.asset_id = settlement_asset();
  told.required = clamped(std::max<Wide>(now - free_margin(c.account_id, c.instrument_id, &after), 0));
  told.available = clamped(now);
  return told;
}

}  // namespace exchange::engine::reference
