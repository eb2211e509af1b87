#include "exchange/engine/core.hpp"
#include "wire.hpp"
#include "wire_read.hpp"

namespace exchange::engine::testing {
namespace {

void take_present(Reader& in, std::int64_t& value, bool& present) {
  value = in.get_sint64();
  present = true;
}

void read_special(Reader& in, SpecialView& v) {
  switch (in.tag()) {
    case 25: take_present(in, v.trigger_price, v.has_trigger_price); break;
    case 26: take(in, v.trigger_reference); break;
    case 27: take(in, v.trailing_ticks); break;
    case 28: take(in, v.trailing_bps); break;
    case 29: take_present(in, v.watermark_price, v.has_watermark); break;
    case 30: take(in, v.triggered_time_ns); break;
    case 31: take(in, v.display_quantity); break;
    case 32: take(in, v.displayed_quantity); break;
    case 33: take(in, v.slice_id); break;
    case 34: take(in, v.min_quantity); break;
    case 35: take(in, v.expire_time_ns); break;
    case 36: take(in, v.post_only_reprice); break;
    case 37: take(in, v.reduce_only); break;
    case 38: take(in, v.peg_reference); break;
    case 39: v.peg_offset_ticks = in.get_sint64(); break;
    case 40: take_present(in, v.working_price, v.has_working_price); break;
    case 41: take(in, v.tag); break;
    case 43: take(in, v.survive_disconnect); break;
    case 44: take(in, v.link_id); break;
    case 45: take(in, v.link_type); break;
    case 46: take(in, v.parent_order_id); break;
    default: unknown(in);
  }
}

ReadOrder read_order(Reader in) {
  ReadOrder out;
  OrderView& v = out.view;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, v.order_id); break;
      case 2: take(in, v.account_id); break;
      case 42: take(in, v.session_id); break;
      case 3: out.client_order_id = in.get_string(); break;
      case 4: take(in, v.instrument_id); break;
      case 5: take(in, v.side); break;
      case 6: take(in, v.type); break;
      case 7: take(in, v.time_in_force); break;
      case 8: take(in, v.post_only); break;
      case 9: take(in, v.self_trade_prevention); break;
      case 10: v.price = in.get_sint64(); break;
      case 11: take(in, v.quantity); break;
      case 12: take(in, v.cum_quantity); break;
      case 13: take(in, v.leaves_quantity); break;
      case 14: take(in, v.prevented_quantity); break;
      case 15: take(in, v.cancelled_quantity); break;
      case 16: take(in, v.cum_notional); break;
      case 17: take(in, v.cum_fee); break;
      case 18: take(in, v.status); break;
      case 19: take(in, v.end_reason); break;
      case 20: take(in, v.reject_reason); break;
      case 21: take(in, v.version); break;
      case 22: take(in, v.accepted_time_ns); break;
      case 23: take(in, v.updated_time_ns); break;
      case 24: take(in, v.quote_budget); break;
      default: read_special(in, out.special);
    }
  }
  return out;
}

FillView read_fill(Reader in) {
  FillView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.trade_id); break;
      case 2: out.price = in.get_sint64(); break;
      case 3: take(in, out.quantity); break;
      case 4: take(in, out.notional); break;
      case 5: take(in, out.fee); break;
      case 6: take(in, out.liquidity); break;
      default: unknown(in);
    }
  }
  return out;
}

ReadOrderResult read_order_result(Reader in) {
  ReadOrderResult out;
  OrderView& v = out.standing;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.reason); break;
      case 2: take(in, v.order_id); break;
      case 3: take(in, v.status); break;
      case 4: take(in, v.end_reason); break;
      case 5: v.price = in.get_sint64(); break;
      case 6: take(in, v.cum_quantity); break;
      case 7: take(in, v.leaves_quantity); break;
      case 8: take(in, v.cum_notional); break;
      case 9: take(in, v.version); break;
      case 10: out.order = read_order(in.get_message()); break;
      case 11: out.fills.push_back(read_fill(in.get_message())); break;
      default: unknown(in);
    }
  }
  return out;
}

ReadResult read_result(Reader in) {
  ReadResult out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.engine_seq); break;
      case 2: take(in, out.reason); break;
      case 3: take(in, out.replayed); break;
      case 4: out.order = read_order(in.get_message()); break;
      case 5: out.fills.push_back(read_fill(in.get_message())); break;
      case 14: out.orders.push_back(read_order_result(in.get_message())); break;
      case 15:
        for (const std::int32_t reason : in.get_packed_enum()) out.all_reasons.push_back(static_cast<Reason>(reason));
        break;
      case 16: take(in, out.cancelled_count); break;
      case 18: out.cost = read_cost(in.get_message()); break;
      default: unknown(in);
    }
  }
  return out;
}

