// The trie against an ordered map.
#include "price_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace exchange::engine::testing {
namespace {

TEST(PriceIndexTest, AgreesWithAnOrderedMap) {
  for (const unsigned bits : {3U, 7U, 12U, 30U, 63U}) {
    std::mt19937_64 random(bits);
    Pool<PriceNode> nodes(65'536);
    PriceIndex index;
    std::map<std::uint64_t, Slot> expected;
    for (Slot step = 0; step < 20'000; ++step) {
      const std::uint64_t key = random() >> (64 - (random() % bits + 1));
      const auto known = expected.find(key);
      ASSERT_EQ(index.find(nodes, key), known == expected.end() ? kNil : known->second);
      const auto above = expected.upper_bound(key);
      ASSERT_EQ(index.above(nodes, key), above == expected.end() ? kNil : above->second);
      const auto below = expected.lower_bound(key);
      ASSERT_EQ(index.below(nodes, key), below == expected.begin() ? kNil : std::prev(below)->second);
      if (known != expected.end()) {
        index.erase(nodes, key);
        expected.erase(known);
      } else if (expected.size() < 1'000) {
        index.insert(nodes, key, step);
        expected[key] = step;
      }
    }
    while (!expected.empty()) {
      index.erase(nodes, expected.begin()->first);
      expected.erase(expected.begin());
    }
    EXPECT_EQ(nodes.size(), 0U);
  }
}

TEST(PriceIndexTest, AFarKeyCostsAFewNodes) {
  Pool<PriceNode> nodes(64);
  PriceIndex index;
  index.insert(nodes, 1, 10);
  index.insert(nodes, 1'000'000'000, 20);
  EXPECT_LE(nodes.size(), 2 * PriceIndex::kMaxHeight);
  EXPECT_EQ(index.above(nodes, 1), 20U);
  EXPECT_EQ(index.below(nodes, ~std::uint64_t{0}), 20U);
  index.erase(nodes, 1'000'000'000);
  EXPECT_EQ(nodes.size(), 1U);
}

TEST(PriceIndexTest, TheFarthestKeyTakesNoMoreNodesThanAreKeptForIt) {
  Pool<PriceNode> nodes(64);
  PriceIndex index;
  index.insert(nodes, 1, 10);
  const std::uint32_t before = nodes.size();
  index.insert(nodes, ~std::uint64_t{0}, 20);
  EXPECT_EQ(nodes.size() - before, PriceIndex::kMaxNodesPerInsert);
}

}  // namespace
}  // namespace exchange::engine::testing
