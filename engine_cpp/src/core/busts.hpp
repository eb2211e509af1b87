// Trades that were taken back, and those of which not all is done yet.
//
// Invariants:
//   1. A trade is taken back once, and remembered for good by its number with all that was said of it: the same command
//      again is answered as at first, another one under its number is refused. The set is bounded, and nothing leaves it.
//   2. A command cancels so many orders of the two accounts and no more; what it does not get done goes on before later
//      commands, first asked first, and no settlement or its like goes on before it. No more than kMaxUnfinished wait.
//   3. What a bust that waits will need, balances and positions, is there from its command on.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <deque>

#include "exchange/engine/core.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

struct RememberedBust {
  BustedTrade trade;
  std::uint64_t engine_seq = 0;  // of the command that asked for it
};

struct BustTask {
  Slot bust = kNil;                 // that is remembered
  std::uint64_t last_order_id = 0;  // the newest order when it was asked for
  std::uint32_t cancelled = 0;      // orders of the account whose turn it is
  std::uint8_t accounts_done = 0;   // the maker's first
};

// One side of a trade on its way back, and what its account owes the insurance fund for it.
struct BustSide {
  Slot account = kNil;
  std::int64_t fee = 0;
  std::int64_t owes_quote = 0;
  std::int64_t owes_base = 0;
};

class Busts {
 public:
  static constexpr std::size_t kMaxUnfinished = 1'024;

  explicit Busts(const Limits& limits) : busts_(limits.busted_trades), by_trade_(limits.busted_trades) {}

  [[nodiscard]] bool has_room() const noexcept { return busts_.room() > 0 && unfinished_.size() < kMaxUnfinished; }
  // The bust of a trade; kNil if it was not taken back.
  [[nodiscard]] Slot find(std::uint64_t trade_id) const noexcept;
  [[nodiscard]] const RememberedBust& operator[](Slot slot) const noexcept { return busts_[slot]; }
  // Needs room.
  void begin(const RememberedBust& bust, std::uint64_t last_order_id);

  [[nodiscard]] bool has_unfinished() const noexcept { return !unfinished_.empty(); }
  [[nodiscard]] const std::deque<BustTask>& unfinished() const noexcept { return unfinished_; }
  [[nodiscard]] BustTask& first() noexcept { return unfinished_.front(); }
  void finish_first() { unfinished_.pop_front(); }
  // Is one under way of a trade of this account?
  [[nodiscard]] bool concern(std::uint64_t account_id) const noexcept;
  // Or of this instrument and value date?
  [[nodiscard]] bool concern(std::uint32_t instrument_id, std::uint32_t value_date) const noexcept;

  void save(StateWriter& out) const;
  // `last_seq`: of the last command that was applied.
  [[nodiscard]] bool load(StateReader& in, std::uint64_t last_seq);
  // Has every trade that was taken back a number from above `before` to `last`?
  [[nodiscard]] bool are_numbered(std::uint64_t before, std::uint64_t last) const noexcept;

 private:
  Slot remember(const RememberedBust& bust) noexcept;
  [[nodiscard]] bool load_unfinished(StateReader& in);

  Pool<RememberedBust> busts_;
  SlotTable by_trade_;
  std::deque<BustTask> unfinished_;
};

}  // namespace exchange::engine
