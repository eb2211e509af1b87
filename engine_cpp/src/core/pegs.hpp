// Orders that follow the best prices of the book: which there are, and where each of them has to stand.
//
// Invariants:
//   1. The open pegged orders of an instrument are in order of entry, and no more than kMaxPegged.
//   2. Where one has to stand follows from its terms and from the best prices of all orders that are not pegged, so
//      none of them moves another one.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <optional>
#include <vector>

#include "exchange/engine/command.hpp"
#include "instruments.hpp"
#include "pool.hpp"

namespace exchange::engine {

// Most pegged orders of one instrument that are open.
inline constexpr std::uint32_t kMaxPegged = 1'024;

// The best prices of the orders that are not pegged, where there are any.
struct PegPrices {
  std::optional<std::int64_t> bid;
  std::optional<std::int64_t> ask;
};

// What a pegged order says of its price.
struct PegTerms {
  std::int64_t limit = 0;
  std::int64_t offset_ticks = 0;
  Side side{};
  PegReference reference{};
  bool stays_behind = false;  // at least a tick behind the best opposite price
};

// None if what it follows is not there, or leads to no price of the instrument.
[[nodiscard]] std::optional<std::int64_t> peg_price(const PegTerms& terms, const PegPrices& best,
                                                    const Instrument& instrument) noexcept;

class Pegs {
 private:
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return pegs_[slot].links; };
  }

 public:
  // By the special records of the orders.
  Pegs(std::uint32_t instruments, std::uint32_t special_orders) : pegs_(special_orders), markets_(instruments) {}

  [[nodiscard]] bool has_any() const noexcept { return count_ > 0; }
  [[nodiscard]] std::uint32_t count(Slot instrument) const noexcept { return markets_[instrument].count; }
  [[nodiscard]] bool has_room(Slot instrument, std::size_t orders = 1) const noexcept {
    return count(instrument) + orders <= kMaxPegged;
  }
  void add(Slot special, Slot order, Slot instrument) noexcept {
    pegs_[special].order = order;
    markets_[instrument].queue.push_back(special, links());
    ++markets_[instrument].count;
    ++count_;
  }
  void erase(Slot special, Slot instrument) noexcept {
    markets_[instrument].queue.erase(special, links());
    --markets_[instrument].count;
    --count_;
  }

  // Special records, in order of entry; kNil if there is none, or none after it.
  [[nodiscard]] Slot first(Slot instrument) const noexcept { return markets_[instrument].queue.front(); }
  [[nodiscard]] Slot next(Slot special) const noexcept { return pegs_[special].links.next; }
  [[nodiscard]] Slot order(Slot special) const noexcept { return pegs_[special].order; }

 private:
  struct Peg {
    Links links;
    Slot order = kNil;
  };
  struct Market {
    List queue;
    std::uint32_t count = 0;
  };

  FlatArray<Peg> pegs_;
  std::vector<Market> markets_;
  std::uint32_t count_ = 0;
};

}  // namespace exchange::engine
