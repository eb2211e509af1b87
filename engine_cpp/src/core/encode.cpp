#include "encode.hpp"

#include <cassert>
#include <cstring>

#include "events.hpp"

namespace exchange::engine {
namespace {

// Numbers of the fields of `EventsResponse`, `EventBlock` and `SubmitResponse`.
constexpr WireWriter::Field kBlocks = 4;
constexpr WireWriter::Field kBlockEvents = 3;
constexpr WireWriter::Field kResults = 1;

void write_asset(WireWriter& out, const AssetDefinition& asset) {
  out.put(1, asset.asset_id);
  out.put(2, asset.symbol);
  out.put(3, asset.scale);
}

void write_fill(WireWriter& out, const FillView& fill) {
  out.put(1, fill.trade_id);
  out.put_signed(2, fill.price);
  out.put(3, fill.quantity);
  out.put(4, fill.notional);
  out.put(5, fill.fee);
  out.put(6, fill.liquidity);
}

void write(WireWriter& out, const PreventedMatchView& match) {
  out.put(1, match.instrument_id);
  out.put(2, match.maker_order_id);
  out.put(3, match.taker_order_id);
  out.put_signed(4, match.price);
  out.put(5, match.quantity);
  out.put(6, match.mode);
  out.put(7, match.maker_account_id);
  out.put(8, match.taker_account_id);
  out.put(9, match.maker_account_seq);
  out.put(10, match.taker_account_seq);
}

void write(WireWriter& out, const BalanceChangeView& change) {
  out.put(1, change.account_id);
  out.put(2, change.asset_id);
  out.put(3, change.kind);
  out.put_signed(4, change.amount);
  out.put(5, change.available);
  out.put(6, change.held);
  out.put(7, change.trade_id);
  out.put(8, change.account_seq);
}

void write(WireWriter& out, const PositionChangeView& change) {
  out.put(1, change.account_id);
  out.put(2, change.kind);
  out.message(3, [&](WireWriter& message) { write_position(message, change); });
  out.put_signed(4, change.change);
  out.put_signed(5, change.result);
  out.put(6, change.trade_id);
  out.put(7, change.account_seq);
}

void write(WireWriter& out, const TradeView& trade) {
  out.put(1, trade.trade_id);
  out.put(2, trade.instrument_id);
  out.put_signed(3, trade.price);
  out.put(4, trade.quantity);
  out.put(5, trade.taker_side);
  out.put(6, trade.maker_order_id);
  out.put(7, trade.taker_order_id);
  out.put(8, trade.maker_account_id);
  out.put(9, trade.taker_account_id);
  out.put(10, trade.notional);
  out.put(11, trade.maker_fee);
  out.put(12, trade.taker_fee);
  out.put(13, trade.trade_seq);
  out.put(14, trade.uncross);
  out.put(15, trade.liquidation);
}

void write(WireWriter& out, const BookChangeView& change) {
  out.put(1, change.instrument_id);
  out.put(2, change.book_seq);
  out.put(3, change.side);
  out.put_signed(4, change.price);
  out.put(5, change.quantity);
}

// Takes one record off the front of `records`.
template <class Record>
Record take(std::string_view& records) {
  assert(records.size() >= sizeof(Record));
  Record record;
  std::memcpy(&record, records.data(), sizeof record);
  records.remove_prefix(sizeof record);
  return record;
}

void write_order_updated(WireWriter& out, std::uint32_t cause, std::string_view records) {
  out.put(1, cause & (kTellsSpecial - 1));
  const auto account_seq = take<std::uint64_t>(records);
  const auto order = take<OrderView>(records);
  SpecialView special;
  const bool has_special = (cause & kTellsSpecial) != 0;
  if (has_special) {
    std::string_view last = records.substr(records.size() - sizeof special);
    special = take<SpecialView>(last);
    records.remove_suffix(sizeof special);
  }
  out.message(2, [&](WireWriter& message) { write_order(message, order, has_special ? &special : nullptr); });
  if (!records.empty()) {
    const auto fill = take<FillView>(records);
    out.message(3, [&](WireWriter& message) { write_fill(message, fill); });
  }
  out.put(4, account_seq);
}

void write_event(WireWriter& out, const EventHead& head, std::string_view records) {
  out.message(static_cast<WireWriter::Field>(head.kind), [&](WireWriter& body) {
    switch (head.kind) {
      case EventKind::kOrderUpdated: return write_order_updated(body, head.detail, records);
      case EventKind::kPreventedMatch: return write(body, take<PreventedMatchView>(records));
      case EventKind::kBalanceChanged:
        write(body, take<BalanceChangeView>(records));
        return body.put(10, head.detail);
      case EventKind::kPositionChanged: return write(body, take<PositionChangeView>(records));
      case EventKind::kTrade: return write(body, take<TradeView>(records));
      case EventKind::kBookChanged: return write(body, take<BookChangeView>(records));
      case EventKind::kSerialized: break;
    }
    assert(false);
  });
}

void write_block(WireWriter& out, const BlockHead& head, std::string_view events) {
  out.put(1, head.engine_seq);
  out.put(2, head.time_ns);
  while (!events.empty()) {
    std::string_view records = events;
    const auto event = take<EventHead>(records);
    records = events.substr(sizeof event, event.bytes - sizeof event);
    events.remove_prefix(event.bytes);
    if (event.kind == EventKind::kSerialized) {
      out.put(kBlockEvents, records.substr(0, event.detail));
    } else {
      out.message(kBlockEvents, [&](WireWriter& message) { write_event(message, event, records); });
    }
  }
}

// The rest of a `CommandResult`: the order and its fills, or where the order stands.
void write_whole(WireWriter& out, const ResultView& result) {
  out.message(4, [&](WireWriter& message) { write_order(message, *result.order, result.special); });
  for (const FillView& fill : result.fills) {
    out.message(5, [&](WireWriter& message) { write_fill(message, fill); });
  }
}

void write_special(WireWriter& out, const SpecialView& s) {
  if (s.has_trigger_price) out.put_signed_present(25, s.trigger_price);
  out.put(26, s.trigger_reference);
  out.put(27, s.trailing_ticks);
  out.put(28, s.trailing_bps);
  if (s.has_watermark) out.put_signed_present(29, s.watermark_price);
  out.put(30, s.triggered_time_ns);
  out.put(31, s.display_quantity);
  out.put(32, s.displayed_quantity);
  out.put(33, s.slice_id);
  out.put(34, s.min_quantity);
  out.put(35, s.expire_time_ns);
  out.put(36, s.post_only_reprice);
  out.put(37, s.reduce_only);
  out.put(38, s.peg_reference);
  out.put_signed(39, s.peg_offset_ticks);
  if (s.has_working_price) out.put_signed_present(40, s.working_price);
  out.put(41, s.tag);
  out.put(43, s.survive_disconnect);
  out.put(44, s.link_id);
  out.put(45, s.link_type);
  out.put(46, s.parent_order_id);
}

// Seven fields in a row, from the first on.
template <WireWriter::Field first>
void write_standing(WireWriter& out, const OrderView& order, const SpecialView* special) {
  out.put(first, order.status);
  out.put(first + 1, order.end_reason);
  out.put_signed(first + 2, special != nullptr && special->has_working_price ? special->working_price : order.price);
  out.put(first + 3, order.cum_quantity);
  out.put(first + 4, order.leaves_quantity);
  out.put(first + 5, order.cum_notional);
  out.put(first + 6, order.version);
}

// An `OrderResult`.
void write_one(WireWriter& out, const OrderResultView& result, ResponseMode mode) {
  out.put(1, result.reason);
  if (result.order.order_id == 0) return;
  out.put(2, result.order.order_id);
  if (mode == ResponseMode::kAck) return;
  write_standing<3>(out, result.order, result.special);
  if (mode != ResponseMode::kFull) return;
  out.message(10, [&](WireWriter& message) { write_order(message, result.order, result.special); });
  for (const FillView& fill : result.fills) {
    out.message(11, [&](WireWriter& message) { write_fill(message, fill); });
  }
}

void write_order_result(WireWriter& out, const ResultView& result, ResponseMode mode) {
  if (mode == ResponseMode::kFull) return write_whole(out, result);
  out.put(6, result.order->order_id);
  if (mode != ResponseMode::kResult) return;
  write_standing<7>(out, *result.order, result.special);
  out.put(17, result.order->instrument_id);
}

// The fields that an answer in any mode begins with.
template <class Writer>
void write_head(Writer& out, std::uint64_t engine_seq, Reason reason, bool replayed) {
  out.put(1, engine_seq);
  out.put(2, reason);
  out.put(3, replayed);
}

}  // namespace

void write_order(WireWriter& out, const OrderView& o, const SpecialView* special) {
  out.put(1, o.order_id);
  out.put(2, o.account_id);
  out.put(3, o.client_order_id.view());
  out.put(4, o.instrument_id);
  out.put(5, o.side);
  out.put(6, o.type);
  out.put(7, o.time_in_force);
  out.put(8, o.post_only);
  out.put(9, o.self_trade_prevention);
  out.put_signed(10, o.price);
  out.put(11, o.quantity);
  out.put(12, o.cum_quantity);
  out.put(13, o.leaves_quantity);
  out.put(14, o.prevented_quantity);
  out.put(15, o.cancelled_quantity);
  out.put(16, o.cum_notional);
  out.put(17, o.cum_fee);
  out.put(18, o.status);
  out.put(19, o.end_reason);
  out.put(20, o.reject_reason);
  out.put(21, o.version);
  out.put(22, o.accepted_time_ns);
  out.put(23, o.updated_time_ns);
  out.put(24, o.quote_budget);
  out.put(42, o.session_id);
  if (special != nullptr) write_special(out, *special);
}

void write_position(WireWriter& out, const PositionChangeView& p) {
  out.put(1, p.instrument_id);
  out.put_signed(2, p.quantity);
  out.put_signed(3, p.cost);
  out.put_signed(4, p.realised);
}

void write_account(WireWriter& out, const AccountView& a) {
  out.put(1, a.account_id);
  out.put(2, a.self_trade_group);
  out.put(3, a.account_class);
  out.put(4, a.kind);
  out.put(5, a.trading_state);
  out.message(6, [&](WireWriter& limits) {
    limits.put(1, a.limits.max_order_lots);
    limits.put(2, a.limits.max_order_notional);
    limits.put(3, a.limits.max_open_orders);
    limits.put(4, a.limits.max_position_lots);
  });
  out.put(7, a.fee_tier);
  out.put(8, a.taker_fee_ppm);
  out.put(9, a.maker_fee_ppm);
  out.put(10, a.account_seq);
}

void write_instrument(WireWriter& out, const InstrumentDefinition& i) {
  out.put(1, i.instrument_id);
  out.put(2, i.symbol);
  out.put(3, i.asset_class);
  out.message(4, [&](WireWriter& message) { write_asset(message, i.base); });
  out.message(5, [&](WireWriter& message) { write_asset(message, i.quote); });
  out.put(6, i.price_scale);
  out.put(7, i.quantity_scale);
  out.put(8, i.tick);
  out.put(9, i.lot);
  out.put(10, i.min_quantity);
  out.put(11, i.max_quantity);
  out.put(12, i.min_notional);
  out.put(13, i.max_notional);
  out.put(14, i.market_protection_bps);
  out.put(15, i.phase);
  const InstrumentTerms& t = i.terms;
  if (t.kind != InstrumentKind::kSpot) out.put(16, t.kind);
  if (t.multiplier != 1) out.put(17, t.multiplier);
  out.put(18, t.delayed_settlement);
  out.put(19, t.static_band_bps);
  out.put(20, t.dynamic_band_bps);
  out.put(21, t.fee_schedule_id);
  out.put(22, t.max_position);
  if (t.settlement_method != SettlementMethod::kCash) out.put(23, t.settlement_method);
  out.put(24, t.expiry_time_ns);
  if (t.underlying_id == 0) return;
  out.message(25, [&](WireWriter& option) {
    option.put(1, t.underlying_id);
    option.put_signed(2, t.strike_price);
    option.put(3, t.right);
    option.put(4, t.exercise_style);
  });
}

void write_prices(WireWriter& out, std::uint32_t instrument_id, const StatedPrices& prices) {
  out.put(1, instrument_id);
  if (prices.has_mark) out.put_signed_present(2, prices.mark);
  if (prices.has_index) out.put_signed_present(3, prices.index);
  if (prices.has_reference) out.put_signed_present(4, prices.reference);
  if (prices.has_conversion_rate) out.put_present(5, prices.conversion_rate_ppb);
}

void write_cost(WireWriter& out, const OrderCostView& cost) {
  out.put(1, cost.asset_id);
  out.put_signed(2, cost.worst_price);
  out.put(3, cost.notional);
  out.put(4, cost.worst_fee);
  out.put(5, cost.required);
  out.put(6, cost.available);
}

void write_result(ByteBuffer& out, const ResultView& result, ResponseMode mode) {
  WireWriter(out).message(kResults, [&](WireWriter& message) {
    write_head(message, result.engine_seq, result.reason, result.replayed);
    if (result.order != nullptr) write_order_result(message, result, mode);
    for (const OrderResultView& order : result.orders) {
      message.message(14, [&](WireWriter& one) { write_one(one, order, mode); });
    }
    message.put_packed(15, result.all_reasons);
    message.put(16, result.cancelled_count);
    if (result.cost != nullptr) message.message(18, [&](WireWriter& cost) { write_cost(cost, *result.cost); });
  });
}

void write_ack(ByteBuffer& out, std::uint64_t engine_seq, Reason reason, bool replayed, std::uint64_t order_id,
               std::uint32_t cancelled_count) {
  ShortMessage message(out, kResults);
  write_head(message, engine_seq, reason, replayed);
  message.put(6, order_id);
  message.put(16, cancelled_count);
}

void encode_blocks(std::string_view blocks, ByteBuffer& out) {
  WireWriter writer(out);
  while (!blocks.empty()) {
    std::string_view events = blocks;
    const auto head = take<BlockHead>(events);
    events = blocks.substr(sizeof head, head.bytes - sizeof head);
    blocks.remove_prefix(head.bytes);
    writer.message(kBlocks, [&](WireWriter& block) { write_block(block, head, events); });
  }
}

}  // namespace exchange::engine
