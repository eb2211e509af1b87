// Where an auction would trade: the price at which most is done.
//
// Invariants:
//   1. Of all prices on the grid, the one with the largest volume; of these, with the smallest surplus; of these the
//      highest if all that is left over are buys, the lowest if sells; else the nearest to `centre`, then the higher.
//   2. Cost is the number of levels that cross, whatever lies between their prices.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <optional>

#include "book.hpp"
#include "market_views.hpp"
#include "reserves.hpp"

namespace exchange::engine {

// The orders of an instrument that would trade: those of the public book, and the MARKET orders beside it, each at the
// worst price that it may trade at.
struct Collected {
  const Book& book;
  const Book& waiting;
  const Reserves& reserves;  // what the book hides trades as well
};

// `centre` is the reference price, if there is any.
[[nodiscard]] AuctionView find_uncross(const Collected& orders, std::int64_t tick, std::optional<std::int64_t> centre);

}  // namespace exchange::engine
