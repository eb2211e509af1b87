// Instruments as bytes of a saved state.
#include "instruments.hpp"

namespace exchange::engine {
namespace {

void save_terms(StateWriter& out, const InstrumentTerms& t) {
  out.put(t.multiplier, t.max_position, t.expiry_time_ns, t.strike_price, t.underlying_id, t.static_band_bps,
          t.dynamic_band_bps, t.fee_schedule_id, t.kind, t.settlement_method, t.right, t.exercise_style,
          t.delayed_settlement);
}

void load_terms(StateReader& in, InstrumentTerms& t) {
  in.get(t.multiplier, t.max_position, t.expiry_time_ns, t.strike_price, t.underlying_id, t.static_band_bps,
         t.dynamic_band_bps, t.fee_schedule_id, t.kind, t.settlement_method, t.right, t.exercise_style,
         t.delayed_settlement);
  in.require(is_between(t.kind, InstrumentKind::kSpot, InstrumentKind::kCommodityMargin));
  in.require(is_between(t.settlement_method, SettlementMethod::kCash, SettlementMethod::kPhysical));
  in.require(is_between(t.right, OptionRight::kNone, OptionRight::kPut));
  in.require(is_between(t.exercise_style, ExerciseStyle::kNone, ExerciseStyle::kEuropean));
}

bool fits(const Instrument& instrument, bool present, std::int64_t price) noexcept {
  return present ? instrument.is_price(price) : price == 0;
}

}  // namespace

void Instruments::save(StateWriter& out) const {
  fees_.save(out);
  out.put(instruments_.size());
  for (Slot slot = 0; slot < instruments_.size(); ++slot) {
    const Instrument& i = instruments_[slot];
    const InstrumentDefinition d = definition(slot);
    out.put(i.listed_seq, d.instrument_id, d.asset_class, d.price_scale, d.quantity_scale, d.tick, d.lot,
            d.min_quantity, d.max_quantity, d.min_notional, d.max_notional, d.market_protection_bps);
    save_terms(out, d.terms);
    out.put_text(d.symbol);
    for (const AssetDefinition& asset : {d.base, d.quote}) {
      out.put(asset.asset_id, asset.scale);
      out.put_text(asset.symbol);
    }
    const StatedPrices& p = i.prices;
    out.put(i.phase, i.auction_kind, i.collected_for, p.mark, p.index, p.reference, p.conversion_rate_ppb, p.has_mark,
            p.has_index, p.has_reference, p.has_conversion_rate);
  }
  margin_.save(out);
}

bool Instruments::load(StateReader& in) {
  if (!fees_.load(in)) return false;
  const std::uint32_t count = in.get_count(instruments_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    InstrumentDefinition d;
    InstrumentSymbol symbol;
    AssetSymbol base;
    AssetSymbol quote;
    std::uint64_t listed_seq = 0;
    in.get(listed_seq, d.instrument_id, d.asset_class, d.price_scale, d.quantity_scale, d.tick, d.lot, d.min_quantity,
           d.max_quantity, d.min_notional, d.max_notional, d.market_protection_bps);
    load_terms(in, d.terms);
    in.get_text(symbol);
    in.get(d.base.asset_id, d.base.scale);
    in.get_text(base);
    in.get(d.quote.asset_id, d.quote.scale);
    in.get_text(quote);
    d.symbol = symbol.view();
    d.base.symbol = base.view();
    d.quote.symbol = quote.view();
    d.phase = TradingPhase::kClosed;  // until `load_market` says which
    in.require(is_between(d.asset_class, AssetClass::kCrypto, AssetClass::kCommodity));
    if (!in.ok()) return false;
    const Listed listed = list(d, listed_seq);
    in.require(listed.reason == Reason::kNone && !listed.repeated);
    if (!in.ok() || !load_market(in, listed.slot)) return false;
  }
  return in.ok() && load_margin(in);
}

bool Instruments::load_market(StateReader& in, Slot slot) {
  Instrument& i = instruments_[slot];
  StatedPrices p;
  in.get(i.phase, i.auction_kind, i.collected_for, p.mark, p.index, p.reference, p.conversion_rate_ppb, p.has_mark,
         p.has_index, p.has_reference, p.has_conversion_rate);
  in.require(is_between(i.phase, TradingPhase::kContinuous, TradingPhase::kPostOnly));
  in.require(is_between(i.auction_kind, AuctionKind::kNone, AuctionKind::kIntraday));
  in.require(is_between(i.collected_for, AuctionKind::kNone, AuctionKind::kIntraday));
  in.require((i.phase == TradingPhase::kAuction) == (i.auction_kind != AuctionKind::kNone));
  in.require(fits(i, p.has_mark, p.mark) && fits(i, p.has_index, p.index) && fits(i, p.has_reference, p.reference));
  in.require(p.has_conversion_rate ? p.conversion_rate_ppb > 0 : p.conversion_rate_ppb == 0);
  if (in.ok() && i.phase == TradingPhase::kAuction) ++auctions_;
  if (in.ok()) set_prices(slot, p);
  return in.ok();
}

}  // namespace exchange::engine
