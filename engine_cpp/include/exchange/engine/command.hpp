// Commands as read from wire bytes.
//
// Invariants:
//   1. A decoded command satisfies every rule of the contract that needs no state: enums are defined, ids have 1 to 36
//      of [A-Za-z0-9_-], text is as long as it says. Rules between fields are checked when the command is applied.
//   2. Nothing is owned: text and `Command::bytes` are views of the buffer that was decoded, pointers and spans lead into
//      the batch; both must outlive them.
//   3. A command is small: what is rare or large is owned by the batch and pointed at.
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

#include "exchange/engine/admin_command.hpp"
#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

// What only some orders say. A field that does not apply has its default.
struct SpecialTerms {
  std::int64_t trigger_price = 0;
  std::int64_t trailing_ticks = 0;
  std::int64_t display_quantity = 0;  // 0: all is shown
  std::int64_t min_quantity = 0;
  std::int64_t expire_time_ns = 0;
  std::int64_t peg_offset_ticks = 0;
  std::uint32_t trailing_bps = 0;
  std::uint32_t tag = 0;
  TriggerReference trigger_reference{};
  PegReference peg_reference{};
  bool has_trigger_price = false;  // a price may be zero
  bool post_only_reprice = false;
  bool reduce_only = false;
  bool validate_only = false;
  bool survive_disconnect = false;

  bool operator==(const SpecialTerms&) const = default;
};

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
  std::uint64_t session_id = 0;           // 0: of no session
  const SpecialTerms* special = nullptr;  // null if all of them are defaults
};

struct CancelOrder {
  std::uint64_t account_id = 0;
  std::uint64_t order_id = 0;        // 0 if the target is named by the owner's id
  std::string_view client_order_id{};  // empty if the target is named by number
  std::string_view request_id{};       // empty if the request is not to be remembered
  std::int64_t valid_until_ns = 0;
  std::uint64_t fingerprint = 0;
};

// What the new quantity of an amend counts.
enum class AmendSize : std::uint8_t { kUnchanged, kTotal, kOpen };

struct AmendOrder {
  std::uint64_t account_id = 0;
  std::uint64_t order_id = 0;          // 0 if the target is named by the owner's id
  std::string_view client_order_id{};  // empty if the target is named by number
  std::string_view request_id{};       // empty if the request is not to be remembered
  std::int64_t quantity = 0;           // what `size` says
  std::int64_t price = 0;
  std::int64_t display_quantity = 0;
  std::int64_t expire_time_ns = 0;
  std::int64_t trigger_price = 0;
  std::int64_t valid_until_ns = 0;
  std::uint64_t fingerprint = 0;
  std::uint32_t expected_version = 0;  // 0: any
  std::uint32_t instrument_id = 0;     // 0: any
  AmendSize size = AmendSize::kUnchanged;
  bool has_price = false;
  bool has_display_quantity = false;
  bool has_expire_time = false;
  bool has_trigger_price = false;
  bool requeue = false;
};

struct MassCancel {
  std::uint64_t account_id = 0;
  std::string_view request_id{};  // empty if the request is not to be remembered
  std::int64_t valid_until_ns = 0;
  std::uint64_t fingerprint = 0;
  std::uint64_t session_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t tag = 0;
  Side side{};  // zero: both
  bool has_instrument = false;
  bool has_session = false;
  bool has_tag = false;
};

struct CancelAllAfter {
  std::uint64_t account_id = 0;
  std::int64_t timeout_ns = 0;  // 0 disarms
};

struct OpenSession {
  std::uint64_t account_id = 0;
  std::uint64_t session_id = 0;
  std::uint64_t gateway_id = 0;
  std::uint64_t connection_id = 0;
  DisconnectScope scope{};
  std::uint32_t grace_ms = 0;
  std::uint32_t heartbeat_timeout_ms = 0;
  std::int64_t valid_until_ns = 0;
};

struct KeepGateway {
  std::uint64_t gateway_id = 0;
  std::uint32_t lease_ms = 0;
  std::span<const std::uint64_t> session_epochs{};  // at most kMaxKeptSessions
};

struct EndSession {
  std::uint64_t account_id = 0;
  std::uint64_t session_epoch = 0;
  SessionEnd end{};
};

struct LeaderChange {};

// Orders of one command, in their order.
using OrderList = std::vector<PlaceOrder>;

struct PlaceOrderGroup {
  LinkType link_type{};
  std::span<const PlaceOrder> orders{};  // 2 to kMaxGroupOrders
};

struct PlaceOrders {
  std::span<const PlaceOrder> orders{};  // 1 to kMaxAtomicOrders
};

struct Transfer {
  TransferDirection direction{};
  std::uint64_t transfer_seq = 0;
  std::uint64_t account_id = 0;
  std::uint32_t asset_id = 0;
  std::int64_t amount = 0;
};

struct Tick {};

struct Command {
  std::variant<Tick, PlaceOrder, CancelOrder, AmendOrder, Transfer, MassCancel, CancelAllAfter, PlaceOrderGroup,
               PlaceOrders, OpenAccount, CreateInstrument, UpdateInstrument, SetPhase, SetMarkPrice, SetAccount,
               SetMarginParameters, SetFeeSchedule, SettleFuture, ExpireInstrument, ExerciseOption, ActivateRules,
               BustTrade, RollPositions, SetValueDate, DeliverTrades, OpenSession, KeepGateway, EndSession,
               LeaderChange>
      body;
  std::span<const std::byte> bytes;  // the serialized `Command`, exactly as received
};

static_assert(sizeof(Command) <= 152, "batches of commands are walked: keep them dense");

// The commands of one SubmitRequest. Cleared and reused from batch to batch; move-only in spirit: commands point into it.
struct Batch {
  std::vector<Command> commands;
  ResponseMode response_mode = ResponseMode::kFull;
  std::deque<SpecialTerms> special_terms;
  std::deque<OrderList> order_lists;
  std::deque<std::vector<std::uint64_t>> session_epochs;
  std::deque<InstrumentDefinition> instruments;
  std::deque<AccountSettings> account_settings;
  std::deque<std::vector<FeeTier>> fee_tiers;
  std::deque<BustedTrade> busted_trades;

  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void clear() noexcept {
    commands.clear();
    response_mode = ResponseMode::kFull;
    special_terms.clear();
    order_lists.clear();
    session_epochs.clear();
    instruments.clear();
    account_settings.clear();
    fee_tiers.clear();
    busted_trades.clear();
  }
};

// Most commands in one batch.
inline constexpr std::size_t kMaxBatchCommands = 4096;

// Most orders of one group: a parent and its children.
inline constexpr std::size_t kMaxGroupOrders = 4;

// Most orders of one PlaceOrders.
inline constexpr std::size_t kMaxAtomicOrders = 256;

// Most sessions that one KeepGateway speaks of.
inline constexpr std::size_t kMaxKeptSessions = 1'024;

// Longest client order id and request id, in bytes.
inline constexpr std::size_t kMaxClientIdSize = 36;

}  // namespace exchange::engine
