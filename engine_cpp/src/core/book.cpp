#include "book.hpp"

namespace exchange::engine {

// What every change of a book is made of: part of what calls it.
[[gnu::always_inline]] inline void Book::report(Side side, const Level& level) noexcept {
  assert(changes_ != nullptr);
  const std::int64_t quantity = level.quantity;
  if (!changes_->empty()) {
    LevelChange& last = changes_->back();
    if (last.price == level.price && last.side == side && last.instrument == instrument_) {
      last.quantity = quantity;
      return;
    }
  }
  changes_->push_back({instrument_, side, level.price, quantity, ++seq_});
}

[[gnu::always_inline]] inline void Book::link(Side side, std::int64_t price, Slot slot) noexcept {
  assert(by_tick_.divides(price));
  const Slot known = half(side).index.find(pools_->nodes, key(price));
  const Slot level_slot = known != kNil ? known : open_level(side, price);
  Level& level = pools_->levels[level_slot];
  BookOrder* const orders = pools_->orders.items();
  const Slot last = level.last;
  orders[slot].level = level_slot;
  orders[slot].previous = last;
  (last == kNil ? level.first : orders[last].next) = slot;
  level.last = slot;
  level.quantity += orders[slot].leaves;
  report(side, level);
}

[[gnu::always_inline]] inline void Book::unlink(Side side, const BookOrder& order, std::int64_t quantity) noexcept {
  Level& level = pools_->levels[order.level];
  BookOrder* const orders = pools_->orders.items();
  const Slot previous = order.previous;
  const Slot next = order.next;
  level.quantity -= quantity;
  report(side, level);
  (previous == kNil ? level.first : orders[previous].next) = next;
  (next == kNil ? level.last : orders[next].previous) = previous;
  if (previous == kNil && next == kNil) close_level(side, order.level);
}

Slot Book::rest(Side side, std::int64_t price, const BookOrder& order) noexcept {
  assert(order.leaves > 0);
  const Slot slot = pools_->orders.take();
  pools_->orders[slot] = order;
  link(side, price, slot);
  return slot;
}

void Book::reduce(Side side, Slot slot, std::int64_t quantity) noexcept {
  BookOrder& order = pools_->orders[slot];
  assert(quantity > 0 && quantity <= order.leaves);
  order.leaves -= quantity;
  if (order.leaves == 0) {
    unlink(side, order, quantity);
    pools_->orders.give_back(slot);
    return;
  }
  Level& level = pools_->levels[order.level];
  level.quantity -= quantity;
  report(side, level);
}

void Book::move(Side side, Slot slot, std::int64_t price, std::int64_t leaves) noexcept {
  assert(leaves > 0);
  BookOrder& order = pools_->orders[slot];
  unlink(side, order, order.leaves);
  order.leaves = leaves;
  order.next = kNil;
  link(side, price, slot);
}

void Book::renew(Side side, Slot slot, std::int64_t slice) noexcept {
  BookOrder& order = pools_->orders[slot];
  Level& level = pools_->levels[order.level];
  level.quantity += slice - order.leaves;
  order.leaves = slice;
  if (order.next != kNil) {
    (order.previous == kNil ? level.first : pools_->orders[order.previous].next) = order.next;
    pools_->orders[order.next].previous = order.previous;
    pools_->orders[level.last].next = slot;
    order.previous = level.last;
    order.next = kNil;
    level.last = slot;
  }
  report(side, level);
}

[[gnu::noinline]] Slot Book::open_level(Side side, std::int64_t price) noexcept {
  Half& half = this->half(side);
  const bool buys = side == Side::kBuy;
  const Slot better = buys ? half.index.above(pools_->nodes, key(price)) : half.index.below(pools_->nodes, key(price));
  const Slot worse = better != kNil ? pools_->levels[better].worse : half.best;
  const Slot slot = pools_->levels.take();
  pools_->levels[slot].price = price;
  pools_->levels[slot].better = better;
  pools_->levels[slot].worse = worse;
  (better == kNil ? half.best : pools_->levels[better].worse) = slot;
  if (worse != kNil) pools_->levels[worse].better = slot;
  half.index.insert(pools_->nodes, key(price), slot);
  return slot;
}

[[gnu::noinline]] void Book::close_level(Side side, Slot slot) noexcept {
  const Level& level = pools_->levels[slot];
  assert(level.quantity == 0 && level.first == kNil);
  Half& half = this->half(side);
  (level.better == kNil ? half.best : pools_->levels[level.better].worse) = level.worse;
  if (level.worse != kNil) pools_->levels[level.worse].better = level.better;
  half.index.erase(pools_->nodes, key(level.price));
  pools_->levels.give_back(slot);
}

bool Book::consistent(Side side) const noexcept {
  Slot better = kNil;
  for (Slot at = best(side); at != kNil; better = at, at = level(at).worse) {
    const Level& here = level(at);
    std::int64_t sum = 0;
    Slot previous = kNil;
    for (Slot o = here.first; o != kNil; previous = o, o = order(o).next) {
      if (order(o).level != at || order(o).previous != previous || order(o).leaves <= 0) return false;
      sum += order(o).leaves;
    }
    const bool ordered = better == kNil || (level(better).price != here.price &&
                                            (level(better).price > here.price) == (side == Side::kBuy));
    const bool indexed = half(side).index.find(pools_->nodes, key(here.price)) == at;
    if (sum != here.quantity || sum == 0 || here.last != previous || here.better != better || !ordered || !indexed) {
      return false;
    }
  }
  return true;
}

}  // namespace exchange::engine
