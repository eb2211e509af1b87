#include "group_shape.hpp"

#include <algorithm>

#include "phases.hpp"

namespace exchange::engine {
namespace {

bool reduces(const PlaceOrder& order) noexcept { return order.special != nullptr && order.special->reduce_only; }

bool shows_slices(const PlaceOrder& order) noexcept {
  return order.special != nullptr && order.special->display_quantity != 0;
}

// Legs share what they hold; what shows a slice or only reduces has other ways to change its quantity.
bool may_be_leg(const PlaceOrder& order) noexcept {
  return !shows_slices(order) && !reduces(order) && order.quote_budget == 0;
}

// It grows with its parent's fills, and each time there is something for it to grow in.
bool may_be_child(const PlaceOrder& order, const PlaceOrder& parent) noexcept {
  const bool rests = order.type == OrderType::kLimit || order.type == OrderType::kPegged;
  const bool stays = (rests && may_rest(order.time_in_force)) || waits_for_price(order.type);
  return may_be_leg(order) && stays && !is_for_auction(order.time_in_force) && order.quantity == parent.quantity;
}

bool takes_profit(OrderType type) noexcept {
  return type == OrderType::kLimit || type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

bool stops(OrderType type) noexcept { return waits_for_price(type) && !takes_profit(type); }

bool is_bracket(std::span<const PlaceOrder> orders) noexcept {
  return orders.size() == 3 && orders[1].side != orders[0].side && orders[2].side != orders[0].side &&
         takes_profit(orders[1].type) && stops(orders[2].type);
}

}  // namespace

Reason check_group_shape(const PlaceOrderGroup& command) noexcept {
  const std::span<const PlaceOrder> orders = command.orders;
  const PlaceOrder& first = orders.front();
  const bool shared = std::ranges::all_of(orders, [&](const PlaceOrder& order) {
    return order.account_id == first.account_id && order.instrument_id == first.instrument_id;
  });
  if (!shared) return Reason::kLinkInvalid;
  if (are_pair(command.link_type)) {
    const bool fits = orders.size() == 2 && first.side == orders[1].side && may_be_leg(first) && may_be_leg(orders[1]);
    return fits ? Reason::kNone : Reason::kLinkInvalid;
  }
  const auto is_child = [&](const PlaceOrder& order) { return may_be_child(order, first); };
  const bool fits = first.quote_budget == 0 && !reduces(first) &&
                    std::ranges::all_of(orders.subspan(1), is_child) &&
                    (command.link_type != LinkType::kBracket || is_bracket(orders));
  return fits ? Reason::kNone : Reason::kLinkInvalid;
}

}  // namespace exchange::engine
