// What the accounts half shows of itself: orders and balances as views, its saved state, its invariants.
#include <map>

#include "accounts.hpp"
#include "phases.hpp"

namespace exchange::engine {

void Accounts::save(StateWriter& out) const {
  balances_.save(out);
  positions_.save(out);
  transfers_.save(out);
  orders_.save(out);
  ids_.save(out);
  mass_cancels_.save(out, balances_.accounts());
  sessions_.save(out);
  busts_.save(out);
  unsettled_.save(out, instruments_.size());
  liquidations_.save(out);
}

bool Accounts::load(StateReader& in, std::uint64_t last_seq) {
  return balances_.load(in, instruments_) && positions_.load(in, balances_.accounts(), instruments_.size()) &&
         has_clearing() && transfers_.load(in) && orders_.load(in, balances_, positions_, instruments_) && recount() &&
         ids_.load(in) &&
         mass_cancels_.load(in, balances_.accounts(), instruments_.size(),
                            [&](Slot account) { return balances_.account(account).account_id; }) &&
         sessions_.load(in, balances_.accounts(), last_seq) && busts_.load(in, last_seq) &&
         unsettled_.load(in, instruments_, balances_.accounts()) &&
         liquidations_.load(in, balances_.accounts(), instruments_.size(), positions_.size(), last_seq) &&
         can_liquidate() && (restore_parents(), true);
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
          .position = order.is_on_margin() ? order.position() : kNil,
          .side = order.view.side,
          .is_pegged = order.view.type == OrderType::kPegged,
          .linked = other_open_leg(order) != kNil,
          .reduces = reduces(order)};
}

// Every instrument on margin has the accounts that it settles with, every position collateral.
bool Accounts::has_clearing() const noexcept {
  const Slot unit = instruments_.settlement_asset();
  for (Slot slot = 0; slot < instruments_.size(); ++slot) {
    if (!instruments_[slot].on_margin) continue;
    for (const Slot account : {kFeeAccount, kInsuranceFund, clearing(instruments_[slot])}) {
      if (account == kNil || balances_.find(account, unit) == kNil) return false;
    }
  }
  for (Slot slot = 0; slot < positions_.size(); ++slot) {
    const Position& p = positions_[slot];
    if (!instruments_[p.instrument].on_margin || balances_.find(p.account, unit) == kNil) return false;
    const Account& account = balances_.account(p.account);
    if (is_venue(account.account_id) || (p.quantity != 0 && account.kind != AccountKind::kMargin)) return false;
  }
  return true;
}

// The legs of a pair are counted with the first of them.
bool Accounts::is_counted_before(const OrderRecord& order) const noexcept {
  const Slot other = other_open_leg(order);
  return other != kNil && orders_[other].view.order_id < order.view.order_id;
}

// Open orders on margin count in their positions again, as far as these can be.
bool Accounts::recount() noexcept {
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (order.view.leaves_quantity == 0 || !order.is_on_margin() || is_counted_before(order)) continue;
    count(order);
    const Position& p = positions_[order.position()];
    if (p.open_buys > kMaxAmount || p.open_sells > kMaxAmount || p.reserved > kMaxAmount) return false;
  }
  return true;
}

// Does every position count its open orders, and them alone?
bool Accounts::positions_consistent() const {
  std::vector<Position> counted(positions_.size());
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (order.view.leaves_quantity == 0 || !order.is_on_margin() || is_counted_before(order)) continue;
    Position& sum = counted[order.position()];
    const Exposed both = exposed_with_pair(order);
    (order.view.side == Side::kBuy ? sum.open_buys : sum.open_sells) += both.quantity;
    sum.reserved += both.reserve;
  }
  for (Slot slot = 0; slot < positions_.size(); ++slot) {
    const Position& p = positions_[slot];
    const Position& sum = counted[slot];
    if (p.open_buys != sum.open_buys || p.open_sells != sum.open_sells || p.reserved != sum.reserved) return false;
    if (p.quantity == 0 && p.cost != 0) return false;
  }
  return true;
}

void Accounts::restore_resting(const Rested& message) noexcept {
  const OrderRecord& order = orders_[message.owner];
  if (order.special != kNil && !order.is_resting()) [[unlikely]] {
    begin_to_expire(order);
    if (order.view.type == OrderType::kPegged) pegs_.add(order.special, message.owner, order.instrument);
    if (reduces(order)) begin_to_reduce(message.owner);
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
  return held && holds.empty() && expiries_consistent() && pegs_consistent() && reducing_consistent() &&
         orders_.all_remembered() && positions_consistent() && mass_cancels_.timers().consistent() &&
         sessions_.consistent() && busts_consistent() && unsettled_consistent() &&
         balances_.conserved(instruments_.assets());
}

}  // namespace exchange::engine
