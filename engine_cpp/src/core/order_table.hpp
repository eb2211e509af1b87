// Orders by their numbers, which are given in a row: the newest are found at the place of their last bits.
//
// Invariants:
//   1. An order stands at the place of its number unless a newer one needed it: then it is among the displaced.
//   2. Places are at least twice as many as orders, so what is displaced has outlived as many others.
//
// Threads: none; owned by one Core.
#pragma once

#include "pool.hpp"

namespace exchange::engine {

class OrderTable {
 public:
  explicit OrderTable(std::uint32_t capacity)
      : places_(std::bit_ceil(std::size_t{2} * capacity)), mask_(places_.size() - 1), displaced_(capacity) {}

  // `number_of` answers the number of the order in a slot.
  template <class NumberOf>
  [[nodiscard]] Slot find(std::uint64_t order_id, NumberOf number_of) const noexcept {
    const Slot slot = guess(order_id);
    if (slot != kNil && number_of(slot) == order_id) [[likely]] return slot;
    if (displaced_count_ == 0) return kNil;
    return displaced_.find(spread(order_id), [&](Slot other) { return number_of(other) == order_id; });
  }

  // The order at the place of this number, right or not: to be told to come nearer.
  [[nodiscard]] Slot guess(std::uint64_t order_id) const noexcept { return places_[order_id & mask_] - 1; }
  void prefetch(std::uint64_t order_id) const noexcept { __builtin_prefetch(&places_[order_id & mask_]); }

  template <class NumberOf>
  void insert(std::uint64_t order_id, Slot slot, NumberOf number_of) noexcept {
    std::uint32_t& place = places_[order_id & mask_];
    if (place != 0) [[unlikely]] {
      displaced_.insert(spread(number_of(place - 1)), place - 1);
      ++displaced_count_;
    }
    place = slot + 1;
  }

  void erase(std::uint64_t order_id, Slot slot) noexcept {
    std::uint32_t& place = places_[order_id & mask_];
    if (place == slot + 1) {
      place = 0;
      return;
    }
    displaced_.erase(spread(order_id), slot);
    --displaced_count_;
  }

 private:
  FlatArray<std::uint32_t> places_;  // one more than the slot; 0 if there is none, and so kNil is one less
  std::uint64_t mask_;
  SlotTable displaced_;
  std::uint32_t displaced_count_ = 0;
};

}  // namespace exchange::engine
