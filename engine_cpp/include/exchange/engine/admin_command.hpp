// The commands of operators and other services, as read from wire bytes. What is large is owned by the batch.
//
// Invariants: those of command.hpp.
//
// Threads: plain values, no sharing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

struct OpenAccount {
  std::uint64_t account_id = 0;
  std::uint64_t self_trade_group_id = 0;
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
};

struct AssetDefinition {
  std::uint32_t asset_id = 0;
  std::string_view symbol{};
  std::uint32_t scale = 0;

  bool operator==(const AssetDefinition&) const = default;
};

// What only some instruments have. A spot pair without bands and limits has the defaults.
struct InstrumentTerms {
  std::int64_t multiplier = 1;
  std::int64_t max_position = 0;    // 0: no limit
  std::int64_t expiry_time_ns = 0;  // 0: never
  std::int64_t strike_price = 0;
  std::uint32_t underlying_id = 0;  // 0 if it is no option
  std::uint32_t static_band_bps = 0;   // 0: no band
  std::uint32_t dynamic_band_bps = 0;  // 0: no band
  std::uint32_t fee_schedule_id = 0;   // 0: each account's own fees
  InstrumentKind kind = InstrumentKind::kSpot;
  SettlementMethod settlement_method = SettlementMethod::kCash;
  OptionRight right{};
  ExerciseStyle exercise_style{};
  bool delayed_settlement = false;

  bool operator==(const InstrumentTerms&) const = default;
};

struct InstrumentDefinition {
  std::uint32_t instrument_id = 0;
  std::string_view symbol{};
  AssetClass asset_class{};
  AssetDefinition base;
  AssetDefinition quote;
  std::uint32_t price_scale = 0;
  std::uint32_t quantity_scale = 0;
  std::int64_t tick = 0;
  std::int64_t lot = 0;
  std::int64_t min_quantity = 0;
  std::int64_t max_quantity = 0;
  std::int64_t min_notional = 0;
  std::int64_t max_notional = 0;
  std::uint32_t market_protection_bps = 0;
  TradingPhase phase{};
  InstrumentTerms terms{};

  bool operator==(const InstrumentDefinition&) const = default;
};

struct CreateInstrument {
  const InstrumentDefinition* instrument = nullptr;  // owned by the batch: large and rare
};

struct UpdateInstrument {
  const InstrumentDefinition* instrument = nullptr;  // owned by the batch
};

struct SetPhase {
  std::uint32_t instrument_id = 0;
  TradingPhase phase{};
  AuctionKind auction_kind{};
};

struct SetMarkPrice {
  std::uint32_t instrument_id = 0;
  bool has_mark_price = false;
  bool has_index_price = false;
  bool has_reference_price = false;
  bool has_conversion_rate = false;
  std::int64_t mark_price = 0;
  std::int64_t index_price = 0;
  std::int64_t reference_price = 0;
  std::int64_t conversion_rate_ppb = 0;
};

// 0: no limit of its own.
struct AccountLimits {
  std::int64_t max_order_lots = 0;
  std::int64_t max_order_notional = 0;
  std::int64_t max_position_lots = 0;
  std::uint32_t max_open_orders = 0;

  bool operator==(const AccountLimits&) const = default;
};

struct AccountSettings {
  std::uint64_t account_id = 0;
  std::uint64_t self_trade_group_id = 0;
  AccountLimits limits;
  std::uint32_t account_class = 0;
  std::uint32_t fee_tier = 0;
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
  AccountKind kind{};
  TradingState trading_state{};
  bool cancel_orders = false;
  bool has_self_trade_group = false;
  bool has_limits = false;
  bool has_account_class = false;
  bool has_fee_tier = false;
  bool has_taker_fee = false;
  bool has_maker_fee = false;
};

struct SetAccount {
  const AccountSettings* settings = nullptr;  // owned by the batch
};

struct SetMarginParameters {
  std::int64_t short_option_margin = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t account_class = 0;
  std::uint32_t initial_margin_ppm = 0;
  std::uint32_t maintenance_margin_ppm = 0;
  std::uint32_t max_leverage = 0;
  std::uint32_t liquidation_penalty_ppm = 0;
};

struct FeeTier {
  std::uint32_t fee_tier = 0;
  std::int32_t taker_fee_ppm = 0;  // negative for a rebate
  std::int32_t maker_fee_ppm = 0;

  bool operator==(const FeeTier&) const = default;
};

struct SetFeeSchedule {
  std::uint32_t fee_schedule_id = 0;
  std::span<const FeeTier> tiers{};  // owned by the batch; 1 to kMaxFeeTiers
};

struct SettleFuture {
  std::uint32_t instrument_id = 0;
  std::uint32_t trading_date = 0;  // YYYYMMDD
  std::int64_t settlement_price = 0;
};

struct ExpireInstrument {
  std::uint32_t instrument_id = 0;
  std::uint32_t trading_date = 0;  // YYYYMMDD
  std::int64_t final_price = 0;
};

struct ExerciseOption {
  std::uint64_t account_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t trading_date = 0;  // YYYYMMDD
  std::int64_t quantity = 0;
  std::string_view request_id{};
};

struct ActivateRules {
  std::uint32_t version = 0;
};

struct BustedTrade {
  std::uint64_t trade_id = 0;
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t maker_fee = 0;
  std::int64_t taker_fee = 0;
  std::int64_t value_time_ns = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t value_date = 0;  // YYYYMMDD; 0 unless it settles after the trade
  Side taker_side{};

  bool operator==(const BustedTrade&) const = default;
};

struct BustTrade {
  const BustedTrade* trade = nullptr;  // owned by the batch
};

struct RollPositions {
  std::uint32_t instrument_id = 0;
  std::uint32_t trading_date = 0;  // YYYYMMDD
  std::int64_t long_swap_price = 0;
  std::int64_t short_swap_price = 0;
};

struct SetValueDate {
  std::uint32_t instrument_id = 0;
  std::uint32_t value_date = 0;  // YYYYMMDD
};

struct DeliverTrades {
  std::uint32_t instrument_id = 0;
  std::uint32_t value_date = 0;  // YYYYMMDD
};

// Most tiers of one fee schedule.
inline constexpr std::size_t kMaxFeeTiers = 32;

}  // namespace exchange::engine
