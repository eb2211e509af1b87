#include "reserves.hpp"

#include <utility>

namespace exchange::engine {

void Reserves::begin(BookOrder& order, std::int64_t hidden, std::int64_t display) noexcept {
  assert(!has(order) && order.leaves > 0 && hidden >= 0 && display > 0);
  const Slot slot = reserves_.take();
  reserves_[slot].hidden = hidden;
  reserves_[slot].display = display;
  reserves_[slot].owner = std::exchange(order.owner, slot | kMark);
}

void Reserves::change(const BookOrder& order, std::int64_t hidden, std::int64_t display) noexcept {
  Reserve& reserve = reserves_[order.owner & ~kMark];
  by_level_[order.level] += hidden - reserve.hidden;
  reserve.hidden = hidden;
  reserve.display = display;
}

void Reserves::show(const BookOrder& order, std::int64_t slice) noexcept {
  Reserve& reserve = reserves_[order.owner & ~kMark];
  assert(slice > 0 && slice <= reserve.hidden);
  reserve.hidden -= slice;
  by_level_[order.level] -= slice;
}

void Reserves::end(const BookOrder& order) noexcept {
  by_level_[order.level] -= hidden(order);
  reserves_.give_back(order.owner & ~kMark);
}

}  // namespace exchange::engine
