// Arithmetic on prices, quantities and money.
//
// Invariants:
//   1. Every amount is an int64 at a fixed scale, every product an Int128: nothing rounds unless its name says how.
//   2. Every operand is bounded by kMaxAmount or kMaxPrice, so no sum of a hold, its fee and a unit overflows.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <limits>

namespace exchange::engine {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// Most units of an asset in the whole shard, and so in any balance, notional or transfer.
inline constexpr std::int64_t kMaxAmount = std::int64_t{1} << 61;

// Highest price, in units of a price scale.
inline constexpr std::int64_t kMaxPrice = 1'000'000'000'000'000'000;

inline constexpr std::int64_t kMillion = 1'000'000;
inline constexpr std::int64_t kBasisPoints = 10'000;

// Highest fee rate, in millionths of the notional.
inline constexpr std::uint32_t kMaxFeePpm = 100'000;

[[nodiscard]] constexpr bool is_fee_rate(std::int32_t ppm) noexcept {
  return ppm >= -static_cast<std::int32_t>(kMaxFeePpm) && ppm <= static_cast<std::int32_t>(kMaxFeePpm);
}

[[nodiscard]] constexpr std::int64_t power_of_ten(std::uint32_t exponent) noexcept {
  assert(exponent <= 18);
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// Division by a number that is known long before: a multiplication and a shift.
// For n < 2^60, with magic = floor(2^(60 + L) / d) + 1 and d <= 2^L, the error n * (magic * d - 2^(60 + L)) stays below
// 2^(60 + L), so the quotient is exact (Granlund and Montgomery, 1994). Four bits more make the upper half of the
// product the one that is asked for.
class Divisor {
 public:
  constexpr Divisor() noexcept : Divisor(1) {}
  explicit constexpr Divisor(std::int64_t divisor) noexcept
      : divisor_(divisor), shift_(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(divisor) - 1))) {
    assert(divisor > 0);
    magic_ = static_cast<std::uint64_t>((UInt128{1} << (kBits + shift_)) / static_cast<std::uint64_t>(divisor)) + 1;
  }

  [[nodiscard]] constexpr std::int64_t quotient(std::int64_t n) const noexcept {
    const auto bits = static_cast<std::uint64_t>(n);
    if (bits >> kBits != 0) [[unlikely]] return n / divisor_;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(UInt128{bits << (64 - kBits)} * magic_ >> 64U) >> shift_);
  }
  [[nodiscard]] constexpr bool divides(std::int64_t n) const noexcept { return quotient(n) * divisor_ == n; }

 private:
  static constexpr int kBits = 60;

  std::int64_t divisor_;
  std::uint64_t magic_ = 0;
  int shift_;
};

// Largest notional whose product with any fee rate, rounded up, fits 64 bits.
inline constexpr std::int64_t kMaxQuickFeeNotional =
    (std::numeric_limits<std::int64_t>::max() - kMillion) / kMaxFeePpm;

// ceil(cum_notional * ppm / 10^6): what one side of an order has to pay for all it traded on that side. Of a rebate, a
// negative rate, the floor is given back.
[[nodiscard]] constexpr std::int64_t fee_on(std::int64_t cum_notional, std::int32_t ppm) noexcept {
  assert(cum_notional >= 0 && is_fee_rate(ppm));
  if (ppm < 0) return static_cast<std::int64_t>(Int128{cum_notional} * ppm / kMillion);
  // 64 bits are enough, and several times as fast, for all but the largest.
  if (cum_notional <= kMaxQuickFeeNotional) return (cum_notional * ppm + kMillion - 1) / kMillion;
  return static_cast<std::int64_t>((Int128{cum_notional} * ppm + kMillion - 1) / kMillion);
}

// What a buyer keeps reserved while `leaves_notional`, the open quantity at the limit, is above zero. The unit covers
// the second rounding of an order that is part maker, part taker.
[[nodiscard]] constexpr std::int64_t buyer_hold(std::int64_t leaves_notional, std::int64_t cum_notional,
                                                std::int32_t max_ppm, std::int64_t fees_paid) noexcept {
  assert(leaves_notional >= 0 && max_ppm >= 0);
  if (leaves_notional == 0) return 0;
  return leaves_notional + fee_on(cum_notional + leaves_notional, max_ppm) + 1 - fees_paid;
}

// Largest notional whose sum with its fee fits the budget: n + ceil(n * ppm / 10^6) <= budget. A rebate is had after the
// trade, so it buys nothing.
[[nodiscard]] constexpr std::int64_t notional_within(std::int64_t budget, std::int32_t rate_ppm) noexcept {
  assert(budget >= 0 && is_fee_rate(rate_ppm));
  const std::int32_t ppm = std::max(rate_ppm, 0);
  return static_cast<std::int64_t>(Int128{budget} * kMillion / (kMillion + ppm));
}

// Worst price of a MARKET buy: `bps` above the best offer, rounded down to the tick.
[[nodiscard]] constexpr std::int64_t highest_bid(std::int64_t best_ask, std::uint32_t bps, std::int64_t tick) noexcept {
  assert(best_ask > 0 && tick > 0);
  const Int128 bound = Int128{best_ask} * (kBasisPoints + bps) / kBasisPoints;
  const auto capped = static_cast<std::int64_t>(std::min<Int128>(bound, kMaxPrice));
  return capped - capped % tick;
}

// Worst price of a MARKET sell: `bps` below the best bid, rounded up to the tick, at least one tick.
[[nodiscard]] constexpr std::int64_t lowest_ask(std::int64_t best_bid, std::uint32_t bps, std::int64_t tick) noexcept {
  assert(best_bid > 0 && tick > 0 && bps <= kBasisPoints);
  const Int128 scaled = Int128{best_bid} * (kBasisPoints - bps);
  const Int128 step = Int128{tick} * kBasisPoints;
  const Int128 ticks = std::max<Int128>((scaled + step - 1) / step, 1);
  return static_cast<std::int64_t>(ticks * tick);
}

}  // namespace exchange::engine
