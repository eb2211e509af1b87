#include "wire.hpp"
#include "wire_body.hpp"

namespace exchange::engine::testing {
namespace {

std::string encode_asset(const AssetDefinition& asset) {
  std::string out;
  Writer message(out);
  message.add_uint32(1, asset.asset_id);
  add_text(message, 2, asset.symbol);
  message.add_uint32(3, asset.scale);
  return out;
}

std::string option_body(const InstrumentTerms& t) {
  std::string out;
  Writer message(out);
  message.add_uint32(1, t.underlying_id);
  message.add_sint64(2, t.strike_price);
  add_chosen(message, 3, t.right);
  add_chosen(message, 4, t.exercise_style);
  return out;
}

void add_terms(Writer& out, const InstrumentTerms& t) {
  add(out, 16, t.kind);
  out.add_int64(17, t.multiplier);
  out.add_bool(18, t.delayed_settlement);
  out.add_uint32(19, t.static_band_bps);
  out.add_uint32(20, t.dynamic_band_bps);
  out.add_uint32(21, t.fee_schedule_id);
  out.add_int64(22, t.max_position);
  add(out, 23, t.settlement_method);
  out.add_int64(24, t.expiry_time_ns);
  if (t.underlying_id != 0) out.add_message(25, option_body(t));
}

std::string instrument_body(const InstrumentDefinition& i) {
  std::string body;
  Writer out(body);
  out.add_uint32(1, i.instrument_id);
  add_text(out, 2, i.symbol);
  add(out, 3, i.asset_class);
  out.add_message(4, encode_asset(i.base));
  out.add_message(5, encode_asset(i.quote));
  out.add_uint32(6, i.price_scale);
  out.add_uint32(7, i.quantity_scale);
  out.add_int64(8, i.tick);
  out.add_int64(9, i.lot);
  out.add_int64(10, i.min_quantity);
  out.add_int64(11, i.max_quantity);
  out.add_int64(12, i.min_notional);
  out.add_int64(13, i.max_notional);
  out.add_uint32(14, i.market_protection_bps);
  add(out, 15, i.phase);
  if (i.terms != InstrumentTerms{}) add_terms(out, i.terms);
  return body;
}

std::string limits_body(const AccountLimits& limits) {
  std::string out;
  Writer message(out);
  message.add_int64(1, limits.max_order_lots);
  message.add_int64(2, limits.max_order_notional);
  message.add_uint32(3, limits.max_open_orders);
  message.add_int64(4, limits.max_position_lots);
  return out;
}

std::string tier_body(const FeeTier& tier) {
  std::string out;
  Writer message(out);
  message.add_uint32(1, tier.fee_tier);
  message.add_sint32(2, tier.taker_fee_ppm);
  message.add_sint32(3, tier.maker_fee_ppm);
  return out;
}

}  // namespace

std::string encode(const OpenAccount& c) {
  return one(CommandKind::kOpenAccount, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_uint64(2, c.self_trade_group_id);
    out.add_uint32(3, c.taker_fee_ppm);
    out.add_uint32(4, c.maker_fee_ppm);
  });
}

std::string encode(const InstrumentDefinition& instrument) {
  return one(CommandKind::kCreateInstrument, [&](Writer& out) { out.add_message(1, instrument_body(instrument)); });
}

std::string encode(const UpdateInstrument& c) {
  return one(CommandKind::kUpdateInstrument, [&](Writer& out) { out.add_message(1, instrument_body(*c.instrument)); });
}

std::string encode(const SetPhase& c) {
  return one(CommandKind::kSetPhase, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    add_chosen(out, 2, c.phase);
    add_chosen(out, 3, c.auction_kind);
  });
}

std::string encode(const SetMarkPrice& c) {
  return one(CommandKind::kSetMarkPrice, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    if (c.has_mark_price) out.add_sint64(2, c.mark_price);
    if (c.has_index_price) out.add_sint64(3, c.index_price);
    if (c.has_reference_price) out.add_sint64(4, c.reference_price);
    if (c.has_conversion_rate) out.add_int64(5, c.conversion_rate_ppb);
  });
}

