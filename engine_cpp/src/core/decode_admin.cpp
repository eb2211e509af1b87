// Reading the commands of operators and other services.
#include "decode_admin.hpp"

namespace exchange::engine {
namespace {

OpenAccount read_open_account(Reader in) {
  OpenAccount out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.self_trade_group_id = read_uint64(in); break;
      case 3: out.taker_fee_ppm = read_uint32(in); break;
      case 4: out.maker_fee_ppm = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

// Of CreateInstrument and UpdateInstrument.
const InstrumentDefinition* read_only_instrument(Reader in, Batch& batch) {
  const InstrumentDefinition* out = nullptr;
  while (in.next()) {
    require(in.tag() == 1 && out == nullptr);
    out = &batch.instruments.emplace_back(read_instrument(read_message(in)));
  }
  require(out != nullptr);
  return out;
}

SetPhase read_set_phase(Reader in) {
  SetPhase out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.phase = read_enum(in, TradingPhase::kPostOnly); break;
      case 3: out.auction_kind = read_enum(in, AuctionKind::kIntraday); break;
      default: throw Malformed{};
    }
  }
  require(out.phase != TradingPhase{});
  return out;
}

SetMarkPrice read_set_mark_price(Reader in) {
  SetMarkPrice out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: read_present(in, out.mark_price, out.has_mark_price, read_sint64); break;
      case 3: read_present(in, out.index_price, out.has_index_price, read_sint64); break;
      case 4: read_present(in, out.reference_price, out.has_reference_price, read_sint64); break;
      case 5: read_present(in, out.conversion_rate_ppb, out.has_conversion_rate, read_int64); break;
      default: throw Malformed{};
    }
  }
  return out;
}

AccountLimits read_account_limits(Reader in) {
  AccountLimits out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.max_order_lots = read_int64(in); break;
      case 2: out.max_order_notional = read_int64(in); break;
      case 3: out.max_open_orders = read_uint32(in); break;
      case 4: out.max_position_lots = read_int64(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

void read_limits(Reader& in, AccountSettings& out) {
  out.limits = read_account_limits(read_message(in));
  out.has_limits = true;
}

SetAccount read_set_account(Reader in, Batch& batch) {
  AccountSettings& out = batch.account_settings.emplace_back();
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: read_present(in, out.account_class, out.has_account_class, read_uint32); break;
      case 3: out.kind = read_enum(in, AccountKind::kMargin); break;
      case 4: out.trading_state = read_enum(in, TradingState::kHalted); break;
      case 5: out.cancel_orders = read_bool(in); break;
      case 6: read_limits(in, out); break;
      case 7: read_present(in, out.fee_tier, out.has_fee_tier, read_uint32); break;
      case 8: read_present(in, out.self_trade_group_id, out.has_self_trade_group, read_uint64); break;
      case 9: read_present(in, out.taker_fee_ppm, out.has_taker_fee, read_uint32); break;
      case 10: read_present(in, out.maker_fee_ppm, out.has_maker_fee, read_uint32); break;
      default: throw Malformed{};
    }
  }
  return {&out};
}

