// Reading what an instrument is.
#include "decode_admin.hpp"

namespace exchange::engine {
namespace {

AssetDefinition read_asset(Reader in) {
  AssetDefinition out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.asset_id = read_uint32(in); break;
      case 2: out.symbol = read_symbol(in); break;
      case 3: out.scale = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

void read_option(Reader in, InstrumentTerms& out) {
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.underlying_id = read_uint32(in); break;
      case 2: out.strike_price = read_sint64(in); break;
      case 3: out.right = read_enum(in, OptionRight::kPut); break;
      case 4: out.exercise_style = read_enum(in, ExerciseStyle::kEuropean); break;
      default: throw Malformed{};
    }
  }
  require(out.underlying_id != 0 && out.right != OptionRight{} && out.exercise_style != ExerciseStyle{});
}

// A multiplier of 0 is one that was left out.
std::int64_t read_multiplier(Reader& in) {
  const std::int64_t multiplier = read_int64(in);
  return multiplier == 0 ? 1 : multiplier;
}

void read_instrument_term(Reader& in, InstrumentTerms& out) {
  switch (in.tag()) {
    case 16: out.kind = read_enum(in, InstrumentKind::kCommodityMargin); break;
    case 17: out.multiplier = read_multiplier(in); break;
    case 18: out.delayed_settlement = read_bool(in); break;
    case 19: out.static_band_bps = read_uint32(in); break;
    case 20: out.dynamic_band_bps = read_uint32(in); break;
    case 21: out.fee_schedule_id = read_uint32(in); break;
    case 22: out.max_position = read_int64(in); break;
    case 23: out.settlement_method = read_enum(in, SettlementMethod::kPhysical); break;
    case 24: out.expiry_time_ns = read_int64(in); break;
    case 25: read_option(read_message(in), out); break;
    default: throw Malformed{};
  }
}

}  // namespace

InstrumentDefinition read_instrument(Reader in) {
  InstrumentDefinition out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.symbol = read_symbol(in); break;
      case 3: out.asset_class = read_enum(in, AssetClass::kCommodity); break;
      case 4: out.base = read_asset(read_message(in)); break;
      case 5: out.quote = read_asset(read_message(in)); break;
      case 6: out.price_scale = read_uint32(in); break;
      case 7: out.quantity_scale = read_uint32(in); break;
      case 8: out.tick = read_int64(in); break;
      case 9: out.lot = read_int64(in); break;
      case 10: out.min_quantity = read_int64(in); break;
      case 11: out.max_quantity = read_int64(in); break;
      case 12: out.min_notional = read_int64(in); break;
      case 13: out.max_notional = read_int64(in); break;
      case 14: out.market_protection_bps = read_uint32(in); break;
      case 15: out.phase = read_enum(in, TradingPhase::kPostOnly); break;
      default: read_instrument_term(in, out.terms);
    }
  }
  require(out.asset_class != AssetClass{} && out.phase != TradingPhase{});
  return out;
}

}  // namespace exchange::engine
