// Instruments that the tests trade.
#pragma once

#include "exchange/engine/command.hpp"

namespace exchange::engine::testing {

inline constexpr std::uint32_t kKk99 = 1;
inline constexpr std::uint32_t kBtc = 2;
inline constexpr std::uint32_t kEth = 3;
inline constexpr std::uint32_t kAcme = 8;
inline constexpr std::uint32_t kBtcKk99 = 10;
inline constexpr std::uint32_t kEthBtc = 11;
inline constexpr std::uint32_t kHalted = 12;
inline constexpr std::uint32_t kPenny = 13;
inline constexpr std::uint32_t kAcmeKk99 = 14;

// Price 0.01 KK99, quantity 0.0001 BTC: price * quantity is in units of KK99 (6 decimals). Grid 0.05 by 0.0010.
[[nodiscard]] inline InstrumentDefinition btc_kk99() {
  return {.instrument_id = kBtcKk99,
          .symbol = "BTC-KK99",
          .asset_class = AssetClass::kCrypto,
          .base = {kBtc, "BTC", 8},
          .quote = {kKk99, "KK99", 6},
          .price_scale = 2,
          .quantity_scale = 4,
          .tick = 5,
          .lot = 10,
          .min_quantity = 10,
          .max_quantity = 1'000'000,
          .min_notional = 1'000'000,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 50,
          .phase = TradingPhase::kContinuous};
}

// Price * quantity has two decimals fewer than BTC: a notional is the product times 100.
[[nodiscard]] inline InstrumentDefinition eth_btc() {
  return {.instrument_id = kEthBtc,
          .symbol = "ETH-BTC",
          .asset_class = AssetClass::kCrypto,
          .base = {kEth, "ETH", 9},
          .quote = {kBtc, "BTC", 8},
          .price_scale = 4,
          .quantity_scale = 2,
          .tick = 10,
          .lot = 10,
          .min_quantity = 10,
          .max_quantity = 100'000,
          .min_notional = 1,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 10'000,
          .phase = TradingPhase::kContinuous};
}

// Nine decimals too many: a notional is the product divided by 10^9.
[[nodiscard]] inline InstrumentDefinition halted() {
  return {.instrument_id = kHalted,
          .symbol = "ETH-KK99",
          .asset_class = AssetClass::kCrypto,
          .base = {kEth, "ETH", 9},
          .quote = {kKk99, "KK99", 6},
          .price_scale = 9,
          .quantity_scale = 6,
          .tick = 1'000'000,
          .lot = 1'000,
          .min_quantity = 1'000,
          .max_quantity = 1'000'000'000,
          .min_notional = 1'000'000,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 500,
          .phase = TradingPhase::kHalt};
}

// So cheap that one lot, 10^9 units of quantity, costs one unit of BTC.
[[nodiscard]] inline InstrumentDefinition penny() {
  return {.instrument_id = kPenny,
          .symbol = "ETH-BTC.P",
          .asset_class = AssetClass::kCrypto,
          .base = {kEth, "ETH", 9},
          .quote = {kBtc, "BTC", 8},
          .price_scale = 9,
          .quantity_scale = 8,
          .tick = 1,
          .lot = 1'000'000'000,
          .min_quantity = 1'000'000'000,
          .max_quantity = 4'398'000'000'000,
          .min_notional = 1,
          .max_notional = 1'000'000'000'000,
          .market_protection_bps = 500,
          .phase = TradingPhase::kContinuous};
}

// A share on the grid of BTC-KK99, delivered after the trade.
[[nodiscard]] inline InstrumentDefinition acme_kk99() {
  InstrumentDefinition out = btc_kk99();
  out.instrument_id = kAcmeKk99;
  out.symbol = "ACME-KK99";
  out.asset_class = AssetClass::kEquity;
  out.base = {kAcme, "ACME", 8};
  out.terms.kind = InstrumentKind::kSecurity;
  out.terms.delayed_settlement = true;
  return out;
}

}  // namespace exchange::engine::testing
