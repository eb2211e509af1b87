// Orders by number, against a map: numbers run on while some orders stay, and so are displaced by much newer ones.
#include "order_table.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>
#include <vector>

namespace exchange::engine::testing {
namespace {

constexpr std::uint32_t kCapacity = 100;
constexpr std::uint64_t kFirst = (std::uint64_t{3} << 56) + 1;

TEST(OrderTableTest, AgreesWithAMap) {
  std::mt19937_64 random(1);
  OrderTable table(kCapacity);
  std::vector<std::uint64_t> numbers(kCapacity, 0);  // by slot
  const auto number_of = [&](Slot slot) { return numbers[slot]; };
  std::map<std::uint64_t, Slot> expected;
  std::size_t displaced = 0;
  for (std::uint64_t number = kFirst; number < kFirst + 20'000; ++number) {
    const auto free = std::ranges::find(numbers, std::uint64_t{0});
    const auto slot = static_cast<Slot>(free - numbers.begin());
    *free = number;
    table.insert(number, slot, number_of);
    expected[number] = slot;
    while (expected.size() == kCapacity || (expected.size() > 1 && random() % 3 == 0)) {
      // Mostly a young one leaves, so that the old become very old.
      const std::size_t size = expected.size();
      const std::size_t back = random() % 50 == 0 ? random() % size : random() % std::min<std::size_t>(size, 4);
      const auto leaving = std::prev(expected.end(), static_cast<std::ptrdiff_t>(back + 1));
      table.erase(leaving->first, leaving->second);
      numbers[leaving->second] = 0;
      expected.erase(leaving);
    }
    for (const auto& [known, at] : expected) {
      ASSERT_EQ(table.find(known, number_of), at);
      displaced += table.guess(known) == at ? 0 : 1;
    }
    ASSERT_EQ(table.find(number + 1, number_of), kNil);
  }
  EXPECT_GT(displaced, 0U);
}

TEST(OrderTableTest, KnowsNoNumberZero) {
  OrderTable table(kCapacity);
  EXPECT_EQ(table.find(0, [](Slot) { return std::uint64_t{1}; }), kNil);
  table.insert(256, 7, [](Slot) { return std::uint64_t{256}; });
  EXPECT_EQ(table.find(0, [](Slot) { return std::uint64_t{256}; }), kNil);
}

}  // namespace
}  // namespace exchange::engine::testing
