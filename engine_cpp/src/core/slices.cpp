// Orders that show a slice at a time, in the accounts half: all of such an order is held, and its owner is told what
// the book shows of it and under which number.
#include "accounts.hpp"
#include "checks.hpp"

namespace exchange::engine {

Reason check_display(const Instrument& instrument, std::int64_t display, std::int64_t leaves,
                     std::int64_t most) noexcept {
  const bool within = display > 0 && display <= most && instrument.by_lot.divides(display);
  const std::int64_t least = leaves / kMaxSlices + (leaves % kMaxSlices > 0 ? 1 : 0);
  return within && display >= least ? Reason::kNone : Reason::kDisplayQuantityOutOfRange;
}

// The first slice goes by the number of the order.
void Accounts::show_first_slice(const OrderRecord& order) noexcept {
  SpecialView& special = orders_.specials()[order.special].view;
  if (special.display_quantity == 0) return;
  special.displayed_quantity = special.display_quantity;
  special.slice_id = order.view.order_id;
}

// Of an order that rests, what trades is what it shows; one that takes will show no more than what is left.
void Accounts::show_less(const OrderRecord& order, std::int64_t quantity, bool rests) noexcept {
  SpecialView& special = orders_.specials()[order.special].view;
  if (special.display_quantity == 0) return;
  special.displayed_quantity = rests ? special.displayed_quantity - quantity
                                     : std::min(special.displayed_quantity, order.view.leaves_quantity);
  assert(special.displayed_quantity >= 0);
}

void Accounts::show_nothing(const OrderRecord& order) noexcept {
  orders_.specials()[order.special].view.displayed_quantity = 0;
}

// The slice stays, but for what is too much of it under the new terms.
void Accounts::amend_display(const OrderRecord& order, const Amend& amend) noexcept {
  SpecialView& special = orders_.specials()[order.special].view;
  special.display_quantity = amend.display;
  special.displayed_quantity = std::min({special.displayed_quantity, amend.display, amend.leaves});
}

void Accounts::on(const Refreshed& message, Step& step) {
  OrderRecord& order = orders_[message.owner];
  SpecialView& special = orders_.specials()[order.special].view;
  special.displayed_quantity = message.slice;
  special.slice_id = orders_.next_number();
  touch(order, step);
  tell(OrderUpdateCause::kRestatedSlice, order, step);
}

}  // namespace exchange::engine
