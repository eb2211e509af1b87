#include "holdings.hpp"

namespace exchange::engine {

bool Holdings::is_before(const Reducer& newcomer, Slot owner) const noexcept {
  const Reducer& known = orders_[owner].reducer;
  if (newcomer.price == known.price) return newcomer.waits && !known.waits;
  return newcomer.side == Side::kBuy ? newcomer.price > known.price : newcomer.price < known.price;
}

// Behind all that trade no later than it.
void Holdings::stand(Slot owner, const Reducer& reducer) noexcept {
  Order& order = orders_[owner];
  Holding& holding = holdings_[order.holding];
  order.reducer = reducer;
  Slot after = holding.last;
  while (after != 0 && is_before(reducer, after - 1)) after = orders_[after - 1].previous;
  Slot& before = after == 0 ? holding.first : orders_[after - 1].next;
  order.previous = after;
  order.next = before;
  (before == 0 ? holding.last : orders_[before - 1].previous) = owner + 1;
  before = owner + 1;
  holding.open += reducer.leaves;
  ++standing_;
}

void Holdings::shrink(Slot owner, std::int64_t quantity) noexcept {
  Order& order = orders_[owner];
  Holding& holding = holdings_[order.holding];
  assert(quantity <= order.reducer.leaves);
  order.reducer.leaves -= quantity;
  holding.open -= quantity;
  if (order.reducer.leaves > 0) return;
  (order.previous == 0 ? holding.first : orders_[order.previous - 1].next) = order.next;
  (order.next == 0 ? holding.last : orders_[order.next - 1].previous) = order.previous;
  --standing_;
}

Holdings::Counted& Holdings::counted(Slot holding) const noexcept {
  const Holding& h = holdings_[holding];
  if (h.counted.count != count_) h.counted = {count_, h.quantity, h.open};
  return h.counted;
}

void Holdings::count(Slot holding, Side side, std::int64_t quantity, bool reduces) const noexcept {
  Counted& c = counted(holding);
  c.quantity += side == Side::kBuy ? quantity : -quantity;
  if (reduces) c.open -= quantity;
  const Slot last = holdings_[holding].last;
  if (last != 0) c.open = std::min(c.open, closable(c.quantity, orders_[last - 1].reducer.side));
}

// In their order, all of one side, and open for no more than is held.
bool Holdings::consistent(Slot holding) const noexcept {
  const Holding& h = holdings_[holding];
  std::int64_t open = 0;
  for (Slot at = h.first; at != 0; at = orders_[at - 1].next) {
    const Order& order = orders_[at - 1];
    const bool ordered = order.previous == 0 || !is_before(order.reducer, order.previous - 1);
    if (!ordered || order.holding != holding || order.reducer.side != orders_[h.last - 1].reducer.side) return false;
    open += order.reducer.leaves;
  }
  return open == h.open && excess(holding) <= 0;
}

}  // namespace exchange::engine
