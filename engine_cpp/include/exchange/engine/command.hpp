// Commands as read from wire bytes.
//
// Invariants:
//   1. A decoded command satisfies every rule of the contract that needs no state: enums are defined, ids have 1 to 36
//      of [A-Za-z0-9_-], text is as long as it says. Rules between fields are checked when the command is applied.
//   2. Nothing is owned: text and `Command::bytes` are views of the buffer that was decoded, which must outlive them.
//
// Threads: plain values, no sharing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

struct PlaceOrder {
  std::uint64_t account_id = 0;
  std::string_view client_order_id{};
  std::uint32_t instrument_id = 0;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  SelfTradePrevention self_trade_prevention = SelfTradePrevention::kCancelMaker;
  bool post_only = false;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t quote_budget = 0;
  std::int64_t valid_until_ns = 0;
  std::uint64_t fingerprint = 0;
};

struct CancelOrder {
  std::uint64_t account_id = 0;
  std::uint64_t order_id = 0;        // 0 if the target is named by the owner's id
  std::string_view client_order_id{};  // empty if the target is named by number
  std::string_view request_id{};       // empty if the request is not to be remembered
  std::int64_t valid_until_ns = 0;
  std::uint64_t fingerprint = 0;
};

struct Transfer {
  TransferDirection direction{};
  std::uint64_t transfer_seq = 0;
  std::uint64_t account_id = 0;
  std::uint32_t asset_id = 0;
  std::int64_t amount = 0;
};

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

  bool operator==(const InstrumentDefinition&) const = default;
};

struct CreateInstrument {
  const InstrumentDefinition* instrument = nullptr;  // owned by the batch: large and rare
};

struct Tick {};

struct Command {
  std::variant<Tick, PlaceOrder, CancelOrder, Transfer, OpenAccount, CreateInstrument> body;
  std::span<const std::byte> bytes;  // the serialized `Command`, exactly as received
};

// The commands of one SubmitRequest. Cleared and reused from batch to batch; move-only in spirit: commands point into it.
struct Batch {
  std::vector<Command> commands;
  std::deque<InstrumentDefinition> instruments;

  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void clear() noexcept {
    commands.clear();
    instruments.clear();
  }
};

// Most commands in one batch.
inline constexpr std::size_t kMaxBatchCommands = 4096;

// Longest client order id and request id, in bytes.
inline constexpr std::size_t kMaxClientIdSize = 36;

}  // namespace exchange::engine