InstrumentEvent read_instrument_updated(Reader in) {
  InstrumentEvent out;
  if (!in.next(1)) unknown(in);
  Reader instrument = in.get_message();
  if (instrument.next(1)) take(instrument, out.instrument_id);
  return out;
}

OpenAccount read_account_opened(Reader in) {
  OpenAccount out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.self_trade_group_id); break;
      case 3: take(in, out.taker_fee_ppm); break;
      case 4: take(in, out.maker_fee_ppm); break;
      default: unknown(in);
    }
  }
  return out;
}

TransferEvent read_transfer_updated(Reader in) {
  TransferEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.transfer.transfer_seq); break;
      case 2: take(in, out.transfer.direction); break;
      case 3: take(in, out.transfer.account_id); break;
      case 4: take(in, out.transfer.asset_id); break;
      case 5: take(in, out.transfer.amount); break;
      case 6: take(in, out.reason); break;
      default: unknown(in);
    }
  }
  return out;
}

OrderEvent read_order_updated(Reader in) {
  OrderEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.cause); break;
      case 2: out.order = read_order(in.get_message()); break;
      case 3: out.fill = read_fill(in.get_message()); break;
      case 4: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

PreventedMatchView read_prevented_match(Reader in) {
  PreventedMatchView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: take(in, out.maker_order_id); break;
      case 3: take(in, out.taker_order_id); break;
      case 4: out.price = in.get_sint64(); break;
      case 5: take(in, out.quantity); break;
      case 6: take(in, out.mode); break;
      case 7: take(in, out.maker_account_id); break;
      case 8: take(in, out.taker_account_id); break;
      case 9: take(in, out.maker_account_seq); break;
      case 10: take(in, out.taker_account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

BalanceChangeView read_balance_changed(Reader in) {
  BalanceChangeView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.asset_id); break;
      case 3: take(in, out.kind); break;
      case 4: out.amount = in.get_sint64(); break;
      case 5: take(in, out.available); break;
      case 6: take(in, out.held); break;
      case 7: take(in, out.trade_id); break;
      case 8: take(in, out.account_seq); break;
      case 10: static_cast<void>(in.get_uint32()); break;
      default: unknown(in);
    }
  }
  return out;
}

TradeView read_trade(Reader in) {
  TradeView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.trade_id); break;
      case 2: take(in, out.instrument_id); break;
      case 3: out.price = in.get_sint64(); break;
      case 4: take(in, out.quantity); break;
      case 5: take(in, out.taker_side); break;
      case 6: take(in, out.maker_order_id); break;
      case 7: take(in, out.taker_order_id); break;
      case 8: take(in, out.maker_account_id); break;
      case 9: take(in, out.taker_account_id); break;
      case 10: take(in, out.notional); break;
      case 11: take(in, out.maker_fee); break;
      case 12: take(in, out.taker_fee); break;
      case 13: take(in, out.trade_seq); break;
      case 14: take(in, out.uncross); break;
      case 15: take(in, out.liquidation); break;
      default: unknown(in);
    }
  }
  return out;
}

BookChangeView read_book_changed(Reader in) {
  BookChangeView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: take(in, out.book_seq); break;
      case 3: take(in, out.side); break;
      case 4: out.price = in.get_sint64(); break;
      case 5: take(in, out.quantity); break;
      default: unknown(in);
    }
  }
  return out;
}

PhaseChangeView read_phase_changed(Reader in) {
  PhaseChangeView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: take(in, out.previous); break;
      case 3: take(in, out.phase); break;
      case 4: take(in, out.auction_kind); break;
      default: unknown(in);
    }
  }
  return out;
}

MarkPriceEvent read_mark_price_changed(Reader in) {
  MarkPriceEvent out;
  StatedPrices& p = out.prices;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: p.has_mark = true, p.mark = in.get_sint64(); break;
      case 3: p.has_index = true, p.index = in.get_sint64(); break;
      case 4: p.has_reference = true, p.reference = in.get_sint64(); break;
      case 5: p.has_conversion_rate = true, take(in, p.conversion_rate_ppb); break;
      default: unknown(in);
    }
  }
  return out;
}

AuctionEvent read_auction(Reader in, bool uncrossed) {
  AuctionEvent out;
  out.uncrossed = uncrossed;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: take(in, out.kind); break;
      case 3: out.view.price = in.get_sint64(); break;
      case 4: take(in, out.view.quantity); break;
      case 5: out.view.imbalance = in.get_sint64(); break;
      default: unknown(in);
    }
  }
  return out;
}

SelfTradeEvent read_self_trade_uncrossed(Reader in) {
  SelfTradeEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.trade_id); break;
      case 2: take(in, out.instrument_id); break;
      case 3: take(in, out.group); break;
      default: unknown(in);
    }
  }
  return out;
}

