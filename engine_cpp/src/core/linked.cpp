// Orders that are linked in pairs: the accounts' half. A pair holds the larger of what its legs need, once: all of it
// stands with one of them, and goes over to the one that trades.
#include "accounts.hpp"
#include "group_shape.hpp"

namespace exchange::engine {

// Whatever became of it; kNil if it is forgotten. The numbers of a pair follow each other; the exits of a bracket follow
// their entry.
Slot Accounts::other_leg(const OrderRecord& order) const noexcept {
  const SpecialView* const special = orders_.special_view(order);
  if (special == nullptr) return kNil;
  const std::uint64_t number = order.view.order_id;
  const bool exits = special->link_type == LinkType::kBracket;
  if (!are_pair(special->link_type) && (!exits || number == special->link_id)) return kNil;
  const std::uint64_t first = exits ? special->link_id + 1 : special->link_id;
  return orders_.find(number == first ? first + 1 : first);
}

Slot Accounts::other_open_leg(const OrderRecord& order) const noexcept {
  const Slot other = other_leg(order);
  return other != kNil && is_active(orders_[other].view.status) ? other : kNil;
}

void Accounts::enter_linked(const PlaceOrder& command, Entrant& entrant, Slot first, LinkType type, Step& step) {
  OrderRecord& one = orders_[first];
  if (one.is_on_margin()) return enter_linked_on_margin(command, entrant, one, type, step);
  AccountBalance& balance = given(one);
  balance.available += one.held;
  balance.held -= one.held;
  one.held = 0;
  enter_together(command, entrant, step);
  OrderRecord& other = orders_[entrant.order];
  link(one, other, type);
  const std::int64_t more = std::max(required_hold(one) - other.held, std::int64_t{0});
  balance.available -= more;
  balance.held += more;
  other.held += more;
  assert(balance.available >= 0);
}

void Accounts::link(const OrderRecord& one, const OrderRecord& other, LinkType type) noexcept {
  for (const OrderRecord* leg : {&one, &other}) {
    SpecialView& special = orders_.specials()[leg->special].view;
    special.link_id = one.view.order_id;
    special.link_type = type;
  }
}

// Each was counted by itself.
void Accounts::enter_linked_on_margin(const PlaceOrder& command, Entrant& entrant, const OrderRecord& one,
                                      LinkType type, Step& step) {
  enter_together(command, entrant, step);
  const OrderRecord& other = orders_[entrant.order];
  discount(one);
  discount(other);
  link(one, other, type);
  count(one);
}

void Accounts::rehold_special(OrderRecord& order, Step& step) {
  if (order.is_on_margin()) return;
  const Slot slot = other_leg(order);
  if (slot == kNil) return reserve(order, required_hold(order), step);
  OrderRecord& other = orders_[slot];
  OrderRecord& holder = is_active(order.view.status) ? order : other;
  holder.held = order.held + other.held;
  (&holder == &order ? other : order).held = 0;
  reserve(holder, std::max(required_hold(order), required_hold(other)), step);
}

// What the pair holds is there for the leg that trades.
void Accounts::gather(OrderRecord& order) noexcept {
  if (const Slot other = other_leg(order); other != kNil) order.held += std::exchange(orders_[other].held, 0);
}

std::int64_t Accounts::missing(const OrderRecord& order, std::int64_t needed) const noexcept {
  const Slot slot = other_leg(order);
  if (slot == kNil) return needed - order.held;
  const OrderRecord& other = orders_[slot];
  return std::max(needed, required_hold(other)) - order.held - other.held;
}

void Accounts::note_linked_fill(Slot order, std::int64_t quantity) {
  if (orders_[order].special != kNil && other_open_leg(orders_[order]) != kNil) linked_fills_.push_back({order, quantity});
}

LinkedFill Accounts::take_linked_fill() noexcept {
  const LinkedFill fill = linked_fills_.front();
  linked_fills_.erase(linked_fills_.begin());
  return fill;
}

// The books have done the same to what of it stands there.
void Accounts::act_on_link(const LinkedFill& fill, Step& step) {
  const Slot slot = other_open_leg(orders_[fill.order]);
  if (slot == kNil) return;
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  const bool cancels = orders_.special_view(order)->link_type == LinkType::kOco;
  if (cancels || fill.quantity >= view.leaves_quantity) {
    return on(Release{slot, OrderStatus::kCancelled, EndReason::kLinkedOrder}, step);
  }
  if (order.is_on_margin()) [[unlikely]] discount(order);
  view.quantity -= fill.quantity;
  view.leaves_quantity -= fill.quantity;
  if (order.is_on_margin()) [[unlikely]] count(order);
  touch(order, step);
  tell(OrderUpdateCause::kRestatedLink, order, step);
  rehold(order, step);
}

// Legs of one account, instrument and side know each other, and hold the larger of what they need.
bool Accounts::link_consistent(const OrderRecord& order) const noexcept {
  const SpecialView* const special = orders_.special_view(order);
  if (special == nullptr) return order.held == required_hold(order);
  const std::uint64_t number = order.view.order_id;
  if (has_children(special->link_type)) {
    if (number == special->link_id) return parent_consistent(order) && order.held == required_hold(order);
    if (!child_consistent(order)) return false;
  } else {
    const SpecialRecord& record = orders_.specials()[order.special];
    if (record.leads || record.is_fed || record.awaits || record.passed != 0 || record.promised != 0) return false;
    if (special->link_type == LinkType::kNone) return order.held == required_hold(order);
    if (number != special->link_id && number != special->link_id + 1) return false;
  }
  if (order.has_budget()) return false;
  const Slot slot = other_leg(order);
  if (slot == kNil) return order.held == required_hold(order);
  const OrderRecord& other = orders_[slot];
  const SpecialView* const linked = orders_.special_view(other);
  const bool mutual = linked != nullptr && linked->link_id == special->link_id && linked->link_type == special->link_type &&
                      other.account == order.account && other.instrument == order.instrument &&
                      other.view.side == order.view.side;
  return mutual && order.held + other.held == std::max(required_hold(order), required_hold(other));
}

}  // namespace exchange::engine