std::string encode(const SetAccount& c) {
  const AccountSettings& s = *c.settings;
  return one(CommandKind::kSetAccount, [&](Writer& out) {
    out.add_uint64(1, s.account_id);
    if (s.has_account_class) out.add_uint32(2, s.account_class);
    add_chosen(out, 3, s.kind);
    add_chosen(out, 4, s.trading_state);
    out.add_bool(5, s.cancel_orders);
    if (s.has_limits) out.add_message(6, limits_body(s.limits));
    if (s.has_fee_tier) out.add_uint32(7, s.fee_tier);
    if (s.has_self_trade_group) out.add_uint64(8, s.self_trade_group_id);
    if (s.has_taker_fee) out.add_uint32(9, s.taker_fee_ppm);
    if (s.has_maker_fee) out.add_uint32(10, s.maker_fee_ppm);
  });
}

std::string encode(const SetMarginParameters& c) {
  return one(CommandKind::kSetMarginParameters, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_uint32(2, c.account_class);
    out.add_uint32(3, c.initial_margin_ppm);
    out.add_uint32(4, c.maintenance_margin_ppm);
    out.add_uint32(5, c.max_leverage);
    out.add_uint32(6, c.liquidation_penalty_ppm);
    out.add_int64(7, c.short_option_margin);
  });
}

std::string encode(const SetFeeSchedule& c) {
  return one(CommandKind::kSetFeeSchedule, [&](Writer& out) {
    out.add_uint32(1, c.fee_schedule_id);
    for (const FeeTier& tier : c.tiers) out.add_message(2, tier_body(tier));
  });
}

std::string encode(const SettleFuture& c) {
  return one(CommandKind::kSettleFuture, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_sint64(2, c.settlement_price);
    out.add_uint32(3, c.trading_date);
  });
}

std::string encode(const ExpireInstrument& c) {
  return one(CommandKind::kExpireInstrument, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_sint64(2, c.final_price);
    out.add_uint32(3, c.trading_date);
  });
}

std::string encode(const ExerciseOption& c) {
  return one(CommandKind::kExerciseOption, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_uint32(2, c.instrument_id);
    out.add_int64(3, c.quantity);
    out.add_uint32(4, c.trading_date);
    add_text(out, 5, c.request_id);
  });
}

std::string encode(const ActivateRules& c) {
  return one(CommandKind::kActivateRules, [&](Writer& out) { out.add_uint32(1, c.version); });
}

std::string encode(const BustTrade& c) {
  const BustedTrade& t = *c.trade;
  return one(CommandKind::kBustTrade, [&](Writer& out) {
    out.add_uint64(1, t.trade_id);
    out.add_uint32(2, t.instrument_id);
    out.add_sint64(3, t.price);
    out.add_int64(4, t.quantity);
    add_chosen(out, 5, t.taker_side);
    out.add_uint64(6, t.maker_account_id);
    out.add_uint64(7, t.taker_account_id);
    out.add_sint64(8, t.maker_fee);
    out.add_sint64(9, t.taker_fee);
    out.add_int64(10, t.value_time_ns);
    if (t.value_date != 0) out.add_uint32(11, t.value_date);
  });
}

std::string encode(const SetValueDate& c) {
  return one(CommandKind::kSetValueDate, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_uint32(2, c.value_date);
  });
}

std::string encode(const DeliverTrades& c) {
  return one(CommandKind::kDeliverTrades, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_uint32(2, c.value_date);
  });
}

std::string encode(const RollPositions& c) {
  return one(CommandKind::kRollPositions, [&](Writer& out) {
    out.add_uint32(1, c.instrument_id);
    out.add_sint64(2, c.long_swap_price);
    out.add_sint64(3, c.short_swap_price);
    out.add_uint32(4, c.trading_date);
  });
}

}  // namespace exchange::engine::testing
