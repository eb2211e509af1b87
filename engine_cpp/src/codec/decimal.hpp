// Exact decimal text and integers of a fixed scale: `services/kernel/money.py` in this language.
//
// Invariants:
//   1. A text is `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?` or no decimal. Nothing is ever rounded.
//   2. Zeros beyond the scale are harmless: "1.500" is 15 at scale 1.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace exchange::codec {

// A text taken apart.
struct Decimal {
  std::uint64_t whole = 0;
  std::string_view fraction;
  bool present = false;
  bool negative = false;
};

enum class DecimalFault : std::uint8_t { kNone, kTooManyDecimals, kOutOfRange };

// False if the text is no decimal. An empty text is one that is not present.
[[nodiscard]] bool read_decimal(std::string_view text, Decimal& out) noexcept;

[[nodiscard]] DecimalFault units_of(const Decimal& decimal, unsigned scale, std::int64_t& out) noexcept;

// Most characters that `put_decimal` writes.
inline constexpr std::size_t kMaxDecimalSize = 22;

// Writes units with exactly `scale` decimals; answers where it ended.
[[nodiscard]] char* put_decimal(char* at, std::int64_t units, unsigned scale) noexcept;

[[nodiscard]] std::int64_t power_of_ten(unsigned exponent) noexcept;

}  // namespace exchange::codec
