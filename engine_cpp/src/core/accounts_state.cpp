// What the accounts half shows of itself: orders and balances as views, its saved state, its invariants.
#include <map>

#include "accounts.hpp"
#include "phases.hpp"

namespace exchange::engine {

void Accounts::save(StateWriter& out) const {
  balances_.save(out);
  transfers_.save(out);
  orders_.save(out);
  ids_.save(out);
  mass_cancels_.save(out, balances_.accounts());
  sessions_.save(out);
}

bool Accounts::load(StateReader& in, std::uint64_t last_seq) {
  return balances_.load(in, instruments_) && transfers_.load(in) && orders_.load(in, balances_, instruments_) &&
         ids_.load(in) &&
         mass_cancels_.load(in, balances_.accounts(), instruments_.size(),
                            [&](Slot account) { return balances_.account(account).account_id; }) &&
         sessions_.load(in, balances_.accounts(), last_seq);
}

Place Accounts::place_again(Slot slot) const noexcept {
  const OrderRecord& order = orders_[slot];
  const SpecialView* const special = orders_.special_view(order);
  return {.self_trade_group = balances_.account(order.account).self_trade_group,
          .limit = orders_.book_price(order),
          .quantity = order.view.leaves_quantity,
          .display = special == nullptr ? 0 : special->display_quantity,
          .slice = special == nullptr ? 0 : special->displayed_quantity,
          .owner = slot,
          .instrument = order.instrument,
          .side = order.view.side,
          .is_pegged = order.view.type == OrderType::kPegged,
          .linked = other_open_leg(order) != kNil};
}

void Accounts::restore_resting(const Rested& message) noexcept {
  const OrderRecord& order = orders_[message.owner];
  if (order.special != kNil && !order.is_resting()) [[unlikely]] {
    begin_to_expire(order);
    if (order.view.type == OrderType::kPegged) pegs_.add(order.special, message.owner, order.instrument);
  }
  if (is_for_auction(order.view.time_in_force) && !order.is_resting()) auction_orders_.add(message.owner, order.instrument);
  orders_.rest(message.owner, message.book_slot, balances_.account(order.account));
}

void Accounts::begin_to_expire(const OrderRecord& order) noexcept {
  if (!expires_at_time(order.view.time_in_force)) return;
  expire_times_.set(order.special, orders_.special_view(order)->expire_time_ns, order.view.order_id);
}

// Every open order that says when it expires has that deadline, and no other has one.
bool Accounts::expiries_consistent() const {
  std::uint32_t expiring = 0;
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (!order.is_resting() || !expires_at_time(order.view.time_in_force)) continue;
    ++expiring;
    if (!expire_times_.contains(order.special)) return false;
    if (expire_times_.due_ns(order.special) != orders_.special_view(order)->expire_time_ns) return false;
  }
  return expiring == expire_times_.size() && expire_times_.consistent();
}

bool Accounts::consistent() const {
  std::map<Slot, std::int64_t> holds;
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    const OrderView& v = order.view;
    const bool whole =
        v.quantity == v.cum_quantity + v.leaves_quantity + v.prevented_quantity + v.cancelled_quantity;
    if (!whole || order.is_resting() != (v.leaves_quantity > 0)) return false;
    if (order.instrument == kNil) continue;
    if (!link_consistent(order)) return false;
    if (order.held > 0) holds[v.side == Side::kBuy ? order.quote_balance : order.base_balance] += order.held;
  }
  bool held = true;
  for (Slot account = 0; account < balances_.accounts(); ++account) {
    balances_.for_each(account, [&](Slot slot, const AccountBalance& balance) {
      const auto found = holds.find(slot);
      held = held && balance.held == (found == holds.end() ? 0 : found->second);
      if (found != holds.end()) holds.erase(found);
    });
  }
  return held && holds.empty() && expiries_consistent() && pegs_consistent() && orders_.all_remembered() &&
         mass_cancels_.timers().consistent() && sessions_.consistent() && balances_.conserved(instruments_.assets());
}

}  // namespace exchange::engine
