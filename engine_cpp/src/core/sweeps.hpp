// What operators do to all positions of an instrument: settling, rolling, expiring; exercises, which assign some; and
// deliveries, to all that have something open under a value date.
//
// Invariants:
//   1. A command does so many positions and no more; what it does not get done is unfinished and goes on before later
//      commands, first asked first. No more than kMaxUnfinished are.
//   2. A date is settled, rolled or expired once, and dates only go on.
//
// Threads: none; owned by one Core.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "exchange/engine/core.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

enum class SweepKind : std::uint8_t { kSettle = 1, kRoll = 2, kExpire = 3, kExercise = 4, kDeliver = 5 };

struct Sweep {
  SweepKind kind{};
  bool orders_gone = false;  // of an expiry
  bool is_begun = false;
  std::uint32_t trading_date = 0;
  std::int64_t price = 0;        // settlement, final or long swap price; of an exercise what one unit pays
  std::int64_t short_price = 0;  // swap price of shorts
  std::int64_t quantity = 0;     // that is still to be exercised
  Slot instrument = kNil;
  Slot next = kNil;     // position, or record of what is unsettled, that comes next, once begun
  Slot account = kNil;  // that exercises
  std::uint32_t positions = 0;
};

// Of an instrument, the last date and price of each; date 0 before the first.
struct LastSweeps {
  std::int64_t settlement_price = 0;
  std::int64_t long_price = 0;
  std::int64_t short_price = 0;
  std::int64_t final_price = 0;
  std::uint32_t settled = 0;
  std::uint32_t rolled = 0;
  std::uint32_t expired = 0;
};

class Sweeps {
 public:
  static constexpr std::size_t kMaxUnfinished = 1'024;

  explicit Sweeps(const Limits& limits) : last_(limits.instruments) {}

  [[nodiscard]] bool has_room() const noexcept { return unfinished_.size() < kMaxUnfinished; }
  [[nodiscard]] bool has_unfinished() const noexcept { return !unfinished_.empty(); }
  [[nodiscard]] const std::deque<Sweep>& unfinished() const noexcept { return unfinished_; }
  [[nodiscard]] Sweep& first() noexcept { return unfinished_.front(); }
  void begin(const Sweep& sweep) { unfinished_.push_back(sweep); }
  void finish_first() { unfinished_.pop_front(); }

  [[nodiscard]] LastSweeps& last(Slot instrument) noexcept { return last_[instrument]; }
  [[nodiscard]] bool is_expired(Slot instrument) const noexcept { return last_[instrument].expired != 0; }

  void save(StateWriter& out, std::uint32_t instruments) const;
  [[nodiscard]] bool load(StateReader& in, std::uint32_t instruments, std::uint32_t accounts, std::uint32_t positions,
                          std::uint32_t unsettled);

 private:
  std::deque<Sweep> unfinished_;
  std::vector<LastSweeps> last_;
};

}  // namespace exchange::engine
