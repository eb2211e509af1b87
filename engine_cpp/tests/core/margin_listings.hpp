// Instruments on margin that the tests trade. Their fees come from schedule 1.
#pragma once

#include "listings.hpp"

namespace exchange::engine::testing {

inline constexpr std::uint32_t kEur = 4;
inline constexpr std::uint32_t kJpy = 5;
inline constexpr std::uint32_t kOil = 6;
inline constexpr std::uint32_t kOilCall = 7;
inline constexpr std::uint32_t kEurKk99 = 20;
inline constexpr std::uint32_t kEurJpy = 21;
inline constexpr std::uint32_t kOilFuture = 22;
inline constexpr std::uint32_t kOilOption = 23;

// Price 0.0001 KK99, quantity 0.01 EUR: price * quantity is in units of KK99. Grid 0.0005 by 1.00.
[[nodiscard]] inline InstrumentDefinition eur_kk99() {
  return {.instrument_id = kEurKk99,
          .symbol = "EUR-KK99",
          .asset_class = AssetClass::kFx,
          .base = {kEur, "EUR", 2},
          .quote = {kKk99, "KK99", 6},
          .price_scale = 4,
          .quantity_scale = 2,
          .tick = 5,
          .lot = 100,
          .min_quantity = 100,
          .max_quantity = 100'000'000,
          .min_notional = 1'000'000,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 100,
          .phase = TradingPhase::kContinuous,
          .terms = {.fee_schedule_id = 1, .kind = InstrumentKind::kFxMargin}};
}

// Quoted in JPY with two decimals: a notional is the product divided by 100.
[[nodiscard]] inline InstrumentDefinition eur_jpy() {
  InstrumentDefinition out = eur_kk99();
  out.instrument_id = kEurJpy;
  out.symbol = "EUR-JPY";
  out.quote = {kJpy, "JPY", 2};
  out.price_scale = 2;
  out.min_notional = 100;
  return out;
}

// A contract of ten barrels, whole contracts: a tick of a contract is 0.50 KK99.
[[nodiscard]] inline InstrumentDefinition oil_future() {
  return {.instrument_id = kOilFuture,
          .symbol = "OIL.F",
          .asset_class = AssetClass::kFuture,
          .base = {kOil, "OIL", 0},
          .quote = {kKk99, "KK99", 6},
          .price_scale = 2,
          .quantity_scale = 0,
          .tick = 5,
          .lot = 1,
          .min_quantity = 1,
          .max_quantity = 10'000,
          .min_notional = 1'000'000,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 20,
          .phase = TradingPhase::kContinuous,
          .terms = {.multiplier = 10, .fee_schedule_id = 1, .kind = InstrumentKind::kFuture}};
}

[[nodiscard]] inline InstrumentDefinition oil_option() {
  InstrumentDefinition out = oil_future();
  out.instrument_id = kOilOption;
  out.symbol = "OIL.C20";
  out.asset_class = AssetClass::kOption;
  out.base = {kOilCall, "OILCALL", 0};
  out.terms.kind = InstrumentKind::kOption;
  out.terms.underlying_id = kOilFuture;
  out.terms.strike_price = 20;
  out.terms.right = OptionRight::kCall;
  out.terms.exercise_style = ExerciseStyle::kAmerican;
  return out;
}

}  // namespace exchange::engine::testing
