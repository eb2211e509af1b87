// What the core tells of a market as a whole: its phase, its prices from outside, its auctions.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

// Prices from outside, as the last commands stated them.
struct StatedPrices {
  std::int64_t mark = 0;
  std::int64_t index = 0;
  std::int64_t reference = 0;
  std::int64_t conversion_rate_ppb = 0;
  bool has_mark = false;
  bool has_index = false;
  bool has_reference = false;
  bool has_conversion_rate = false;

  bool operator==(const StatedPrices&) const = default;
};

struct PhaseChangeView {
  std::uint32_t instrument_id = 0;
  TradingPhase previous{};
  TradingPhase phase{};
  AuctionKind auction_kind{};
};

// How far a settlement, a roll, an expiry or a delivery has come.
struct SweepView {
  std::uint32_t instrument_id = 0;
  std::int64_t price = 0;  // of a roll or a delivery untold
  std::uint32_t trading_date = 0;
  std::uint32_t positions = 0;
  bool done = false;
};

// What an account had open under a value date.
struct UnsettledDeliveredView {
  std::uint64_t account_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t value_date = 0;
  std::uint32_t base_asset_id = 0;
  std::int64_t base_amount = 0;  // negative: given
  std::uint32_t quote_asset_id = 0;
  std::int64_t quote_amount = 0;
  std::uint64_t account_seq = 0;
};

// A trade that was taken back, and what its accounts owe the insurance fund for it.
struct TradeBustedView {
  std::uint64_t trade_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
  std::int64_t maker_owes_quote = 0;
  std::int64_t maker_owes_base = 0;
  std::int64_t taker_owes_quote = 0;
  std::int64_t taker_owes_base = 0;
};

// Options that were exercised, or assigned.
struct OptionExercisedView {
  std::uint64_t account_id = 0;
  std::uint32_t instrument_id = 0;
  std::int64_t quantity = 0;
  bool assigned = false;
  std::uint64_t account_seq = 0;
};

// Where the liquidation of an account stands.
struct LiquidationView {
  std::uint64_t account_id = 0;
  LiquidationState state{};
  std::int64_t equity = 0;
  std::int64_t maintenance = 0;
  std::uint64_t account_seq = 0;
};

// What an uncross does, or would do.
struct AuctionView {
  std::optional<std::int64_t> price;  // none if nothing trades
  std::int64_t quantity = 0;
  std::int64_t imbalance = 0;  // left over at the price; negative: of sells

  bool operator==(const AuctionView&) const = default;
};

}  // namespace exchange::engine
