// What each phase of a market allows.
//
// Invariants:
//   1. Placing: CONTINUOUS all that is for no auction; POST_ONLY limits that can rest; PRE_OPEN and AUCTION these, and
//      what is for the auction that orders collect for; the others nothing.
//   2. Amending: wherever something may be placed. Cancelling: everywhere but in CLOSED.
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

// Does an order of this time in force say when it expires?
[[nodiscard]] constexpr bool expires_at_time(TimeInForce time_in_force) noexcept {
  return time_in_force == TimeInForce::kDay || time_in_force == TimeInForce::kGtd;
}

// Has an order its part in an auction of this kind, if in any?
[[nodiscard]] constexpr bool fits_auction(TimeInForce time_in_force, AuctionKind kind) noexcept {
  if (time_in_force == TimeInForce::kAtOpen) return kind == AuctionKind::kOpening;
  if (time_in_force == TimeInForce::kAtClose) return kind == AuctionKind::kClosing;
  return true;
}

[[nodiscard]] inline bool may_place(const Instrument& instrument, const PlaceOrder& command) noexcept {
  const TimeInForce time = command.time_in_force;
  if (instrument.phase == TradingPhase::kContinuous) return !is_for_auction(time);
  const bool limit = command.type == OrderType::kLimit && may_rest(time);
  if (instrument.phase == TradingPhase::kPostOnly) return limit && !is_for_auction(time);
  const bool collected = limit || (command.type == OrderType::kMarket && is_for_auction(time));
  return instrument.collects() && collected && fits_auction(time, instrument.collected_for);
}

[[nodiscard]] inline bool may_amend(const Instrument& instrument) noexcept {
  return instrument.phase == TradingPhase::kContinuous || instrument.phase == TradingPhase::kPostOnly ||
         instrument.collects();
}

[[nodiscard]] constexpr bool may_cancel(const Instrument& instrument) noexcept {
  return instrument.phase != TradingPhase::kClosed;
}

// Is an order that would trade now refused? While orders collect nothing takes, and an uncross asks the maker's fee.
[[nodiscard]] inline bool is_kept_from_taking(const Instrument& instrument, bool post_only) noexcept {
  return instrument.phase == TradingPhase::kPostOnly || (post_only && !instrument.collects());
}

// Do orders match again in this phase, that collected before?
[[nodiscard]] constexpr bool matches(TradingPhase phase) noexcept {
  return phase == TradingPhase::kContinuous || phase == TradingPhase::kPostOnly;
}

}  // namespace exchange::engine
