// Orders that are linked in pairs in the naive engine: what holds what, and what a fill of one does to the other.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {

Result Engine::on(const PlaceOrderGroup& command) {
  if (const Reason reason = check_group(command); reason != Reason::kNone) return {now_.engine_seq, reason};
  if (has_unbounded_child(command)) return {now_.engine_seq, Reason::kLinkInvalid};
  const SpecialTerms none;
  std::vector<PlaceOrder> legs(command.orders.begin(), command.orders.end());
  for (PlaceOrder& leg : legs) {
    if (leg.special == nullptr) leg.special = &none;
  }
  return place_together({legs}, command.link_type);
}

Reason Engine::check_group(const PlaceOrderGroup& command) {
  const PlaceOrder& first = command.orders.front();
  const bool with_parent = has_children(command.link_type);
  if (!with_parent && command.orders.size() != 2) return Reason::kLinkInvalid;
  if (command.link_type == LinkType::kBracket && command.orders.size() != 3) return Reason::kLinkInvalid;
  for (std::size_t i = 0; i < command.orders.size(); ++i) {
    const PlaceOrder& leg = command.orders[i];
    if (leg.account_id != first.account_id || leg.instrument_id != first.instrument_id) return Reason::kLinkInvalid;
    if (leg.quote_budget != 0) return Reason::kLinkInvalid;
    if (leg.special != nullptr && leg.special->reduce_only) return Reason::kLinkInvalid;
    if (with_parent && i == 0) continue;
    if (leg.special != nullptr && leg.special->display_quantity != 0) return Reason::kLinkInvalid;
    if (!with_parent && leg.side != first.side) return Reason::kLinkInvalid;
    if (!with_parent) continue;
    const bool for_auction = leg.time_in_force == TimeInForce::kAtOpen || leg.time_in_force == TimeInForce::kAtClose;
    const bool at_once = leg.time_in_force == TimeInForce::kIoc || leg.time_in_force == TimeInForce::kFok;
    if (leg.quantity != first.quantity || for_auction) return Reason::kLinkInvalid;
    const bool rests = leg.type == OrderType::kLimit || leg.type == OrderType::kPegged;
    if (leg.type == OrderType::kMarket || (rests && at_once)) return Reason::kLinkInvalid;
    if (command.link_type != LinkType::kBracket) continue;
    const bool stops = leg.type == OrderType::kStop || leg.type == OrderType::kStopLimit ||
                       leg.type == OrderType::kTrailingStop;
    if (leg.type == OrderType::kPegged) return Reason::kLinkInvalid;
    if (leg.side == first.side || stops != (i == 2)) return Reason::kLinkInvalid;
  }
  return Reason::kNone;
}

// What it can cost is not known before it begins to trail.
bool Engine::has_unbounded_child(const PlaceOrderGroup& command) const {
  const auto listed = instruments_.find(command.orders.front().instrument_id);
  if (!has_children(command.link_type) || listed == instruments_.end()) return false;
  if (on_margin(listed->second.definition)) return false;
  return std::any_of(command.orders.begin() + 1, command.orders.end(), [](const PlaceOrder& child) {
    return child.type == OrderType::kTrailingStop && child.side == Side::kBuy;
  });
}

const Order* Engine::other_leg(const Order& order) const {
  if (!order.special || order.special->link_id == 0) return nullptr;
  const LinkType link = order.special->link_type;
  const std::uint64_t number = order.view.order_id;
  std::uint64_t first = order.special->link_id;
  if (link == LinkType::kBracket) {
    if (number == first) return nullptr;
    ++first;  // its exits
  } else if (link != LinkType::kOco && link != LinkType::kOuo) {
    return nullptr;
  }
  const auto found = orders_.find(number == first ? first + 1 : first);
  return found == orders_.end() ? nullptr : &found->second;
}

bool Engine::has_open_leg_beside(const Order& order) const {
  const Order* const other = other_leg(order);
  return other != nullptr && other->is_open();
}

std::int64_t Engine::left_beside(const Order& order, const std::map<std::uint64_t, std::int64_t>& traded) const {
  const Order* const other = other_leg(order);
  if (other == nullptr || !other->is_open()) return order.view.leaves_quantity;
  const auto found = traded.find(other->view.order_id);
  if (found == traded.end() || found->second == 0) return order.view.leaves_quantity;
  if (order.special->link_type == LinkType::kOco) return 0;
  return std::max(order.view.leaves_quantity - found->second, std::int64_t{0});
}

// A pair holds the larger of what its legs need, wherever it stands.
std::int64_t Engine::missing_hold(const Order& order) const {
  const Order* const other = other_leg(order);
  if (other == nullptr) return hold_of(order) - order.held;
  return std::max(hold_of(order), hold_of(*other)) - order.held - other->held;
}

// What it holds stands with a leg that is open.
void Engine::gather_hold(Order& order) {
  Order* const other = other_leg(order);
  if (other == nullptr) return;
  Order& holder = order.is_open() ? order : *other;
  const std::int64_t held = order.held + other->held;
  order.held = other->held = 0;
  holder.held = held;
}

// Both were reserved for one by one; nobody was told.
void Engine::join(Order& one, Order& other, LinkType link) {
  for (Order* leg : {&one, &other}) {
    leg->special->link_id = one.view.order_id;
    leg->special->link_type = link;
  }
  gather_hold(other);
  const std::int64_t more = missing_hold(other);
  Balance& balance = account_of(other).balances[held_asset(other)];
  balance.available -= more;
  balance.held += more;
  other.held += more;
}

void Engine::act_on_link(Order& filled, std::int64_t quantity) {
  if (!has_open_leg_beside(filled)) return;
  Order& other = *other_leg(filled);
  OrderView& v = other.view;
  Instrument& instrument = instruments_.at(v.instrument_id);
  const bool nowhere = v.type == OrderType::kPegged && !other.special->has_working_price;
  const bool stands = resting_.contains(v.order_id) && v.status != OrderStatus::kUntriggered && !other.awaits_parent &&
                      !nowhere;
  if (other.special->link_type == LinkType::kOco || quantity >= v.leaves_quantity) {
    if (resting_.contains(v.order_id)) take_out_or_stop_waiting(other);
    return end(other, OrderStatus::kCancelled, EndReason::kLinkedOrder);
  }
  if (v.status == OrderStatus::kUntriggered) restate(other);
  v.quantity -= quantity;
  v.leaves_quantity -= quantity;
  if (stands && !other.waits()) level_changed(instrument, v.side, stands_at(other));
  changed(other, OrderUpdateCause::kRestatedLink);
  release_excess(other);
}

}  // namespace exchange::engine::reference
