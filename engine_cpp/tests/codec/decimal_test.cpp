#include "decimal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

namespace exchange::codec {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string written(std::int64_t units, unsigned scale) {
  char text[kMaxDecimalSize];
  return {text, put_decimal(text, units, scale)};
}

// Nothing if it is no decimal, or none of this scale.
std::optional<std::int64_t> units(std::string_view text, unsigned scale) {
  Decimal decimal;
  std::int64_t out = 0;
  if (!read_decimal(text, decimal) || units_of(decimal, scale, out) != DecimalFault::kNone) return {};
  return out;
}

TEST(DecimalTest, TextComesToUnitsExactly) {
  EXPECT_EQ(units("12.5", 2), 1'250);
  EXPECT_EQ(units("-0.01", 2), -1);
  EXPECT_EQ(units("-0", 2), 0);
  EXPECT_EQ(units("1.500", 1), 15);
  EXPECT_EQ(units("9.223372036854775807", 18), kMax);
  EXPECT_EQ(units("-92233720368547758.08", 2), kMin);
}

TEST(DecimalTest, NothingIsRounded) {
  Decimal decimal;
  std::int64_t out = 0;
  ASSERT_TRUE(read_decimal("1.001", decimal));
  EXPECT_EQ(units_of(decimal, 2, out), DecimalFault::kTooManyDecimals);
  ASSERT_TRUE(read_decimal("92233720368547758.08", decimal));
  EXPECT_EQ(units_of(decimal, 2, out), DecimalFault::kOutOfRange);
  ASSERT_TRUE(read_decimal("999999999999999999.999999999999999999", decimal));
  EXPECT_EQ(units_of(decimal, 18, out), DecimalFault::kOutOfRange);
}

TEST(DecimalTest, OtherTextIsNoDecimal) {
  for (const std::string_view text :
       {"-", ".", "1.", ".1", "01", "00", "+1", "1e3", " 1", "1 ", "1,0", "1.0.0", "--1", "1234567890123456789",
        "1.1234567890123456789", "0x1", "\xd9\xa1"}) {
    Decimal decimal;
    EXPECT_FALSE(read_decimal(text, decimal)) << text;
  }
}

TEST(DecimalTest, UnitsAreWrittenWithAllTheirDecimals) {
  EXPECT_EQ(written(150, 2), "1.50");
  EXPECT_EQ(written(-1, 3), "-0.001");
  EXPECT_EQ(written(0, 0), "0");
  EXPECT_EQ(written(kMin, 0), "-9223372036854775808");
  EXPECT_EQ(written(kMin, 18), "-9.223372036854775808");
  EXPECT_EQ(written(kMax, 9), "9223372036.854775807");
}

TEST(DecimalTest, WhatIsWrittenIsReadBack) {
  std::uint64_t x = 88'172'645'463'325'252ULL;
  for (int i = 0; i < 20'000; ++i) {
    x ^= x << 13U;
    x ^= x >> 7U;
    x ^= x << 17U;
    const auto value = static_cast<std::int64_t>(x) >> (x % 64);
    const auto scale = static_cast<unsigned>(x % 19);
    if (scale < 1 && (value > 999'999'999'999'999'999 || value < -999'999'999'999'999'999)) continue;
    EXPECT_EQ(units(written(value, scale), scale), value);
  }
}

}  // namespace
}  // namespace exchange::codec
