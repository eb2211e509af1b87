// Orders that only reduce: what both halves do when a position is smaller.
#include "shard.hpp"

namespace exchange::engine {

// Those that wait outside the books, of positions that fills have changed.
void Core::Shard::reduce_waiting(Step& step) {
  while (accounts_.has_shrunk()) {
    const Slot position = accounts_.take_shrunk();
    accounts_.collect_too_large(position, too_large_);
    for (const Slot slot : too_large_) {
      const OrderRecord& order = accounts_.orders()[slot];
      const std::int64_t most = accounts_.positions()[position].closable(order.view.side);
      if (most == 0) {
        remove(accounts_.removal_of(slot, OrderStatus::kCancelled, EndReason::kReducedAway), step);
        continue;
      }
      if (order.is_untriggered()) follow(order.book_slot);
      accounts_.settle(Reduced{slot, order.view.leaves_quantity - most}, step);
    }
  }
}

// Something else than a trade changed the position.
void Core::Shard::position_changed(Slot position, Step& step) {
  reduce_waiting(step);
  books_.restate_holding(position, accounts_.positions()[position].quantity);
  deliver(step);
}

// Both halves know of the same orders and the same positions.
bool Core::Shard::holdings_consistent() const {
  const Orders& orders = accounts_.orders();
  std::uint32_t standing = 0;
  for (const Slot slot : orders.sorted()) {
    const OrderRecord& order = orders[slot];
    if (!order.is_resting() || !order.is_on_margin()) continue;
    if (order.is_untriggered() || order.is_off_book()) continue;
    const Book& book = order.waits() ? books_.waiting(order.instrument) : books_.book(order.instrument);
    const bool reduces = book.order(order.book_slot).is_reducing();
    if (books_.holdings().holding_of(slot) != order.position() || reduces != accounts_.reduces(order)) return false;
    if (!reduces) continue;
    ++standing;
    const Reducer& reducer = books_.holdings()[slot];
    if (reducer.book_slot != order.book_slot || reducer.leaves != order.view.leaves_quantity) return false;
  }
  for (Slot position = 0; position < accounts_.positions().size(); ++position) {
    const bool same = books_.holdings().quantity(position) == accounts_.positions()[position].quantity;
    if (!same || !books_.holdings().consistent(position)) return false;
  }
  return standing == books_.holdings().standing();
}

}  // namespace exchange::engine
