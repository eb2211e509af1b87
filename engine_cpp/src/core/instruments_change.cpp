// What changes of a listed instrument: its terms, its phase, its prices from outside.
#include "instruments.hpp"

namespace exchange::engine {
namespace {

// What positions and amounts of the past are told in never changes.
bool keeps_identity(const InstrumentDefinition& before, const InstrumentDefinition& after) noexcept {
  const InstrumentTerms& b = before.terms;
  const InstrumentTerms& a = after.terms;
  return after.base == before.base && after.quote == before.quote && after.price_scale == before.price_scale &&
         after.quantity_scale == before.quantity_scale && a.kind == b.kind && a.multiplier == b.multiplier &&
         a.delayed_settlement == b.delayed_settlement &&
         a.underlying_id == b.underlying_id && a.strike_price == b.strike_price && a.right == b.right &&
         a.exercise_style == b.exercise_style;
}

}  // namespace

Reason Instruments::check_update(Slot slot, const InstrumentDefinition& d, bool is_idle) const noexcept {
  if (const Reason reason = check_listing(d); reason != Reason::kNone) return reason;
  const InstrumentDefinition known = definition(slot);
  if (!keeps_identity(known, d) || d.phase != known.phase) return Reason::kInstrumentConflict;
  for (Slot other = 0; other < instruments_.size(); ++other) {
    if (other != slot && instruments_[other].symbol.view() == d.symbol) return Reason::kInstrumentConflict;
  }
  if (!has_schedule(d)) return Reason::kUnknownFeeSchedule;
  if (is_on_margin(d.terms.kind)) {
    const std::int32_t fee_ppm = fees_.highest_ppm(fees_.find(d.terms.fee_schedule_id));
    if (fee_ppm >= margin_.ruinous_fee_ppm(d.instrument_id)) return Reason::kInstrumentInvalid;
  }
  const bool same_grid = d.tick == known.tick && d.lot == known.lot;
  return same_grid || is_idle ? Reason::kNone : Reason::kInstrumentBusy;
}

void Instruments::update(Slot slot, const InstrumentDefinition& definition) noexcept {
  take_terms(instruments_[slot], definition);
}

// An auction is collected for from its first order on, over any halt, until the orders match again.
void Instruments::set_phase(Slot slot, TradingPhase phase, AuctionKind auction_kind) noexcept {
  Instrument& instrument = instruments_[slot];
  if (instrument.phase == TradingPhase::kAuction) --auctions_;
  if (phase == TradingPhase::kAuction) ++auctions_;
  instrument.phase = phase;
  instrument.auction_kind = auction_kind;
  if (phase == TradingPhase::kPreOpen) instrument.collected_for = AuctionKind::kOpening;
  if (phase == TradingPhase::kAuction) instrument.collected_for = auction_kind;
}

void Instruments::set_prices(Slot slot, const StatedPrices& prices) noexcept {
  Instrument& instrument = instruments_[slot];
  instrument.prices = prices;
  instrument.has_static_band = instrument.terms.static_band_bps > 0 && prices.has_reference;
}

}  // namespace exchange::engine
