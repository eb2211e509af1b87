// The checks of an order that need no account: shape, grid, notional.
//
// Invariants:
//   1. Pure: each answers the first rule that is broken, in the order of the contract's reasons, or kNone.
//   2. Nothing is ever rounded to pass.
//
// Threads: pure functions.
#pragma once

#include <span>

#include "phases.hpp"

namespace exchange::engine {

// Which fields go together. A command that fails is no order: it consumes nothing.
[[nodiscard]] Reason check_shape(const PlaceOrder& command) noexcept;

// Phase, price and quantity against the instrument's tick, lot and bounds.
[[nodiscard]] Reason check_grid(const Instrument& instrument, const PlaceOrder& command) noexcept;

[[nodiscard, gnu::always_inline]] inline Reason check_price(const Instrument& instrument, std::int64_t price) noexcept {
  if (price <= 0 || price > kMaxPrice) [[unlikely]] {
    if (!instrument.is_price(price)) return Reason::kPriceOutOfRange;
  }
  return instrument.by_tick.divides(price) ? Reason::kNone : Reason::kPriceNotOnTick;
}

[[nodiscard, gnu::always_inline]] inline Reason check_quantity(const Instrument& instrument, std::int64_t quantity) noexcept {
  if (!instrument.by_lot.divides(quantity)) return Reason::kQuantityNotOnLot;
  const bool within = quantity >= instrument.min_quantity && quantity <= instrument.max_quantity;
  return within ? Reason::kNone : Reason::kQuantityOutOfRange;
}

[[nodiscard]] Reason check_special_quantity(const Instrument& instrument, const PlaceOrder& command,
                                            const SpecialTerms& terms) noexcept;
// What the book is to show at a time of an order that has so much left: at most `most`, and not too many slices.
inline constexpr std::int64_t kMaxSlices = 15;
[[nodiscard]] Reason check_display(const Instrument& instrument, std::int64_t display, std::int64_t leaves,
                                   std::int64_t most) noexcept;

// When an order expires, if it says so: more than a second and at most 90 days ahead.
[[nodiscard]] Reason check_expire_time(TimeInForce time_in_force, std::int64_t expire_time_ns,
                                       std::int64_t now_ns) noexcept;

// The trigger of an order that waits for a price, or its distance from a watermark.
[[nodiscard]] Reason check_trigger_terms(const Instrument& instrument, const PlaceOrder& command) noexcept;

// Notional at the worst price, or the budget, against the instrument's bounds.
[[nodiscard]] Reason check_notional(const Instrument& instrument, const PlaceOrder& command,
                                    std::int64_t worst_price) noexcept;

// The place of the first order whose id an earlier one of the same account has; how many there are, if none.
[[nodiscard]] std::size_t first_repeated_id(std::span<const PlaceOrder> orders) noexcept;

// On margin a market may trade at zero, and what is not the owner's price is not held against him.
[[nodiscard]] inline bool fits_bounds(const Instrument& instrument, OrderType type, std::int64_t notional) noexcept {
  const bool at_market = instrument.on_margin && !has_limit(type);
  return (notional >= instrument.min_notional || at_market) && notional <= instrument.max_notional;
}

[[nodiscard]] constexpr bool is_reduce_only(const PlaceOrder& command) noexcept {
  return command.special != nullptr && command.special->reduce_only;
}

// May the order outlive its command?
[[nodiscard]] constexpr bool may_rest(const PlaceOrder& command) noexcept {
  return may_rest(command.time_in_force) || waits_for_price(command.type);
}

}  // namespace exchange::engine
