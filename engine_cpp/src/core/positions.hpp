// What accounts hold of instruments on margin, and what their open orders may make of it.
//
// Invariants:
//   1. A position has a cost exactly while it has a quantity; both have a sign. What is closed releases its share of the
//      cost, rounded toward zero, and the last of it the rest, so costs never drift.
//   2. `open_buys`, `open_sells` and `reserved` are the sums over the open orders of the account in the instrument, but
//      for those that only reduce.
//   3. Over all accounts the quantities of an instrument add up to zero, unless its expiry is under way.
//   4. Positions are not removed once they were used: slots run in order of first use. Those of an account and those of an
//      instrument run so too.
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

// The nearest amount that any balance, cost or result may be.
[[nodiscard]] constexpr std::int64_t clamped_amount(Int128 amount) noexcept {
  return static_cast<std::int64_t>(std::clamp<Int128>(amount, -kMaxAmount, kMaxAmount));
}

struct Position {
  std::int64_t quantity = 0;  // negative: short
  std::int64_t cost = 0;      // in quote units; negative: received
  std::int64_t realised = 0;  // result of all that was closed, in quote units
  std::int64_t open_buys = 0;
  std::int64_t open_sells = 0;
  std::int64_t reserved = 0;  // what its open orders can cost beyond their margin, in quote units
  std::uint32_t reducing = 0;  // open orders that only reduce it
  Slot account = kNil;
  Slot instrument = kNil;
  Slot next_of_account = kNil;
  Slot next_of_instrument = kNil;

  // How much an order of this side can close.
  [[nodiscard]] std::int64_t closable(Side side) const noexcept {
    return std::max(side == Side::kSell ? quantity : -quantity, std::int64_t{0});
  }
  // Takes `delta`, worth `value` at its price, each with the sign of what is bought; answers the result of what closes.
  std::int64_t take(std::int64_t delta, std::int64_t value) noexcept;
};

class Positions {
 public:
  explicit Positions(const Limits& limits);

  [[nodiscard]] std::uint32_t room() const noexcept { return positions_.room(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return positions_.size(); }
  // kNil if the account never traded the instrument.
  [[nodiscard]] Slot find(Slot account, Slot instrument) const noexcept;
  // Makes the position if it is not there; needs room for one.
  Slot obtain(Slot account, Slot instrument) noexcept;
  // Takes back the newest position, which nothing has used.
  void forget_newest() noexcept;
  [[nodiscard]] Position& operator[](Slot slot) noexcept { return positions_[slot]; }
  [[nodiscard]] const Position& operator[](Slot slot) const noexcept { return positions_[slot]; }
  // Takes a trade as Position::take does; answers the result of what closes.
  std::int64_t trade(Slot slot, std::int64_t delta, std::int64_t value) noexcept;
  // Makes its worth its cost; answers the result.
  std::int64_t revalue(Slot slot, std::int64_t value) noexcept;
  // The sum of the costs of an instrument's positions.
  [[nodiscard]] Int128 cost_in(Slot instrument) const noexcept { return costs_[instrument]; }

  [[nodiscard]] Slot first_of_account(Slot account) const noexcept { return by_account_[account].first; }
  [[nodiscard]] Slot first_of_instrument(Slot instrument) const noexcept { return by_instrument_[instrument].first; }
  // Has the account, or the instrument, a position that is not zero?
  [[nodiscard]] bool has_open(Slot account) const noexcept;
  [[nodiscard]] bool has_open_in(Slot instrument) const noexcept;

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in, std::uint32_t accounts, std::uint32_t instruments);
  // Do the quantities of the instrument add up to zero?
  [[nodiscard]] bool balanced(Slot instrument) const noexcept;

 private:
  struct Chain {
    Slot first = kNil;
    Slot last = kNil;
  };

  [[nodiscard]] static std::uint32_t tag_of(Slot account, Slot instrument) noexcept {
    return static_cast<std::uint32_t>(mix(std::uint64_t{account} << 32U | instrument));
  }

  Pool<Position> positions_;
  SlotTable by_key_;
  using Next = Slot Position::*;
  static void append(Chain& chain, Pool<Position>& positions, Slot slot, Next next) noexcept;
  static void drop_last(Chain& chain, Pool<Position>& positions, Next next) noexcept;

  std::vector<Chain> by_account_;
  std::vector<Chain> by_instrument_;
  std::vector<Int128> costs_;  // by instrument
};

}  // namespace exchange::engine
