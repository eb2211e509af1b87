// Trailing stops: orders whose trigger follows the best price that they have seen, at an offset.
//
// Those that watch one price from one side have seen the same prices since each of them entered: the earlier one entered,
// the better its watermark. They stand in a tree in order of entry, whose later part moves at once. That order is of
// turns: an order's number, but of a child a number that it gets once it begins to trail.
//
// Invariants:
//   1. Watermarks and triggers are above zero: a price that is not is reached, but never followed. In order of entry no
//      watermark is better than the one before; it never gets worse.
//   2. A node knows the nearest trigger below itself, so what a price does is found without a look at the rest: a move,
//      and each order that comes true, cost the height of the tree. Its shape follows the orders' turns alone.
//   3. A move that is not told yet is known by the market that it happened in and by where in it telling goes on.
//
// Threads: none; owned by one Triggers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "exchange/engine/core.hpp"
#include "pool.hpp"

namespace exchange::engine {

// Either ticks or basis points.
struct TrailingOffset {
  std::int64_t ticks = 0;
  std::uint32_t bps = 0;

  [[nodiscard]] bool is_none() const noexcept { return ticks == 0 && bps == 0; }
};

// Trigger at this distance from a watermark, on the grid: a buy's (it rises to it) above and rounded up, a sell's below
// and rounded down. None if it is no price.
[[nodiscard]] std::optional<std::int64_t> trailing_trigger(bool rises, std::int64_t watermark,
                                                           const TrailingOffset& offset, std::int64_t tick) noexcept;

class Trails {
 public:
  static constexpr std::size_t kMarketsPerInstrument = 10;

  explicit Trails(const Limits& limits);

  // Makes the markets of one more instrument.
  void open() { markets_.resize(markets_.size() + kMarketsPerInstrument); }

  // `slot` is the caller's. An order that was away takes the watermark of the next one, if that is better.
  void insert(std::size_t market, Slot slot, std::uint64_t turn, std::int64_t watermark,
              const TrailingOffset& offset, std::int64_t tick) noexcept;
  void erase(std::size_t market, Slot slot) noexcept;

  // Moves the watermarks that `price` is better than.
  void improve(std::size_t market, std::int64_t price) noexcept;
  // An order whose trigger `price` has reached, or kNil.
  [[nodiscard]] Slot find_fired(std::size_t market, std::int64_t price) const noexcept;

  [[nodiscard]] std::int64_t watermark(std::size_t market, Slot slot) const noexcept;
  [[nodiscard]] bool is_empty(std::size_t market) const noexcept { return markets_[market].root == kNil; }
  // May an order with this watermark stand behind all others?
  [[nodiscard]] bool fits_last(std::size_t market, std::int64_t watermark) const noexcept;

  // The markets that moved since the last call are to be told, in their order.
  void queue_moved() noexcept;
  [[nodiscard]] bool has_untold() const noexcept { return !untold_.empty(); }
  // The next order whose move may be untold; kNil, and nothing is left, at the end.
  [[nodiscard]] Slot next_untold() noexcept;

  struct Untold {
    std::uint32_t market = 0;
    std::uint64_t next_id = 0;   // where telling goes on
    std::uint64_t again_id = 0;  // and from where once more at the end, what moved meanwhile; 0: nothing
  };
  template <class Visit>
  void for_each_untold(Visit visit) const {
    for (const std::uint32_t market : untold_) visit(Untold{market, markets_[market].next_id, markets_[market].again_id});
  }
  // Of a saved state; false if it cannot be.
  [[nodiscard]] bool restore(const Untold& untold) noexcept;

  [[nodiscard]] bool consistent() const noexcept;

 private:
  struct Node {
    std::uint64_t turn = 0;
    std::int64_t watermark = 0;
    std::int64_t moved = 0;        // watermark that all below have and do not know yet; 0: none
    std::int64_t nearest = 0;      // trigger that is reached first, of this node and those below
    std::int64_t ticks = 0;
    std::int64_t least_ticks = 0;  // offset of this node and those below; 0: none in ticks
    std::uint32_t bps = 0;
    std::uint32_t least_bps = 0;
    Slot low = kNil;
    Slot high = kNil;
  };
  struct Market {
    Slot root = kNil;
    std::int64_t tick = 0;
    std::uint64_t next_id = 0;
    std::uint64_t again_id = 0;
    bool is_untold = false;
    bool has_moved = false;
  };

  [[nodiscard]] static bool rises(std::size_t market) noexcept { return market % 2 == 1; }
  // Is `one` better as a watermark: lower for those that wait for a rise?
  [[nodiscard]] static bool is_better(std::size_t market, std::int64_t one, std::int64_t other) noexcept {
    return rises(market) ? one < other : one > other;
  }
  [[nodiscard]] static bool is_reached(std::size_t market, std::int64_t trigger, std::int64_t price) noexcept {
    return rises(market) ? price >= trigger : price <= trigger;
  }
  // The one of two triggers that is reached first.
  [[nodiscard]] static std::int64_t nearer(std::size_t market, std::int64_t one, std::int64_t other) noexcept;
  [[nodiscard]] std::int64_t nearest_at(std::size_t market, std::int64_t watermark, std::int64_t ticks,
                                        std::uint32_t bps) const noexcept;
  void move(std::size_t market, Slot slot, std::int64_t watermark) noexcept;
  void pass_down(std::size_t market, Slot slot) noexcept;
  void sum_up(std::size_t market, Slot slot) noexcept;
  void improve(std::size_t market, Slot slot, std::int64_t price) noexcept;
  [[nodiscard]] Slot erase(std::size_t market, Slot at, std::uint64_t turn) noexcept;
  [[nodiscard]] Slot merge(std::size_t market, Slot low, Slot high) noexcept;
  void split(std::size_t market, Slot at, std::uint64_t turn, Slot& low, Slot& high) noexcept;
  [[nodiscard]] std::optional<std::int64_t> watermark_from(std::size_t market, std::uint64_t turn) const noexcept;
  [[nodiscard]] Slot first_from(std::size_t market, std::uint64_t turn) const noexcept;
  void note_move(Market& market, std::uint64_t first_id) noexcept;

  FlatArray<Node> nodes_;
  std::vector<Market> markets_;
  std::vector<std::uint32_t> moved_;   // markets that are to be queued
  std::vector<std::uint32_t> untold_;  // a queue
};

}  // namespace exchange::engine