SetMarginParameters read_set_margin_parameters(Reader in) {
  SetMarginParameters out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.account_class = read_uint32(in); break;
      case 3: out.initial_margin_ppm = read_uint32(in); break;
      case 4: out.maintenance_margin_ppm = read_uint32(in); break;
      case 5: out.max_leverage = read_uint32(in); break;
      case 6: out.liquidation_penalty_ppm = read_uint32(in); break;
      case 7: out.short_option_margin = read_int64(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

FeeTier read_fee_tier(Reader in) {
  FeeTier out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.fee_tier = read_uint32(in); break;
      case 2: out.taker_fee_ppm = read_sint32(in); break;
      case 3: out.maker_fee_ppm = read_sint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

SetFeeSchedule read_set_fee_schedule(Reader in, Batch& batch) {
  SetFeeSchedule out;
  std::vector<FeeTier>& tiers = batch.fee_tiers.emplace_back();
  while (in.next()) {
    if (in.tag() == 1) {
      out.fee_schedule_id = read_uint32(in);
    } else {
      require(in.tag() == 2 && tiers.size() < kMaxFeeTiers);
      tiers.push_back(read_fee_tier(read_message(in)));
    }
  }
  require(!tiers.empty());
  out.tiers = tiers;
  return out;
}

SettleFuture read_settle_future(Reader in) {
  SettleFuture out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.settlement_price = read_sint64(in); break;
      case 3: out.trading_date = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

ExpireInstrument read_expire_instrument(Reader in) {
  ExpireInstrument out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.final_price = read_sint64(in); break;
      case 3: out.trading_date = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

ExerciseOption read_exercise_option(Reader in) {
  ExerciseOption out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.instrument_id = read_uint32(in); break;
      case 3: out.quantity = read_int64(in); break;
      case 4: out.trading_date = read_uint32(in); break;
      case 5: out.request_id = read_client_id(in); break;
      default: throw Malformed{};
    }
  }
  require(!out.request_id.empty());
  return out;
}

ActivateRules read_activate_rules(Reader in) {
  ActivateRules out;
  while (in.next()) {
    require(in.tag() == 1);
    out.version = read_uint32(in);
  }
  return out;
}

BustTrade read_bust_trade(Reader in, Batch& batch) {
  BustedTrade& out = batch.busted_trades.emplace_back();
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.trade_id = read_uint64(in); break;
      case 2: out.instrument_id = read_uint32(in); break;
      case 3: out.price = read_sint64(in); break;
      case 4: out.quantity = read_int64(in); break;
      case 5: out.taker_side = read_enum(in, Side::kSell); break;
      case 6: out.maker_account_id = read_uint64(in); break;
      case 7: out.taker_account_id = read_uint64(in); break;
      case 8: out.maker_fee = read_sint64(in); break;
      case 9: out.taker_fee = read_sint64(in); break;
      case 10: out.value_time_ns = read_int64(in); break;
      case 11: out.value_date = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  require(out.taker_side != Side{});
  return {&out};
}

RollPositions read_roll_positions(Reader in) {
  RollPositions out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.long_swap_price = read_sint64(in); break;
      case 3: out.short_swap_price = read_sint64(in); break;
      case 4: out.trading_date = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

// SetValueDate or DeliverTrades.
template <class Dated>
Dated read_dated(Reader in) {
  Dated out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.value_date = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

}  // namespace

void read_admin_body(CommandKind kind, Reader in, Batch& batch, Command& out) {
  switch (kind) {
    case CommandKind::kOpenAccount: out.body = read_open_account(in); return;
    case CommandKind::kCreateInstrument: out.body = CreateInstrument{read_only_instrument(in, batch)}; return;
    case CommandKind::kUpdateInstrument: out.body = UpdateInstrument{read_only_instrument(in, batch)}; return;
    case CommandKind::kSetPhase: out.body = read_set_phase(in); return;
    case CommandKind::kSetMarkPrice: out.body = read_set_mark_price(in); return;
    case CommandKind::kSetAccount: out.body = read_set_account(in, batch); return;
    case CommandKind::kSetMarginParameters: out.body = read_set_margin_parameters(in); return;
    case CommandKind::kSetFeeSchedule: out.body = read_set_fee_schedule(in, batch); return;
    case CommandKind::kSettleFuture: out.body = read_settle_future(in); return;
    case CommandKind::kExpireInstrument: out.body = read_expire_instrument(in); return;
    case CommandKind::kExerciseOption: out.body = read_exercise_option(in); return;
    case CommandKind::kActivateRules: out.body = read_activate_rules(in); return;
    case CommandKind::kBustTrade: out.body = read_bust_trade(in, batch); return;
    case CommandKind::kRollPositions: out.body = read_roll_positions(in); return;
    case CommandKind::kSetValueDate: out.body = read_dated<SetValueDate>(in); return;
    case CommandKind::kDeliverTrades: out.body = read_dated<DeliverTrades>(in); return;
    default: throw Malformed{};
  }
}

}  // namespace exchange::engine
