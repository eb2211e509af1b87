// What the accounts half shows of itself: orders and balances as views, its saved state, its invariants.
#include <map>
#include <utility>

#include "accounts.hpp"

namespace exchange::engine {

OrderView Accounts::view(const OrderRecord& o, const Progress& p) const noexcept {
  return {.order_id = o.order_id,
          .account_id = balances_.account(o.account).account_id,
          .client_order_id = o.client_order_id.view(),
          .instrument_id = o.instrument_id,
          .side = o.side,
          .type = o.type,
          .time_in_force = o.time_in_force,
          .post_only = o.post_only,
          .self_trade_prevention = o.mode,
          .price = o.price,
          .quantity = p.quantity,
          .cum_quantity = p.cum_quantity,
          .leaves_quantity = p.leaves,
          .prevented_quantity = p.prevented,
          .cancelled_quantity = p.cancelled,
          .cum_notional = p.cum_notional(),
          .cum_fee = p.cum_fee,
          .status = p.status,
          .end_reason = p.end_reason,
          .reject_reason = o.reject_reason,
          .version = p.version,
          .accepted_time_ns = o.accepted_ns,
          .updated_time_ns = p.updated_ns,
          .quote_budget = o.quote_budget};
}

OrderView Accounts::view(const Answer& answer) const noexcept {
  const OrderRecord& order = orders_[answer.order];
  return view(order, answer.order_at_first ? order.first : order.now);
}

void Accounts::tell(OrderUpdateCause cause, const OrderRecord& order, Step& step, const FillView* fill) {
  step.events.order_updated(cause, view(order, order.now), fill);
}

void Accounts::tell(Slot account, Slot asset, BalanceChangeKind kind, std::int64_t amount,
                    const AccountBalance& balance, Step& step, std::uint64_t trade_id) {
  step.events.balance_changed({.account_id = balances_.account(account).account_id,
                               .asset_id = instruments_.asset(asset).asset_id,
                               .kind = kind,
                               .amount = amount,
                               .available = balance.available,
                               .held = balance.held,
                               .trade_id = trade_id});
}

void Accounts::save(StateWriter& out) const {
  balances_.save(out);
  transfers_.save(out);
  orders_.save(out);
  ids_.save(out);
}

bool Accounts::load(StateReader& in) {
  return balances_.load(in, instruments_.assets()) && transfers_.load(in) &&
         orders_.load(in, balances_.accounts(), instruments_) && ids_.load(in);
}

void Accounts::restore_resting(const Rested& message) noexcept {
  orders_.rest(message.owner, message.book_slot, balances_.account(orders_[message.owner].account));
}

bool Accounts::consistent() const {
  std::map<std::pair<Slot, Slot>, std::int64_t> holds;
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    const Progress& now = order.now;
    const bool whole = now.quantity == now.cum_quantity + now.leaves + now.prevented + now.cancelled;
    if (!whole || order.is_resting() != (now.leaves > 0)) return false;
    if (order.instrument == kNil) continue;
    if (order.held != required_hold(order)) return false;
    if (order.held > 0) holds[{order.account, held_asset(order)}] += order.held;
  }
  bool held = true;
  for (Slot account = 0; account < balances_.accounts(); ++account) {
    balances_.for_each(account, [&](const AccountBalance& balance) {
      const auto found = holds.find({account, balance.asset});
      held = held && balance.held == (found == holds.end() ? 0 : found->second);
      if (found != holds.end()) holds.erase(found);
    });
  }
  return held && holds.empty() && orders_.all_remembered() && balances_.conserved(instruments_.assets());
}

}  // namespace exchange::engine
