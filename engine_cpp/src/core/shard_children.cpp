// Groups with a parent on their way: how the children enter, and what they are given once a command is complete.
#include "group_shape.hpp"
#include "shard.hpp"

namespace exchange::engine {

void Core::Shard::enter_children(std::span<const PlaceOrder> orders, LinkType type, Step& step) {
  const Slot parent = entrants_.front().order;
  accounts_.lead(parent, type);
  for (std::size_t i = 1; i < orders.size(); ++i) accounts_.enter_child(orders[i], entrants_[i], parent, step);
  if (type == LinkType::kBracket) books_.link(entrants_[1].order, entrants_[2].order, /*cancels=*/false);
}

void Core::Shard::run_groups(std::uint32_t& steps_left, Step& step) {
  for (; steps_left > 0; --steps_left) {
    const Slot parent = accounts_.next_to_pass_on();
    if (parent == kNil) return;
    pass_on(parent, step);
  }
}

// A bracket that has been left is over for its entry too. Children that exclude each other are all given their part
// before the first of them trades.
void Core::Shard::pass_on(Slot parent, Step& step) {
  const OrderRecord& order = accounts_.orders()[parent];
  if (accounts_.has_left(order)) {
    remove(accounts_.removal_of(parent, OrderStatus::kCancelled, EndReason::kLinkedOrder), step);
  }
  const bool last = !is_active(order.view.status);
  if (order.view.cum_quantity > 0) begin_to_trail(accounts_.children_of(order), step);
  const Children children = accounts_.children_of(order);
  if (order.view.cum_quantity == 0) {
    for (const Slot child : children) {
      remove(accounts_.removal_of(child, OrderStatus::kCancelled, EndReason::kParentCancelled), step);
    }
  } else {
    give(children, accounts_.pass_on(parent), last, step);
  }
  if (last) accounts_.disband(parent);
}

void Core::Shard::give(const Children& children, std::int64_t quantity, bool last, Step& step) {
  for (const Slot child : children) accounts_.give(child, quantity, last);
  for (const Slot child : children) accounts_.tell_given(child, quantity, step);
  if (quantity == 0) return;
  for (const Slot child : children) go_on_with_more(child, step);
}

// It waits for its price, or enters the book; where it stands already it goes to the back of its level.
void Core::Shard::go_on_with_more(Slot child, Step& step) {
  const OrderRecord& order = accounts_.orders()[child];
  const OrderView& view = order.view;
  if (!is_active(view.status) || order.has_trigger()) return;
  if (view.type == OrderType::kPegged && order.is_off_book()) return begin_to_follow(child, step);
  if (!order.is_off_book()) return books_.grow(order.instrument, view.side, order.book_slot, view.leaves_quantity);
  if (waits_for_price(view.type)) return begin_to_watch(child, step);
  const Quote quote = books_.inquire(accounts_.inquiry_of(child));
  const std::optional<Place> place = accounts_.enter_active(child, quote, step);
  if (!place) return;
  books_.activate(*place);
  deliver_among(step);
}

// Those that trail already look at the prices that it begins with. One that there is no price for is over.
void Core::Shard::begin_to_trail(const Children& children, Step& step) {
  for (const Slot child : children) {
    if (!accounts_.is_to_trail(child)) continue;
    const Slot instrument = accounts_.orders()[child].instrument;
    const WatchedPrices prices = books_.watched(instrument);
    triggers_.trail(instrument, prices);
    triggers_.trails().queue_moved();
    if (accounts_.trail_from_now(child, prices)) continue;
    remove(accounts_.removal_of(child, OrderStatus::kCancelled, EndReason::kRiskAtTrigger), step);
  }
}

// Where what it follows is there; otherwise it stays outside the book until it is.
void Core::Shard::begin_to_follow(Slot child, Step& step) {
  const OrderRecord& order = accounts_.orders()[child];
  if (instruments_[order.instrument].phase != TradingPhase::kContinuous) return;
  const auto to = place_for(child, order.view.price, books_.unpegged_best(order.instrument));
  if (!to) return;
  accounts_.restate_peg(child, to, step);
  stand_again(child, step);
}

void Core::Shard::begin_to_watch(Slot child, Step& step) {
  if (!triggers_.has_room()) {
    return remove(accounts_.removal_of(child, OrderStatus::kCancelled, EndReason::kRiskAtTrigger), step);
  }
  const Trigger trigger = accounts_.trigger_of(child);
  accounts_.wait_again(child, triggers_.wait(trigger));
  woken_.push_back(trigger.instrument);
}

}  // namespace exchange::engine
