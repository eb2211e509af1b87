// Groups: orders that enter together and then depend on each other.
#include <algorithm>

#include "group_shape.hpp"
#include "shard.hpp"

namespace exchange::engine {
namespace {

constexpr SpecialTerms kNoTerms{};  // of a leg that says nothing special: its link has to stand somewhere

}  // namespace

Answer Core::Shard::on(const PlaceOrderGroup& command, Step& step) {
  if (const Reason reason = check_group_shape(command); reason != Reason::kNone) return refuse(reason, step);
  if (accounts_.has_unbounded_child(command)) return refuse(Reason::kLinkInvalid, step);
  std::array<PlaceOrder, kMaxGroupOrders> legs;
  std::ranges::copy(command.orders, legs.begin());
  const std::span placed = std::span(legs).first(command.orders.size());
  for (PlaceOrder& leg : placed) {
    if (leg.special == nullptr) leg.special = &kNoTerms;
  }
  return place_together(placed, command.link_type, step);
}

// All are accepted before the first of them trades: what that does to the others, they live to see. The first is in.
void Core::Shard::enter_group(std::span<const PlaceOrder> legs, LinkType type, Step& step) {
  if (has_children(type)) {
    enter_children(legs, type, step);
  } else {
    accounts_.enter_linked(legs[1], entrants_[1], entrants_[0].order, type, step);
    books_.link(entrants_[0].order, entrants_[1].order, type == LinkType::kOco);
  }
  for (const Entrant& leg : entrants_) {
    leg.is_pegged && !leg.is_child ? accept_pegged(leg.order, step) : accounts_.accept(leg.order, step);
  }
  for (Entrant& leg : entrants_) {
    if (leg.is_child) {
      accounts_.restore_resting({leg.order, kOffBook});
    } else {
      enter_leg(leg, are_pair(type), step);
    }
  }
}

void Core::Shard::enter_leg(Entrant& leg, bool linked, Step& step) {
  const OrderView& view = accounts_.orders()[leg.order].view;
  if (!is_active(view.status)) return;
  if (view.status == OrderStatus::kUntriggered) {
    return accounts_.restore_resting({leg.order, triggers_.wait(accounts_.trigger_of(leg.order))});
  }
  if (leg.is_pegged) return enter_pegged(leg.order, step);
  leg.place.linked = linked;
  leg.place.quantity = view.leaves_quantity;
  if (view.time_in_force == TimeInForce::kFok) leg.place.min_quantity = view.leaves_quantity;
  accounts_.meet(leg.place, books_.inquire(leg.admission.inquiry));
  books_.activate(leg.place);
  deliver_together(step);
}

// A fill was settled: now the other leg of each side of it, the resting one's first.
void Core::Shard::act_on_links(Step& step) {
  while (accounts_.has_linked_fills()) {
    const LinkedFill fill = accounts_.take_linked_fill();
    const Slot other = accounts_.other_open_leg(accounts_.orders()[fill.order]);
    if (other == kNil) continue;
    const OrderRecord& order = accounts_.orders()[other];
    const Slot trigger = order.has_trigger() ? order.book_slot : kNil;
    if (trigger != kNil) follow(trigger);
    accounts_.act_on_link(fill, step);
    if (trigger != kNil && !is_active(order.view.status)) triggers_.remove(trigger);
  }
}

// Every leg that rests beside an open one is known to the books, where it stands.
bool Core::Shard::links_consistent() const {
  const Orders& orders = accounts_.orders();
  std::uint32_t standing = 0;
  for (const Slot slot : orders.sorted()) {
    const OrderRecord& order = orders[slot];
    if (!order.is_resting() || order.is_untriggered() || order.is_off_book()) continue;
    const Book& book = order.waits() ? books_.waiting(order.instrument) : books_.book(order.instrument);
    const bool marked = book.order(order.book_slot).is_linked();
    if (marked) ++standing;
    if (marked && books_.pairs().place_of(slot).book_slot != order.book_slot) return false;
    if (!marked && accounts_.other_open_leg(order) != kNil) return false;
  }
  return standing == books_.pairs().standing();
}

// Pairs of a saved state of which both legs are open.
void Core::Shard::restore_links() noexcept {
  const Orders& orders = accounts_.orders();
  for (const Slot slot : orders.sorted()) {
    const Slot other = accounts_.other_open_leg(orders[slot]);
    if (other == kNil || !is_active(orders[slot].view.status)) continue;
    books_.link(slot, other, orders.special_view(orders[slot])->link_type == LinkType::kOco);
  }
}

}  // namespace exchange::engine
