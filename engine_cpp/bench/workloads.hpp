// Seeded markets to measure with, in the form of recordings.
//
// W1: one instrument, about 1,000 resting orders; GTC 9 %, IOC 3 %, cancel 6 %, move 82 %.
// W2: one instrument, about 100,000 resting orders over some 2,800 levels; new 48.6 %, IOC 4.4 %, cancel 42 % (70 % of
//     them among the newest 4,096), replace 5 %; prices around a random walk with P(distance > d) = (1 + d/6)^-0.9.
// W3: 1,000 instruments, active by Zipf's law (s = 1), each with the mix of W1; about 153,000 resting orders.
//
// What comes out differs from these aims, and figures have to be read with it: 9 % of the commands of W1 trade, 10 % of
// W2 (5 % is the aim), and W2 ends with about 130,000 resting orders. The mix of W1 over 10^5 orders or more does not
// hold its number: 10^5 end as 10^4, 10^6 as 5 * 10^5. What the core uses counts remembered ids too, so bytes a resting
// order mean something only where orders are many.
//
// Threads: pure functions; the same arguments give the same market wherever the C library rounds log and pow alike.
#pragma once

#include <cstdint>

#include "recording.hpp"

namespace exchange::engine::bench {

struct Market {
  std::uint32_t symbols = 1;
  std::uint32_t resting = 1'000;   // orders in all books when the measured part begins
  std::uint64_t commands = 3'000'000;
  std::uint32_t accounts = 64;
  std::int32_t reach = 1;          // factor on the distance of prices from the middle: sparse books have a large one
};

[[nodiscard]] replay::Recording w1(std::uint64_t commands);
[[nodiscard]] replay::Recording w2(std::uint64_t commands);
[[nodiscard]] replay::Recording w3(std::uint64_t commands);

// The mix of W1 over any number of instruments and orders: for growth curves.
[[nodiscard]] replay::Recording moving_market(const Market& market);

}  // namespace exchange::engine::bench
