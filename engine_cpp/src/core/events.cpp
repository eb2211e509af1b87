#include "events.hpp"

namespace exchange::engine {
namespace {

using Writer = protozero::pbf_writer;
using Tag = protozero::pbf_tag_type;

// Numbers of the fields of `EventsResponse`, `EventBlock`, `Event` and `SubmitResponse`.
constexpr Tag kBlocks = 4;
constexpr Tag kBlockEvents = 3;
constexpr Tag kResults = 1;

void put(Writer& out, Tag tag, std::uint64_t value) {
  if (value != 0) out.add_uint64(tag, value);
}

void put(Writer& out, Tag tag, std::uint32_t value) { put(out, tag, std::uint64_t{value}); }

void put(Writer& out, Tag tag, std::int64_t value) {
  if (value != 0) out.add_int64(tag, value);
}

void put(Writer& out, Tag tag, bool value) {
  if (value) out.add_bool(tag, value);
}

void put(Writer& out, Tag tag, std::string_view value) {
  if (!value.empty()) out.add_string(tag, value.data(), value.size());
}

template <class Enum>
  requires std::is_enum_v<Enum>
void put(Writer& out, Tag tag, Enum value) {
  if (value != Enum{}) out.add_enum(tag, static_cast<std::int32_t>(value));
}

void put_signed(Writer& out, Tag tag, std::int64_t value) {
  if (value != 0) out.add_sint64(tag, value);
}

void write_asset(Writer&& out, const AssetDefinition& asset) {
  put(out, 1, asset.asset_id);
  put(out, 2, asset.symbol);
  put(out, 3, asset.scale);
}

void write_fill(Writer&& out, const FillView& fill) {
  put(out, 1, fill.trade_id);
  put_signed(out, 2, fill.price);
  put(out, 3, fill.quantity);
  put(out, 4, fill.notional);
  put(out, 5, fill.fee);
  put(out, 6, fill.liquidity);
}

// An `Event` that holds one message.
class OneEvent {
 public:
  OneEvent(Writer& block, Tag kind) : event_(block, kBlockEvents), body_(event_, kind) {}
  Writer& body() { return body_; }

