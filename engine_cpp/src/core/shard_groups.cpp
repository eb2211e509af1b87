// Groups: orders that enter together and then depend on each other.
#include "shard.hpp"

namespace exchange::engine {
namespace {

constexpr SpecialTerms kNoTerms{};  // of a leg that says nothing special: its link has to stand somewhere

// Legs share what they hold, so they give the same asset of one account; what shows a slice or follows a price has
// other ways to change its quantity or its place.
bool go_together(const PlaceOrder& one, const PlaceOrder& other) noexcept {
  const auto fits = [](const PlaceOrder& leg) {
    const bool plain = leg.special == nullptr || leg.special->display_quantity == 0;
    return plain && leg.quote_budget == 0 && leg.type != OrderType::kPegged;
  };
  return one.account_id == other.account_id && one.instrument_id == other.instrument_id && one.side == other.side &&
         fits(one) && fits(other);
}

}  // namespace

Answer Core::Shard::on(const PlaceOrderGroup& command, Step& step) {
  if (command.link_type != LinkType::kOco && command.link_type != LinkType::kOuo) {
    return refuse(Reason::kNotSupported, step);
  }
  if (command.orders.size() != 2 || !go_together(command.orders[0], command.orders[1])) {
    return refuse(Reason::kLinkInvalid, step);
  }
  const Slot instrument = instruments_.find(command.orders[0].instrument_id);
  if (instrument != kNil && instruments_[instrument].on_margin) return refuse(Reason::kNotSupported, step);
  std::array<PlaceOrder, 2> legs{command.orders[0], command.orders[1]};
  for (PlaceOrder& leg : legs) {
    if (leg.special == nullptr) leg.special = &kNoTerms;
  }
  return place_together(legs, command.link_type, step);
}

// All are accepted before the first of them trades: what that does to the others, they live to see.
void Core::Shard::enter_group(std::span<const PlaceOrder> legs, LinkType type, Step& step) {
  accounts_.enter_linked(legs[1], entrants_[1], entrants_[0].order, type, step);
  books_.link(entrants_[0].order, entrants_[1].order, type == LinkType::kOco);
  for (const Entrant& leg : entrants_) accounts_.accept(leg.order, step);
  for (Entrant& leg : entrants_) {
    const OrderView& view = accounts_.orders()[leg.order].view;
    if (!is_active(view.status)) continue;
    if (view.status == OrderStatus::kUntriggered) {
      accounts_.restore_resting({leg.order, triggers_.wait(accounts_.trigger_of(leg.order))});
      continue;
    }
    leg.place.linked = true;
    leg.place.quantity = view.leaves_quantity;
    if (view.time_in_force == TimeInForce::kFok) leg.place.min_quantity = view.leaves_quantity;
    accounts_.meet(leg.place, books_.inquire(leg.admission.inquiry));
    books_.activate(leg.place);
    deliver_together(step);
  }
}

// A fill was settled: now the other leg of each side of it, the resting one's first.
void Core::Shard::act_on_links(Step& step) {
  while (accounts_.has_linked_fills()) {
    const LinkedFill fill = accounts_.take_linked_fill();
    const Slot other = accounts_.other_open_leg(accounts_.orders()[fill.order]);
    if (other == kNil) continue;
    const OrderRecord& order = accounts_.orders()[other];
    const Slot trigger = order.is_untriggered() ? order.book_slot : kNil;
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
