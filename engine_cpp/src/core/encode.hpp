// Answers, events and states as wire bytes of `exchange.engine.v1`, fields in order of number.
//
// Threads: pure functions.
#pragma once

#include <span>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/command.hpp"
#include "market_views.hpp"
#include "views.hpp"
#include "wire_writer.hpp"

namespace exchange::engine {

// What became of one of several orders.
struct OrderResultView {
  Reason reason = Reason::kNone;
  OrderView order{};  // with number 0: it was refused
  const SpecialView* special = nullptr;
  std::span<const FillView> fills{};
};

struct ResultView {
  std::uint64_t engine_seq = 0;
  Reason reason = Reason::kNone;
  bool replayed = false;
  const OrderView* order = nullptr;
  std::span<const FillView> fills;
  const SpecialView* special = nullptr;  // of the order, if it has any
  std::uint32_t cancelled_count = 0;
  std::span<const Reason> all_reasons{};
  std::span<const OrderResultView> orders{};
  const OrderCostView* cost = nullptr;
};

void write_order(WireWriter& out, const OrderView& order, const SpecialView* special = nullptr);
// A `Position`.
void write_position(WireWriter& out, const PositionChangeView& position);
// An `AccountUpdated`.
void write_account(WireWriter& out, const AccountView& account);
void write_instrument(WireWriter& out, const InstrumentDefinition& instrument);
// A `MarkPriceChanged`.
void write_prices(WireWriter& out, std::uint32_t instrument_id, const StatedPrices& prices);

// Appends a `CommandResult` as field 1 of `SubmitResponse`.
void write_result(ByteBuffer& out, const ResultView& result, ResponseMode mode = ResponseMode::kFull);
// The same in ResponseMode::kAck, of an answer without `all_reasons` and `cost`. `order_id` is 0 if it is about no order.
void write_ack(ByteBuffer& out, std::uint64_t engine_seq, Reason reason, bool replayed, std::uint64_t order_id,
               std::uint32_t cancelled_count);

}  // namespace exchange::engine
