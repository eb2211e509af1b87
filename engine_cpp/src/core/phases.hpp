// What each phase of a market allows.
//
// Invariants:
//   1. Placing: CONTINUOUS all that is for no auction; POST_ONLY what can rest; the others nothing.
//   2. Amending: CONTINUOUS and POST_ONLY. Cancelling: everywhere but in CLOSED.
//   3. In POST_ONLY nothing takes: an order that would is refused, whether it was to be or not.
//
// Threads: pure functions.
#pragma once

#include "instruments.hpp"

namespace exchange::engine {

// May an order rest once its command is done?
[[nodiscard]] constexpr bool may_rest(TimeInForce time_in_force) noexcept {
  return time_in_force != TimeInForce::kIoc && time_in_force != TimeInForce::kFok;
}

[[nodiscard]] constexpr bool is_for_auction(TimeInForce time_in_force) noexcept {
  return time_in_force >= TimeInForce::kAtOpen;
}

[[nodiscard]] constexpr bool may_place(const Instrument& instrument, const PlaceOrder& command) noexcept {
  if (instrument.phase == TradingPhase::kContinuous) return !is_for_auction(command.time_in_force);
  return instrument.phase == TradingPhase::kPostOnly && command.type == OrderType::kLimit &&
         may_rest(command.time_in_force) && !is_for_auction(command.time_in_force);
}

[[nodiscard]] constexpr bool may_amend(const Instrument& instrument) noexcept {
  return instrument.phase == TradingPhase::kContinuous || instrument.phase == TradingPhase::kPostOnly;
}

[[nodiscard]] constexpr bool may_cancel(const Instrument& instrument) noexcept {
  return instrument.phase != TradingPhase::kClosed;
}

// Is an order that would trade now refused?
[[nodiscard]] constexpr bool is_kept_from_taking(const Instrument& instrument, bool post_only) noexcept {
  return post_only || instrument.phase == TradingPhase::kPostOnly;
}

}  // namespace exchange::engine
