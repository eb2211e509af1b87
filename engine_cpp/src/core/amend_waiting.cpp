// Amending an order that waits for a price: the accounts' half. It is judged as if it were entered so now, and keeps its
// number, so its turn among those whose triggers come true together. So is a child that waits for its parent; what its
// trigger watches counts from its first fill on.
#include "accounts.hpp"
#include "checks.hpp"

namespace exchange::engine {

// In the order in which it was judged when it entered.
Reason Accounts::check_amend_waiting(const AmendOrder& command, Amend& amend, const WatchedPrices& prices) const noexcept {
  const OrderRecord& order = orders_[amend.owner];
  const Instrument& instrument = instruments_[amend.instrument];
  Trigger trigger = trigger_of(amend.owner);
  if (command.has_trigger_price) trigger.price = command.trigger_price;
  if (const Reason reason = check_price(instrument, amend.limit); reason != Reason::kNone) return reason;
  if (waits_for_price(order.view.type)) {
    if (const Reason reason = check_price(instrument, trigger.price); reason != Reason::kNone) return reason;
  }
  if (const Reason reason = check_quantity(instrument, amend.leaves); reason != Reason::kNone) return reason;
  if (orders_.specials()[order.special].view.min_quantity > amend.leaves) return Reason::kMinQuantityOutOfRange;
  if (command.has_trigger_price) {
    const Reason reason = amend.awaits_parent ? Reason::kNone : check_trigger(trigger, prices);
    if (reason != Reason::kNone) return reason;
    if (!has_limit(order.view.type)) amend.limit = protected_price(instrument, order.view.side, trigger.price);
  }
  const Reason reason = check_terms(order, amend.limit, amend.leaves, /*keeps_priority=*/true);
  if (reason != Reason::kNone) return reason;
  if (reduces(order)) amend.leaves = std::min(amend.leaves, positions_[order.position()].closable(order.view.side));
  return check_amended_funds(order, amend, hold_of(order, amend));
}

void Accounts::amend_waiting(const AmendOrder& command, const Amend& amend, Step& step) {
  OrderRecord& order = orders_[amend.owner];
  OrderView& view = order.view;
  if (order.is_on_margin()) [[unlikely]] discount(order);
  if (has_limit(view.type)) view.price = amend.limit;
  if (command.has_trigger_price) orders_.specials()[order.special].view.trigger_price = command.trigger_price;
  if (command.has_expire_time) expire_at(order, command.expire_time_ns);
  view.quantity = amend.leaves;
  view.leaves_quantity = amend.leaves;
  order.hold_price = amend.limit;
  touch(order, step);
  tell(OrderUpdateCause::kAmended, order, step);
  if (order.is_on_margin()) [[unlikely]] return count(order);
  rehold(order, step);
}

}  // namespace exchange::engine
