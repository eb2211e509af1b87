// The open orders that only reduce a position, by position.
//
// Invariants:
//   1. All of a position's are in its queue, in order of entry, whether they stand in a book or wait; no more than
//      kMaxReducing are.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <vector>

#include "exchange/engine/core.hpp"
#include "pool.hpp"

namespace exchange::engine {

// Of one account in one instrument: what a fill may make smaller.
inline constexpr std::uint32_t kMaxReducing = 32;

class Reducing {
 private:
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return orders_[slot].links; };
  }

 public:
  // By the special records of the orders.
  explicit Reducing(const Limits& limits) : orders_(limits.special_orders), queues_(limits.positions) {}

  void add(Slot special, Slot order, Slot position) noexcept {
    orders_[special].order = order;
    queues_[position].push_back(special, links());
  }
  void erase(Slot special, Slot position) noexcept { queues_[position].erase(special, links()); }

  // Special records; kNil if there is none, or none after it.
  [[nodiscard]] Slot first(Slot position) const noexcept { return queues_[position].front(); }
  [[nodiscard]] Slot next(Slot special) const noexcept { return orders_[special].links.next; }
  [[nodiscard]] Slot order(Slot special) const noexcept { return orders_[special].order; }

 private:
  struct Order {
    Links links;
    Slot order = kNil;
  };

  FlatArray<Order> orders_;
  std::vector<List> queues_;
};

}  // namespace exchange::engine
