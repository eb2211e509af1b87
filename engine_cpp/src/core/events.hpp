// Events and answers as wire bytes of `exchange.engine.v1`.
//
// Invariants:
//   1. Views are complete: what a writer puts down depends on nothing but its arguments.
//   2. Fields with their default value are left out, fields are in order of number: one meaning, one encoding.
//
// Threads: none; a writer belongs to one call.
#pragma once

#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <string>
#include <string_view>

#include "exchange/engine/command.hpp"
#include "exchange/engine/core.hpp"
#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

struct OrderView {
  std::uint64_t order_id = 0;
  std::uint64_t account_id = 0;
  std::string_view client_order_id;
  std::uint32_t instrument_id = 0;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  bool post_only = false;
  SelfTradePrevention self_trade_prevention{};
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t cum_quantity = 0;
  std::int64_t leaves_quantity = 0;
  std::int64_t prevented_quantity = 0;
  std::int64_t cancelled_quantity = 0;
  std::int64_t cum_notional = 0;
  std::int64_t cum_fee = 0;
  OrderStatus status{};
  EndReason end_reason{};
  Reason reject_reason = Reason::kNone;
  std::uint32_t version = 0;
  std::int64_t accepted_time_ns = 0;
  std::int64_t updated_time_ns = 0;
  std::int64_t quote_budget = 0;
};

struct FillView {
  std::uint64_t trade_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t notional = 0;
  std::int64_t fee = 0;
  Liquidity liquidity{};
};

struct BalanceChangeView {
  std::uint64_t account_id = 0;
  std::uint32_t asset_id = 0;
  BalanceChangeKind kind{};
  std::int64_t amount = 0;
  std::int64_t available = 0;
  std::int64_t held = 0;
  std::uint64_t trade_id = 0;
};

struct PreventedMatchView {
  std::uint32_t instrument_id = 0;
  std::uint64_t maker_order_id = 0;
  std::uint64_t taker_order_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  SelfTradePrevention mode{};
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
};

struct TradeView {
  std::uint64_t trade_id = 0;
  std::uint32_t instrument_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  Side taker_side{};
  std::uint64_t maker_order_id = 0;
  std::uint64_t taker_order_id = 0;
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
  std::int64_t notional = 0;
  std::int64_t maker_fee = 0;
  std::int64_t taker_fee = 0;
  std::uint64_t trade_seq = 0;  // number among the instrument's trades
};

struct BookChangeView {
  std::uint32_t instrument_id = 0;
  std::uint64_t book_seq = 0;
  Side side{};
  std::int64_t price = 0;
  std::int64_t quantity = 0;
};

struct ResultView {
  std::uint64_t engine_seq = 0;
  Reason reason = Reason::kNone;
  bool replayed = false;
  const OrderView* order = nullptr;
  std::span<const FillView> fills;
};

void write_order(protozero::pbf_writer& out, const OrderView& order);
void write_instrument(protozero::pbf_writer& out, const InstrumentDefinition& instrument);

// Appends a `CommandResult` as field 1 of `SubmitResponse`.
void write_result(std::string& out, const ResultView& result);

// One `EventBlock` as field 4 of `EventsResponse`, closed at the end of the writer's life.
class EventWriter {
 public:
  EventWriter(std::string& out, Stamp stamp);
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  void instrument_updated(const InstrumentDefinition& instrument);
  // The account's effective self-trade group goes in `self_trade_group_id`.
  void account_opened(const OpenAccount& account);
  void transfer_updated(const Transfer& transfer, Reason reason);
  void order_updated(OrderUpdateCause cause, const OrderView& order, const FillView* fill = nullptr);
  void prevented_match(const PreventedMatchView& match);
  void balance_changed(const BalanceChangeView& change);
  void trade(const TradeView& trade);
  void book_changed(const BookChangeView& change);

 private:
  protozero::pbf_writer response_;
  protozero::pbf_writer block_;
};

}  // namespace exchange::engine
