// The opposite positions that one which no book takes is closed against, in the order in which they go: the most gained
// for what is behind it first, then the lower account.
//
// Invariants:
//   1. They are found by a walk over all that hold the instrument, so many positions with a command, each ranked as it
//      was when the walk passed it. No more are kept than one command may treat; when these are used up, the walk
//      begins anew.
//   2. There is one ranking at a time, of the liquidation whose turn it is.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "exchange/engine/core.hpp"
#include "money.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

struct Ranked {
  std::int64_t gain_ppm = 0;      // of its cost
  std::int64_t leverage_ppm = 0;  // its notional, of the equity behind it
  std::uint64_t account_id = 0;
  Slot position = kNil;
};

class Ranking {
 public:
  explicit Ranking(std::uint32_t most) : most_(most) {}

  // Ranks those opposite to `position`, by a walk that begins at `first`.
  void begin(Slot position, Slot first);
  void end() { begin(kNil, kNil); }
  [[nodiscard]] Slot position() const noexcept { return position_; }  // kNil: of none
  // Where the walk is; kNil if it is over.
  [[nodiscard]] Slot next() const noexcept { return next_; }
  void pass_to(Slot next);
  void offer(const Ranked& ranked);

  [[nodiscard]] bool is_empty() const noexcept { return kept_.empty(); }
  [[nodiscard]] const std::vector<Ranked>& kept() const noexcept { return kept_; }
  // The next one; once the walk is over.
  [[nodiscard]] Slot take() noexcept;

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in, std::uint32_t positions);

 private:
  std::uint32_t most_;
  Slot position_ = kNil;
  Slot next_ = kNil;
  std::vector<Ranked> kept_;  // a heap, the last in order first; once the walk is over sorted, the first in order last
};

}  // namespace exchange::engine
