// What an order may trade at when it enters: the limit it goes to the book with, and the worst price its cost is
// reckoned at.
//
// Invariants:
//   1. They follow from the order, the instrument and the quote alone, so an order that is only checked has the prices
//      of one that enters.
//
// Threads: pure functions.
#pragma once

#include "bands.hpp"
#include "phases.hpp"

namespace exchange::engine {

struct Pricing {
  Reason reason = Reason::kNone;  // why there is no price
  std::int64_t limit = 0;
  std::int64_t worst = 0;
  std::int64_t watermark = 0;  // that what trails begins at
};

[[nodiscard]] inline Pricing price_of(const PlaceOrder& command, const Instrument& terms, const Quote& quote) noexcept {
  if (command.type != OrderType::kMarket) return {Reason::kNone, command.price, command.price, 0};
  const bool waits = is_for_auction(command.time_in_force);
  if (waits && !terms.has_static_band) return {.reason = Reason::kNoReferencePrice};
  if (!waits && !quote.protection) return {.reason = Reason::kNoLiquidity};
  const std::int64_t limit = waits ? static_edge(terms, command.side) : *quote.protection;
  if (!terms.has_static_band) return {Reason::kNone, limit, limit, 0};
  const std::int64_t edge = static_edge(terms, command.side);
  return {Reason::kNone, less_aggressive(command.side, limit, edge), edge, 0};
}

}  // namespace exchange::engine
