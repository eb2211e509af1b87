// Orders that enter all or none: the accounts' half.
#include "accounts.hpp"
#include "checks.hpp"

namespace exchange::engine {

void Claims::take(Balances& balances, Slot account_slot, Slot asset, std::int64_t amount, bool rests) {
  const Slot balance = balances.find(account_slot, asset);
  assert(balance != kNil && balances[balance].available >= amount);
  balances[balance].available -= amount;
  Account& account = balances.account(account_slot);
  ++account.ids;
  if (rests) ++account.open_orders;
  claims_.push_back({amount, account_slot, balance, rests});
}

void Claims::give_back(Balances& balances) noexcept {
  for (const Claim& claim : claims_) {
    balances[claim.balance].available += claim.amount;
    Account& account = balances.account(claim.account);
    --account.ids;
    if (claim.rests) --account.open_orders;
  }
  claims_.clear();
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
  if (reason != Reason::kNone) return reason;
  const Instrument& instrument = instruments_[slot];
  const std::int64_t cost = entry_hold(command, balances_.account(admission.account), slot, entrant.pricing.worst);
  const Slot asset = command.side == Side::kBuy ? instrument.quote : instrument.base;
  claims_.take(balances_, admission.account, asset, link == LinkType::kNone ? cost : 0, may_rest(command));
  return Reason::kNone;
}

void Accounts::enter_together(const PlaceOrder& command, Entrant& entrant, Step& step) {
  const Admission& admission = entrant.admission;
  entrant.order = enter(command, admission.account, admission.inquiry.instrument, step);
  entrant.place = hold(command, entrant.order, entrant.pricing.worst);
  entrant.place.limit = entrant.pricing.limit;
  begin_to_trail(entrant.order, entrant.pricing.watermark);
}

}  // namespace exchange::engine
