// Groups with a parent: its children are active as far as it has filled.
//
// Invariants:
//   1. A fill of a parent is first its own: a child is given its share once the step is complete that made it (an order,
//      also one of several that enter together, a trigger, a pegged order that moves), never mid-match. So whatever fills
//      an exit meets all of it that is to stand there. Parents pass on in order of entry, a parent in one step for all
//      its children.
//   2. OTO_PARTIAL and BRACKET pass on what the parent has filled, OTO_FULL once the parent has ended. A parent that ends
//      without a fill cancels its children.
//   3. What a child trades, or that it ends, changes nothing about its parent, and it grows no more once it has ended. Only
//      a bracket is over once an exit has traded all that it was given: what is open of its entry is cancelled, so that
//      nothing enters that no exit waits for.
//   4. Every leg that may trade beside the others has a hold of its own from the start; legs that exclude each other share
//      the larger. One child, or one pair, that takes what the parent brings is fed: it holds what the parent has filled,
//      from that fill on. So nothing that was accepted runs short, whatever trades first.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "exchange/engine/command.hpp"
#include "pool.hpp"

namespace exchange::engine {

// The open children of a parent, in order of entry.
class Children {
 public:
  void add(Slot child) noexcept { slots_[count_++] = child; }
  [[nodiscard]] const Slot* begin() const noexcept { return slots_.data(); }
  [[nodiscard]] const Slot* end() const noexcept { return slots_.data() + count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

 private:
  std::array<Slot, kMaxGroupOrders - 1> slots_{};
  std::size_t count_ = 0;
};

}  // namespace exchange::engine
