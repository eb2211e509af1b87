// Orders that enter all or none: the accounts' half.
#include "accounts.hpp"
#include "checks.hpp"
#include "group_shape.hpp"

namespace exchange::engine {
namespace {

// Does it speak against what an order may cost or expose, and against nothing else of it?
constexpr bool is_about_cover(Reason reason) noexcept {
  return reason == Reason::kInsufficientFunds || reason == Reason::kInsufficientMargin ||
         reason == Reason::kPositionLimit || reason == Reason::kTradingState;
}

}  // namespace

void Claims::take(Balances& balances, Slot account, Slot asset, std::int64_t amount, bool rests) {
  const Slot balance = balances.find(account, asset);
  assert(balance != kNil && balances[balance].available >= amount);
  balances[balance].available -= amount;
  take(balances, {.amount = amount, .account = account, .balance = balance, .rests = rests});
}

void Claims::take(Balances& balances, Positions& positions, const Position& after, bool rests) {
  const bool is_first = positions.find(after.account, after.instrument) == kNil;
  const Slot slot = positions.obtain(after.account, after.instrument);
  Position& position = positions[slot];
  take(balances, {.account = after.account,
                  .position = slot,
                  .rests = rests,
                  .is_first = is_first,
                  .open_buys = position.open_buys,
                  .open_sells = position.open_sells,
                  .reserved = position.reserved,
                  .reducing = position.reducing});
  position.open_buys = after.open_buys;
  position.open_sells = after.open_sells;
  position.reserved = after.reserved;
  position.reducing = after.reducing;
}

void Claims::take(Balances& balances, const Claim& claim) {
  Account& account = balances.account(claim.account);
  ++account.ids;
  if (claim.rests) ++account.open_orders;
  claims_.push_back(claim);
}

void Claims::give_back(Balances& balances, Positions& positions) noexcept {
  for (; !claims_.empty(); claims_.pop_back()) {
    const Claim& claim = claims_.back();
    Account& account = balances.account(claim.account);
    --account.ids;
    if (claim.rests) --account.open_orders;
    if (claim.balance != kNil) balances[claim.balance].available += claim.amount;
    if (claim.position == kNil) continue;
    Position& position = positions[claim.position];
    position.open_buys = claim.open_buys;
    position.open_sells = claim.open_sells;
    position.reserved = claim.reserved;
    position.reducing = claim.reducing;
    if (claim.is_first) positions.forget_newest();
  }
}

bool Accounts::are_repeated(std::span<const PlaceOrder> commands, const Step& step, std::vector<Entrant>& out) const {
  for (const PlaceOrder& command : commands) {
    const Slot account = find_trader(command.account_id);
    const Slot slot = account == kNil ? kNil : ids_.find(account, command.client_order_id, step.stamp.time_ns);
    if (slot == kNil) return false;
    const IdEntry& first = ids_[slot];
    const bool same = first.kind == CommandKind::kPlaceOrder && first.fingerprint == command.fingerprint &&
                      (out.empty() || ids_[out.front().first].engine_seq == first.engine_seq);
    if (!same) return false;
    out.push_back({.reason = first.reason, .order = first.order, .first = slot});
  }
  return true;
}

Reason Accounts::check_together(const PlaceOrder& command, bool repeats_id, Step& step, Admission& out) const {
  if (const Reason reason = check_shape(command); reason != Reason::kNone) return reason;
  if (command.special != nullptr && command.special->validate_only) return Reason::kOrderFieldsConflict;
  out.account = find_trader(command.account_id);
  if (out.account == kNil) return Reason::kUnknownAccount;
  const auto known = check_id(out.account, command.client_order_id, command.fingerprint, CommandKind::kPlaceOrder, step);
  if (repeats_id || (known && known->replayed)) return Reason::kClientOrderIdReused;
  if (known) return known->reason;
  if (const Reason reason = check_time(command.valid_until_ns, step); reason != Reason::kNone) return reason;
  if (!has_room(command, claimed())) return Reason::kEngineFull;
  const Slot instrument = instruments_.find(command.instrument_id);
  out.inquiry = {instrument, command.side, may_rest(command), command.type == OrderType::kMarket};
  return check_terms(command, out.account, instrument, step);
}

Reason Accounts::claim(const PlaceOrder& command, const Entrant& entrant, LinkType link) {
  const Admission& admission = entrant.admission;
  const Slot slot = admission.inquiry.instrument;
  const Reason reason = check_price_and_funds(command, admission, entrant.pricing.worst);
  if (reason != Reason::kNone && !(entrant.is_fed && is_about_cover(reason))) return reason;
  const Instrument& instrument = instruments_[slot];
  if (instrument.on_margin) [[unlikely]] {
    if (positions_.room() == 0) return Reason::kEngineFull;
    if (entrant.is_fed) {
      claims_.take(balances_, admission.account, may_rest(command));
      return Reason::kNone;
    }
    const Exposing wanted = exposing(command, admission.account, slot, entrant.pricing.worst);
    if (are_pair(link)) shared_ = exposed(command, admission.account, slot, entrant.pricing.worst);
    claims_.take(balances_, positions_, wanted.after, may_rest(command));
    return Reason::kNone;
  }
  if (instrument.delayed && !unsettled_.has_room_for(admission.account, slot, claimed())) [[unlikely]] {
    return Reason::kEngineFull;
  }
  const bool shares = are_pair(link) || (link == LinkType::kBracket && entrant.is_child);
  if (shares || entrant.is_fed) {
    claims_.take(balances_, admission.account, may_rest(command));
    return Reason::kNone;
  }
  const std::int64_t cost = entry_hold(command, balances_.account(admission.account), slot, entrant.pricing.worst);
  const Slot asset = command.side == Side::kBuy ? instrument.quote : instrument.base;
  claims_.take(balances_, admission.account, asset, cost, may_rest(command));
  return Reason::kNone;
}

void Accounts::enter_together(const PlaceOrder& command, Entrant& entrant, Step& step) {
  const Admission& admission = entrant.admission;
  const Slot instrument = admission.inquiry.instrument;
  const PlaceOrder entered = is_reduce_only(command) ? clamped(command, admission.account, instrument) : command;
  entrant.order = enter(entered, admission.account, instrument, step);
  entrant.place = hold(entered, entrant.order, entrant.pricing.worst);
  entrant.place.limit = entrant.pricing.limit;
  begin_to_trail(entrant.order, entrant.pricing.watermark);
}

}  // namespace exchange::engine
