// Commands to wire bytes, and answers and events back from them: the other end of the core's codec, for tests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "market_views.hpp"
#include "views.hpp"
#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/command.hpp"

namespace exchange::engine::testing {

// A serialized `Command`.
[[nodiscard]] std::string encode(const PlaceOrder& command);
[[nodiscard]] std::string encode(const CancelOrder& command);
[[nodiscard]] std::string encode(const AmendOrder& command);
[[nodiscard]] std::string encode(const MassCancel& command);
[[nodiscard]] std::string encode(const CancelAllAfter& command);
[[nodiscard]] std::string encode(const PlaceOrderGroup& command);
[[nodiscard]] std::string encode(const PlaceOrders& command);
[[nodiscard]] std::string encode(const Transfer& command);
[[nodiscard]] std::string encode(const OpenAccount& command);
[[nodiscard]] std::string encode(const InstrumentDefinition& instrument);  // as CreateInstrument
[[nodiscard]] std::string encode(const UpdateInstrument& command);
[[nodiscard]] std::string encode(const SetPhase& command);
[[nodiscard]] std::string encode(const SetMarkPrice& command);
[[nodiscard]] std::string encode(const SetAccount& command);
[[nodiscard]] std::string encode(const SetMarginParameters& command);
[[nodiscard]] std::string encode(const SetFeeSchedule& command);
[[nodiscard]] std::string encode(const SettleFuture& command);
[[nodiscard]] std::string encode(const ExpireInstrument& command);
[[nodiscard]] std::string encode(const ExerciseOption& command);
[[nodiscard]] std::string encode(const ActivateRules& command);
[[nodiscard]] std::string encode(const BustTrade& command);
[[nodiscard]] std::string encode(const RollPositions& command);
[[nodiscard]] std::string encode(const SetValueDate& command);
[[nodiscard]] std::string encode(const DeliverTrades& command);
[[nodiscard]] std::string encode(const OpenSession& command);
[[nodiscard]] std::string encode(const KeepGateway& command);
[[nodiscard]] std::string encode(const EndSession& command);
[[nodiscard]] std::string encode(const LeaderChange& command);
[[nodiscard]] std::string encode(const Tick& command);

// A serialized `SubmitRequest`.
[[nodiscard]] std::string submit_request(const std::vector<std::string>& commands);

[[nodiscard]] std::span<const std::byte> bytes_of(std::string_view text) noexcept;

// An order as read back; its text is owned.
struct ReadOrder {
  OrderView view;  // `client_order_id` is empty here
  std::string client_order_id;
  SpecialView special;
};

// What became of one of several orders.
struct ReadOrderResult {
  Reason reason = Reason::kNone;
  OrderView standing;  // what is said beside the order itself
  std::optional<ReadOrder> order;
  std::vector<FillView> fills;
};

struct ReadResult {
  std::uint64_t engine_seq = 0;
  Reason reason = Reason::kNone;
  bool replayed = false;
  std::optional<ReadOrder> order;
  std::vector<FillView> fills;
  std::uint32_t cancelled_count = 0;
  std::vector<Reason> all_reasons{};
  std::vector<ReadOrderResult> orders{};
  std::optional<OrderCostView> cost{};
};

struct OrderEvent {
  OrderUpdateCause cause{};
  ReadOrder order;
  std::optional<FillView> fill;
  std::uint64_t account_seq = 0;
};

struct TransferEvent {
  Transfer transfer;
  Reason reason = Reason::kNone;
};

struct InstrumentEvent {
  std::uint32_t instrument_id = 0;
};

struct MarkPriceEvent {
  std::uint32_t instrument_id = 0;
  StatedPrices prices;
};

struct FeeScheduleEvent {
  std::uint32_t fee_schedule_id = 0;
  std::vector<FeeTier> tiers;
};

struct MarginParametersEvent {
  SetMarginParameters parameters;
};

struct SweepEvent {
  SweepView view;
};

struct ValueDateEvent {
  std::uint32_t instrument_id = 0;
  std::uint32_t value_date = 0;
};

struct DeliveryEvent {
  SweepView view;
};

struct TradeBustedEvent {
  TradeBustedView view;
  std::int64_t insured_amount = 0;
};

struct AuctionEvent {
  std::uint32_t instrument_id = 0;
  AuctionKind kind{};
  AuctionView view;
  bool uncrossed = false;
};

struct SelfTradeEvent {
  std::uint64_t trade_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint64_t group = 0;
};

using ReadEvent = std::variant<InstrumentEvent, OpenAccount, TransferEvent, OrderEvent, PreventedMatchView,
                               BalanceChangeView, TradeView, BookChangeView, MassCancelDoneView, CancelAllAfterView,
                               PhaseChangeView, MarkPriceEvent, AccountView, FeeScheduleEvent,
                               AuctionEvent, SelfTradeEvent, SessionView, PositionChangeView, MarginParametersEvent,
                               SweepEvent, OptionExercisedView, TradeBustedEvent, ValueDateEvent,
                               DeliveryEvent, UnsettledDeliveredView, LiquidationView>;

// The results of a `SubmitResponse`.
[[nodiscard]] std::vector<ReadResult> read_results(std::string_view response);

struct ReadBlock {
  std::uint64_t engine_seq = 0;
  std::int64_t engine_time_ns = 0;
  std::vector<ReadEvent> events;
};

// The blocks of an `EventsResponse`.
[[nodiscard]] std::vector<ReadBlock> read_blocks(std::string_view response);

// Blocks as the core writes them.
[[nodiscard]] std::vector<ReadBlock> read_blocks(const ByteBuffer& blocks);

struct ReadAccount {
  std::uint64_t engine_seq = 0;
  std::vector<BalanceChangeView> balances;  // asset, available, held
  std::map<std::uint32_t, std::int64_t> unsettled{};  // by asset
  std::vector<ReadOrder> open_orders;
  std::vector<PositionChangeView> positions;  // instrument, quantity, cost, result
  std::uint64_t account_seq = 0;
  AccountView account;
};

// A `QueryResponse`.
[[nodiscard]] ReadAccount read_account(std::string_view response);

struct ReadBook {
  std::uint64_t book_seq = 0;
  std::uint64_t trade_seq = 0;
  std::optional<std::int64_t> last_price{};
  StatedPrices prices{};
  AuctionKind auction_kind{};
  std::uint32_t value_date = 0;

  bool operator==(const ReadBook&) const = default;
};

struct ReadPart {
  std::uint32_t shard = 0;
  std::uint32_t epoch = 0;
  std::uint64_t durable_seq = 0;
  std::uint64_t engine_seq = 0;
  std::vector<ReadBook> books;
  std::vector<ReadOrder> orders;
  bool last = false;
};

// The snapshot part of an `EventsResponse`.
[[nodiscard]] ReadPart read_part(std::string_view response);

}  // namespace exchange::engine::testing
