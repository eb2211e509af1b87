// The vectors of `tests/unit/orders/test_fingerprint.py`.
#include "fingerprint.hpp"

#include <gtest/gtest.h>

namespace exchange::codec {
namespace {

std::uint64_t of_words(std::initializer_list<std::uint64_t> words) {
  Fingerprint print;
  for (const std::uint64_t word : words) print.add(word);
  return print.value();
}

TEST(FingerprintTest, HasTheValuesOfItsDefinition) {
  const std::uint64_t flags = 1U | 1U << 8U | 1U << 16U | 1U << 24U | std::uint64_t{1} << 40U;
  EXPECT_EQ(of_words({flags, 7, 10'000, 5'000, 0}), 0x45357BC7A55B76BBULL);
  EXPECT_EQ(of_words({2, 1}), 0x8D4F874C404DDE5CULL);
  EXPECT_EQ(of_words({2, ~std::uint64_t{0}}), 0x48CA5776F0888BCDULL);
  EXPECT_EQ(of_words({5}), 0xD66AD737D54C5575ULL);
}

TEST(FingerprintTest, NamesFillFiveWords) {
  const auto of_name = [](std::string_view name) {
    Fingerprint print;
    print.add_name(3, name);
    return print.value();
  };
  EXPECT_EQ(of_name("a"), 0x27A36EE34F3F5D3AULL);
  EXPECT_EQ(of_name("0123456789abcdefghijklmnopqrstuvwxYZ"), 0x30AB9551DDDE8B66ULL);
}

TEST(FingerprintTest, TermsCountOnlyWhereTheySayMoreThanTheDefault) {
  Fingerprint with_default;
  with_default.add_term_unless_default(25, std::uint32_t{0});
  EXPECT_EQ(with_default.value(), Fingerprint().value());
  Fingerprint with_term;
  with_term.add_term_unless_default(25, std::uint32_t{1});
  EXPECT_EQ(with_term.value(), of_words({25, 1}));
}

}  // namespace
}  // namespace exchange::codec
