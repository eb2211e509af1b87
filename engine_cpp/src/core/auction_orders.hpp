// The open orders that are for an auction only, of each instrument in order of entry: what an uncross leaves of them ends.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <vector>

#include "pool.hpp"

namespace exchange::engine {

class AuctionOrders {
 private:
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot]; };
  }

 public:
  // For order slots below `orders`.
  AuctionOrders(std::uint32_t instruments, std::uint32_t orders) : links_(orders), by_instrument_(instruments) {}

  void add(Slot order, Slot instrument) noexcept { by_instrument_[instrument].push_back(order, links()); }
  void erase(Slot order, Slot instrument) noexcept { by_instrument_[instrument].erase(order, links()); }

  // kNil if there is none, or none after it.
  [[nodiscard]] Slot first(Slot instrument) const noexcept { return by_instrument_[instrument].front(); }
  [[nodiscard]] Slot next(Slot order) const noexcept { return links_[order].next; }

 private:
  FlatArray<Links> links_;
  std::vector<List> by_instrument_;
};

}  // namespace exchange::engine
