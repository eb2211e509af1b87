// Every check of an order, all of them made and nothing done: what `validate_only` answers. A check that has nothing to
// look at, because what it needs failed before, is passed over.
#include "accounts.hpp"
#include "bands.hpp"
#include "checks.hpp"

namespace exchange::engine {

Slot Accounts::judge_request(const PlaceOrder& command, const Step& step, ReasonList& out) const noexcept {
  out.add(check_shape(command));
  if (out.first() != Reason::kNone) return kNil;
  const Slot account = find_trader(command.account_id);
  if (account == kNil) {
    out.add(Reason::kUnknownAccount);
  } else if (const auto answer = check_id(account, command.client_order_id, command.fingerprint,
                                          CommandKind::kPlaceOrder, step);
             answer && !answer->replayed) {
    out.add(answer->reason);
  }
  out.add(check_time(command.valid_until_ns, step));
  if (!has_room(command)) out.add(Reason::kEngineFull);
  const Slot instrument = instruments_.find(command.instrument_id);
  if (instrument == kNil) out.add(Reason::kUnknownInstrument);
  return instrument;
}

void Accounts::judge_terms(const PlaceOrder& command, Slot slot, const Quote& quote, std::int64_t now_ns,
                           Judgement& out) const noexcept {
  const Instrument& instrument = instruments_[slot];
  const Slot account = find_trader(command.account_id);
  const bool market = command.type == OrderType::kMarket;
  if (!quote.has_room) out.add(Reason::kEngineFull);
  if (!may_place(instrument, command) || lacks_value_date(slot)) out.add(Reason::kPhaseNotAllowed);
  const bool waits = market && is_for_auction(command.time_in_force);
  const bool priced = waits ? instrument.has_static_band : quote.protection.has_value();
  const Reason unpriced = waits ? Reason::kNoReferencePrice : Reason::kNoLiquidity;
  const Reason price = !market ? check_price(instrument, command.price) : priced ? Reason::kNone : unpriced;
  if (!market) out.add(price);
  const bool reduces_nothing = is_reduce_only(command) && !instrument.on_margin;
  if (reduces_nothing) out.add(Reason::kOrderFieldsConflict);
  const Reason budget = instrument.on_margin ? Reason::kOrderFieldsConflict : Reason::kNone;
  const Reason quantity = command.quote_budget > 0 ? budget : check_quantity(instrument, command.quantity);
  out.add(quantity);
  if (command.quote_budget == 0) out.add(check_special_quantity(instrument, command, *command.special));
  out.add(check_expire_time(command.time_in_force, command.special->expire_time_ns, now_ns));
  if (account != kNil) out.add(check_session(account, command.session_id));
  if (market) out.add(price);
  if (price != Reason::kNone) return;
  const bool at_band = market && instrument.has_static_band;
  const std::int64_t worst = at_band  ? static_edge(instrument, command.side)
                             : market ? *quote.protection
                                      : command.price;
  judge_cost(command, slot, worst, quantity == Reason::kNone, out);
  out.add(check_post_only(command, slot, quote));
}

// Would it take, though it is kept from that, and cannot be moved behind the market instead?
Reason Accounts::check_post_only(const PlaceOrder& command, Slot slot, const Quote& quote) const noexcept {
  const Instrument& instrument = instruments_[slot];
  if (command.type == OrderType::kMarket || !is_kept_from_taking(instrument, command.post_only)) return Reason::kNone;
  if (!quote.best || !crosses(command.side, command.price, *quote.best)) return Reason::kNone;
  const bool moves = command.special != nullptr && command.special->post_only_reprice &&
                     behind(instrument, command.side, *quote.best);
  return moves ? Reason::kNone : Reason::kPostOnlyWouldCross;
}

// What is true of the trigger now; the band is asked when it comes true.
void Accounts::judge_waiting(const PlaceOrder& command, Slot slot, const WatchedPrices& prices, bool has_room,
                             std::int64_t now_ns, Judgement& out) const noexcept {
  const Instrument& instrument = instruments_[slot];
  const Slot account = find_trader(command.account_id);
  if (!has_room) out.add(Reason::kEngineFull);
  if (!may_place(instrument, command) || lacks_value_date(slot)) out.add(Reason::kPhaseNotAllowed);
  const Reason price = has_limit(command.type) ? check_price(instrument, command.price) : Reason::kNone;
  const Reason trigger = check_trigger_terms(instrument, command);
  const Reason quantity = check_quantity(instrument, command.quantity);
  const bool reduces_nothing = is_reduce_only(command) && !instrument.on_margin;
  const Reason reducing = reduces_nothing ? Reason::kOrderFieldsConflict : Reason::kNone;
  for (const Reason reason : {price, trigger, reducing, quantity}) out.add(reason);
  out.add(check_special_quantity(instrument, command, *command.special));
  out.add(check_expire_time(command.time_in_force, command.special->expire_time_ns, now_ns));
  if (account != kNil) out.add(check_session(account, command.session_id));
  Trigger watched = trigger_of(command, slot);
  if (trigger == Reason::kNone) out.add(check_trigger(watched, prices));
  const bool trails_nothing = watched.trails() && watched.price <= 0;
  if (price != Reason::kNone || trails_nothing || trigger != Reason::kNone) return;
  judge_cost(command, slot, worst_price_of_waiting(command, instrument, watched), quantity == Reason::kNone, out);
}

void Accounts::judge_cost(const PlaceOrder& command, Slot slot, std::int64_t worst, bool has_quantity,
                          Judgement& out) const noexcept {
  const Instrument& instrument = instruments_[slot];
  const Slot account_slot = find_trader(command.account_id);
  const bool known = account_slot != kNil;
  if (has_quantity) {
    out.add(check_notional(instrument, command, worst));
    const std::int64_t notional =
        command.quote_budget > 0 ? command.quote_budget : instrument.notional(worst, command.quantity);
    if (known) out.add(check_size(account_slot, instrument, command.quantity, notional));
  }
  const bool banded = instrument.has_static_band && !waits_for_price(command.type);
  if (banded && is_beyond(command.side, worst, static_edge(instrument, command.side))) {
    out.add(Reason::kPriceBand);
  }
  if (!known) return;
  if (has_quantity) out.cost = cost_of(command, account_slot, slot, worst);
  const Account& account = balances_.account(account_slot);
  if (may_rest(command) && account.open_orders >= max_open_orders(account_slot)) {
    out.add(Reason::kTooManyOpenOrders);
  }
  if (instrument.on_margin) {
    if (has_quantity) judge_exposure(exposing(command, account_slot, slot, worst), out);
    return;
  }
  out.add(check_trading_state(account_slot));
  const Slot asset = command.side == Side::kBuy ? instrument.quote : instrument.base;
  const bool affords = !has_quantity ||
                       entry_hold(command, account, slot, worst) <= spendable(account_slot, asset);
  if (!affords) out.add(Reason::kInsufficientFunds);
}

std::optional<OrderCostView> Accounts::cost_of(const PlaceOrder& command, Slot account_slot, Slot slot,
                                               std::int64_t worst) const noexcept {
  const Instrument& instrument = instruments_[slot];
  const Account& account = balances_.account(account_slot);
  const FeeRates rates = rates_of(account, slot);
  OrderCostView cost{.worst_price = worst,
                     .notional = command.quote_budget > 0 ? command.quote_budget
                                                          : instrument.notional(worst, command.quantity)};
  cost.worst_fee = fee_on(cost.notional, std::max(rates.taker_ppm, rates.maker_ppm));
  if (instrument.on_margin) return margin_cost_of(exposing(command, account_slot, slot, worst), cost);
  const Slot asset = command.side == Side::kBuy ? instrument.quote : instrument.base;
  cost.asset_id = instruments_.asset(asset).asset_id;
  cost.required = entry_hold(command, account, slot, worst);
  cost.available = spendable(account_slot, asset);
  return cost;
}

std::optional<OrderCostView> Accounts::margin_cost_of(const Exposing& wanted, OrderCostView cost) const noexcept {
  const Account& account = balances_.account(wanted.after.account);
  const Instrument& instrument = instruments_[wanted.after.instrument];
  const bool measured = account.kind == AccountKind::kMargin && margin_.is_priced(instrument) &&
                        instruments_.margin().find(instrument.instrument_id, account.account_class) != nullptr;
  if (!measured) return {};
  const Int128 rise =
      margin_.initial(wanted.after, account.account_class) - margin_.initial(wanted.before, account.account_class);
  cost.asset_id = instruments_.asset(instruments_.settlement_asset()).asset_id;
  cost.required = clamped_amount(std::max<Int128>(rise, 0));
  cost.available = clamped_amount(standing(wanted.after.account).free());
  return cost;
}

}  // namespace exchange::engine
