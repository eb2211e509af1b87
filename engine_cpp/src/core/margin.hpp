// What positions and their orders ask for, and what they are worth, in the settlement unit.
//
// Invariants:
//   1. An instrument's margin is that of the larger of its two worst positions: all open buys filled, or all open sells.
//      It is measured at the mark price; of an option, by the contracts that may be short. Beyond it stands what open
//      orders can cost: their fees, and the premiums of options that are to be bought.
//   2. What is asked for rounds up, what something is worth rounds down. Nothing overflows: what would, stays at the
//      largest number.
//
// Threads: none; reads what the accounts half of one Core owns.
#pragma once

#include "instruments.hpp"
#include "orders.hpp"
#include "positions.hpp"

namespace exchange::engine {

// How an account stands.
struct Standing {
  Int128 equity = 0;
  Int128 initial = 0;      // margin of positions and open orders
  Int128 maintenance = 0;  // margin of positions

  [[nodiscard]] Int128 free() const noexcept { return equity - initial; }
};

// An open order, as far as it can cost something.
struct OpenOrder {
  Side side{};
  std::int64_t price = 0;  // the worst that it may trade at
  std::int64_t leaves = 0;
  std::int64_t cum_notional = 0;
  std::int64_t cum_fee = 0;
  std::int32_t max_ppm = 0;
};

class Margin {
 public:
  Margin(const Instruments& instruments, const Positions& positions) : instruments_(instruments), positions_(positions) {}

  // An amount of an instrument's quote asset in the settlement unit.
  [[nodiscard]] Int128 settled(const Instrument& instrument, Int128 amount) const noexcept;     // rounded down
  [[nodiscard]] Int128 settled_up(const Instrument& instrument, Int128 amount) const noexcept;  // rounded up
  // The other way.
  [[nodiscard]] Int128 quoted(const Instrument& instrument, Int128 amount) const noexcept;     // rounded down
  [[nodiscard]] Int128 quoted_up(const Instrument& instrument, Int128 amount) const noexcept;  // rounded up
  // How far the price may go until `size` has lost so much of the settlement unit; rounded down.
  [[nodiscard]] Int128 price_span(const Instrument& instrument, Int128 amount, Int128 size) const noexcept;
  // What `size` of an option's quantity pays that is `pays` in the money; rounded down.
  [[nodiscard]] Int128 paid_by_option(const Instrument& option, const Instrument& underlying, std::int64_t pays,
                                      Int128 size) const noexcept;
  // Can margins of the instrument be measured: are the prices there that it takes?
  [[nodiscard]] bool is_priced(const Instrument& instrument) const noexcept;

  [[nodiscard]] Int128 unrealised(const Position& position) const noexcept;
  [[nodiscard]] Int128 initial(const Position& position, std::uint32_t account_class) const noexcept;
  [[nodiscard]] Int128 maintenance(const Position& position, std::uint32_t account_class) const noexcept;
  [[nodiscard]] Standing standing(Slot account, std::uint32_t account_class, std::int64_t collateral) const noexcept;

  // What an open order can cost beyond its margin, in quote units.
  [[nodiscard]] std::int64_t reserve(const Instrument& instrument, const OpenOrder& order) const noexcept;
  [[nodiscard]] std::int64_t reserve_of(const OrderRecord& order) const noexcept;

 private:
  [[nodiscard]] Int128 margin_on(const Instrument& instrument, Int128 quantity, std::uint32_t ppm) const noexcept;
  [[nodiscard]] Int128 short_margin(const Instrument& instrument, const SetMarginParameters& parameters, Int128 contracts,
                                    bool maintains) const noexcept;

  const Instruments& instruments_;
  const Positions& positions_;
};

// The position's exposure: what its margin is measured by.
[[nodiscard]] Int128 exposure(const Instrument& instrument, const Position& position) noexcept;

// The worth of `quantity` at `price`, both with their signs, in quote units; rounded down.
[[nodiscard]] Int128 value_at(const Instrument& instrument, std::int64_t price, Int128 quantity) noexcept;

}  // namespace exchange::engine