ReadEvent read_event(Reader in) {
  if (!in.next()) throw std::runtime_error("an event without a kind");
  switch (in.tag()) {
    case 1: return read_instrument_updated(in.get_message());
    case 2: return read_account_opened(in.get_message());
    case 3: return read_transfer_updated(in.get_message());
    case 4: return read_order_updated(in.get_message());
    case 5: return read_prevented_match(in.get_message());
    case 6: return read_balance_changed(in.get_message());
    case 7: return read_trade(in.get_message());
    case 8: return read_book_changed(in.get_message());
    case 9: return read_position_changed(in.get_message());
    case 10: return read_mass_cancel_done(in.get_message());
    case 11: return read_phase_changed(in.get_message());
    case 12: return read_mark_price_changed(in.get_message());
    case 13: return read_account_updated(in.get_message());
    case 14: return read_auction(in.get_message(), false);
    case 15: return read_auction(in.get_message(), true);
    case 16: return read_sweep(in.get_message());
    case 17: return read_trade_busted(in.get_message());
    case 18: return read_margin_parameters_changed(in.get_message());
    case 19: return read_fee_schedule_changed(in.get_message());
    case 21: return read_cancel_all_after_changed(in.get_message());
    case 22: return read_sweep(in.get_message());
    case 23: return read_option_exercised(in.get_message());
    case 27: return read_session_changed(in.get_message());
    case 24: return read_liquidation(in.get_message());
    case 25: return read_self_trade_uncrossed(in.get_message());
    case 26: return read_positions_rolled(in.get_message());
    case 28: return read_value_date_changed(in.get_message());
    case 29: return DeliveryEvent{read_positions_rolled(in.get_message()).view};
    case 30: return read_unsettled_delivered(in.get_message());
    default: unknown(in);
  }
}

ReadBlock read_block(Reader in) {
  ReadBlock out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.engine_seq); break;
      case 2: take(in, out.engine_time_ns); break;
      case 3: out.events.push_back(read_event(in.get_message())); break;
      default: unknown(in);
    }
  }
  return out;
}

ReadBook read_book_state(Reader in) {
  ReadBook out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: in.skip(); break;
      case 2: take(in, out.book_seq); break;
      case 3: take(in, out.trade_seq); break;
      case 4: out.last_price = in.get_sint64(); break;
      case 5: out.prices = read_mark_price_changed(in.get_message()).prices; break;
      case 6: take(in, out.auction_kind); break;
      case 7: take(in, out.value_date); break;
      default: unknown(in);
    }
  }
  return out;
}

}  // namespace

std::vector<ReadResult> read_results(std::string_view response) {
  std::vector<ReadResult> out;
  Reader in(response.data(), response.size());
  while (in.next(1)) out.push_back(read_result(in.get_message()));
  return out;
}

std::vector<ReadBlock> read_blocks(std::string_view response) {
  std::vector<ReadBlock> out;
  Reader in(response.data(), response.size());
  while (in.next(4)) out.push_back(read_block(in.get_message()));
  return out;
}

std::vector<ReadBlock> read_blocks(const ByteBuffer& blocks) {
  ByteBuffer response;
  encode_blocks(blocks.view(), response);
  return read_blocks(response.view());
}

ReadAccount read_account(std::string_view response) {
  ReadAccount out;
  Reader in(response.data(), response.size());
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.engine_seq); break;
      case 2: {
        Reader message = in.get_message();
        BalanceChangeView& balance = out.balances.emplace_back();
        while (message.next()) {
          if (message.tag() == 1) take(message, balance.asset_id);
          if (message.tag() == 2) take(message, balance.available);
          if (message.tag() == 3) take(message, balance.held);
          if (message.tag() == 4) take(message, out.unsettled[balance.asset_id]);
        }
        break;
      }
      case 3: out.open_orders.push_back(read_order(in.get_message())); break;
      case 4: read_position(in.get_message(), out.positions.emplace_back()); break;
      case 5: take(in, out.account_seq); break;
      case 6: out.account = read_account_updated(in.get_message()); break;
      default: unknown(in);
    }
  }
  return out;
}

ReadPart read_part(std::string_view response) {
  ReadPart out;
  Reader in(response.data(), response.size());
  Reader part;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.shard); break;
      case 2: take(in, out.epoch); break;
      case 3: take(in, out.durable_seq); break;
      case 5: part = in.get_message(); break;
      default: unknown(in);
    }
  }
  while (part.next()) {
    switch (part.tag()) {
      case 1: take(part, out.engine_seq); break;
      case 2: out.books.push_back(read_book_state(part.get_message())); break;
      case 3: out.orders.push_back(read_order(part.get_message())); break;
      case 4: take(part, out.last); break;
      default: unknown(part);
    }
  }
  return out;
}

}  // namespace exchange::engine::testing
