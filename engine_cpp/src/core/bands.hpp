// How far from a known price an order may go.
//
// Invariants:
//   1. The edge of a band is the last price on the grid inside it; a price on the grid is beyond the band exactly if it
//      is beyond the edge. Only the aggressive side is bounded: above for a buy, below for a sell. Its width is counted in
//      basis points; of an instrument on margin, whose price may be zero, in ticks.
//   2. The static band is measured from the stated reference price, and is absent while there is none; the dynamic one
//      from the last price before the command, and is absent while nothing has traded.
//
// Threads: pure functions.
#pragma once

#include "instruments.hpp"
#include "messages.hpp"

namespace exchange::engine {

// Worst price of `side` within `bps` of `centre`.
[[nodiscard]] constexpr std::int64_t band_edge(Side side, std::int64_t centre, std::uint32_t bps,
                                               std::int64_t tick) noexcept {
  return side == Side::kBuy ? highest_bid(centre, bps, tick) : lowest_ask(centre, bps, tick);
}

// Worst price of `side` within `ticks` of `centre`.
[[nodiscard]] constexpr std::int64_t tick_edge(Side side, std::int64_t centre, std::uint32_t ticks,
                                               std::int64_t tick) noexcept {
  const std::int64_t highest = kMaxPrice / tick;
  const std::int64_t below = centre / tick - (centre % tick < 0 ? 1 : 0);
  const std::int64_t above = below + (centre % tick != 0 ? 1 : 0);
  if (side == Side::kBuy) return std::clamp<std::int64_t>(below + ticks, -highest, highest) * tick;
  return std::clamp<std::int64_t>(above - ticks, -highest, highest) * tick;
}

// The same by the instrument's measure.
[[nodiscard]] inline std::int64_t band_edge(const Instrument& instrument, Side side, std::int64_t centre,
                                            std::uint32_t width) noexcept {
  if (instrument.on_margin) [[unlikely]] return tick_edge(side, centre, width, instrument.tick);
  return band_edge(side, centre, width, instrument.tick);
}

// Is `price` of `side` worse than `edge`?
[[nodiscard]] constexpr bool is_beyond(Side side, std::int64_t price, std::int64_t edge) noexcept {
  return side == Side::kBuy ? price > edge : price < edge;
}

// The one of two prices that is worse for nobody of the other side: the less aggressive.
[[nodiscard]] constexpr std::int64_t less_aggressive(Side side, std::int64_t one, std::int64_t other) noexcept {
  return side == Side::kBuy ? std::min(one, other) : std::max(one, other);
}

// Needs `has_static_band`.
[[nodiscard]] inline std::int64_t static_edge(const Instrument& instrument, Side side) noexcept {
  return band_edge(instrument, side, instrument.prices.reference, instrument.terms.static_band_bps);
}

}  // namespace exchange::engine
