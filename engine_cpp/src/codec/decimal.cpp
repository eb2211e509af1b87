#include "decimal.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>

#include "exchange/codec/instruments.hpp"

namespace exchange::codec {
namespace {

__extension__ using Wide = __int128;

constexpr std::size_t kMaxDigits = 18;

constexpr std::array<std::int64_t, kMaxScale + 1> kPowers = [] {
  std::array<std::int64_t, kMaxScale + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

std::uint64_t value_of(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

}  // namespace

std::int64_t power_of_ten(unsigned exponent) noexcept {
  assert(exponent < kPowers.size());
  return kPowers[exponent];
}

bool read_decimal(std::string_view text, Decimal& out) noexcept {
  out = {};
  if (text.empty()) return true;
  out.present = true;
  out.negative = text.front() == '-';
  if (out.negative) text.remove_prefix(1);
  const std::size_t whole = count_digits(text);
  if (whole == 0 || whole > kMaxDigits || (whole > 1 && text.front() == '0')) return false;
  out.whole = value_of(text.substr(0, whole));
  text.remove_prefix(whole);
  if (text.empty()) return true;
  if (text.front() != '.') return false;
  out.fraction = text.substr(1);
  return !out.fraction.empty() && out.fraction.size() <= kMaxDigits &&
         count_digits(out.fraction) == out.fraction.size();
}

DecimalFault units_of(const Decimal& decimal, unsigned scale, std::int64_t& out) noexcept {
  const std::string_view kept = decimal.fraction.substr(0, scale);
  if (decimal.fraction.substr(kept.size()).find_first_not_of('0') != std::string_view::npos) {
    return DecimalFault::kTooManyDecimals;
  }
  const auto below = static_cast<Wide>(value_of(kept)) * power_of_ten(scale - static_cast<unsigned>(kept.size()));
  const Wide size = static_cast<Wide>(decimal.whole) * power_of_ten(scale) + below;
  const Wide units = decimal.negative ? -size : size;
  constexpr Wide kMin = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
  if (units < kMin || units > kMax) return DecimalFault::kOutOfRange;
  out = static_cast<std::int64_t>(units);
  return DecimalFault::kNone;
}

char* put_decimal(char* at, std::int64_t units, unsigned scale) noexcept {
  char* const end = at + kMaxDecimalSize;
  if (units < 0) *at++ = '-';
  const std::uint64_t size = units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  const auto one = static_cast<std::uint64_t>(power_of_ten(scale));
  at = std::to_chars(at, end, size / one).ptr;
  if (scale == 0) return at;
  *at++ = '.';
  std::uint64_t below = size % one;
  for (unsigned i = scale; i-- > 0; below /= 10) at[i] = static_cast<char>('0' + below % 10);
  return at + scale;
}

}  // namespace exchange::codec