 private:
  Writer event_;
  Writer body_;
};

}  // namespace

void write_order(Writer& out, const OrderView& o) {
  put(out, 1, o.order_id);
  put(out, 2, o.account_id);
  put(out, 3, o.client_order_id);
  put(out, 4, o.instrument_id);
  put(out, 5, o.side);
  put(out, 6, o.type);
  put(out, 7, o.time_in_force);
  put(out, 8, o.post_only);
  put(out, 9, o.self_trade_prevention);
  put_signed(out, 10, o.price);
  put(out, 11, o.quantity);
  put(out, 12, o.cum_quantity);
  put(out, 13, o.leaves_quantity);
  put(out, 14, o.prevented_quantity);
  put(out, 15, o.cancelled_quantity);
  put(out, 16, o.cum_notional);
  put(out, 17, o.cum_fee);
  put(out, 18, o.status);
  put(out, 19, o.end_reason);
  put(out, 20, o.reject_reason);
  put(out, 21, o.version);
  put(out, 22, o.accepted_time_ns);
  put(out, 23, o.updated_time_ns);
  put(out, 24, o.quote_budget);
}

void write_instrument(Writer& out, const InstrumentDefinition& i) {
  put(out, 1, i.instrument_id);
  put(out, 2, i.symbol);
  put(out, 3, i.asset_class);
  write_asset(Writer(out, 4), i.base);
  write_asset(Writer(out, 5), i.quote);
  put(out, 6, i.price_scale);
  put(out, 7, i.quantity_scale);
  put(out, 8, i.tick);
  put(out, 9, i.lot);
  put(out, 10, i.min_quantity);
  put(out, 11, i.max_quantity);
  put(out, 12, i.min_notional);
  put(out, 13, i.max_notional);
  put(out, 14, i.market_protection_bps);
  put(out, 15, i.phase);
}

void write_result(std::string& out, const ResultView& result) {
  Writer response(out);
  Writer message(response, kResults);
  put(message, 1, result.engine_seq);
  put(message, 2, result.reason);
  put(message, 3, result.replayed);
  if (result.order != nullptr) {
    Writer order(message, 4);
    write_order(order, *result.order);
  }
  for (const FillView& fill : result.fills) write_fill(Writer(message, 5), fill);
}

EventWriter::EventWriter(std::string& out, Stamp stamp) : response_(out), block_(response_, kBlocks) {
  put(block_, 1, stamp.engine_seq);
  put(block_, 2, stamp.time_ns);
}

void EventWriter::instrument_updated(const InstrumentDefinition& instrument) {
  OneEvent event(block_, 1);
  Writer message(event.body(), 1);
  write_instrument(message, instrument);
}

void EventWriter::account_opened(const OpenAccount& account) {
  OneEvent event(block_, 2);
  put(event.body(), 1, account.account_id);
  put(event.body(), 2, account.self_trade_group_id);
  put(event.body(), 3, account.taker_fee_ppm);
  put(event.body(), 4, account.maker_fee_ppm);
}

void EventWriter::transfer_updated(const Transfer& transfer, Reason reason) {
  OneEvent event(block_, 3);
  put(event.body(), 1, transfer.transfer_seq);
  put(event.body(), 2, transfer.direction);
  put(event.body(), 3, transfer.account_id);
  put(event.body(), 4, transfer.asset_id);
  put(event.body(), 5, transfer.amount);
  put(event.body(), 6, reason);
}

void EventWriter::order_updated(OrderUpdateCause cause, const OrderView& order, const FillView* fill) {
  OneEvent event(block_, 4);
  put(event.body(), 1, cause);
  {
    Writer message(event.body(), 2);
    write_order(message, order);
  }
  if (fill != nullptr) write_fill(Writer(event.body(), 3), *fill);
}

void EventWriter::prevented_match(const PreventedMatchView& match) {
  OneEvent event(block_, 5);
  put(event.body(), 1, match.instrument_id);
  put(event.body(), 2, match.maker_order_id);
  put(event.body(), 3, match.taker_order_id);
  put_signed(event.body(), 4, match.price);
  put(event.body(), 5, match.quantity);
  put(event.body(), 6, match.mode);
  put(event.body(), 7, match.maker_account_id);
  put(event.body(), 8, match.taker_account_id);
}

void EventWriter::balance_changed(const BalanceChangeView& change) {
  OneEvent event(block_, 6);
  put(event.body(), 1, change.account_id);
  put(event.body(), 2, change.asset_id);
  put(event.body(), 3, change.kind);
  put_signed(event.body(), 4, change.amount);
  put(event.body(), 5, change.available);
  put(event.body(), 6, change.held);
  put(event.body(), 7, change.trade_id);
}

void EventWriter::trade(const TradeView& trade) {
  OneEvent event(block_, 7);
  put(event.body(), 1, trade.trade_id);
  put(event.body(), 2, trade.instrument_id);
  put_signed(event.body(), 3, trade.price);
  put(event.body(), 4, trade.quantity);
  put(event.body(), 5, trade.taker_side);
  put(event.body(), 6, trade.maker_order_id);
  put(event.body(), 7, trade.taker_order_id);
  put(event.body(), 8, trade.maker_account_id);
  put(event.body(), 9, trade.taker_account_id);
  put(event.body(), 10, trade.notional);
  put(event.body(), 11, trade.maker_fee);
  put(event.body(), 12, trade.taker_fee);
  put(event.body(), 13, trade.trade_seq);
}

void EventWriter::book_changed(const BookChangeView& change) {
  OneEvent event(block_, 8);
  put(event.body(), 1, change.instrument_id);
  put(event.body(), 2, change.book_seq);
  put(event.body(), 3, change.side);
  put_signed(event.body(), 4, change.price);
  put(event.body(), 5, change.quantity);
}

}  // namespace exchange::engine
