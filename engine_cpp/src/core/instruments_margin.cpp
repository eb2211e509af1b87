// What only instruments on margin say of themselves when they are listed.
#include "instruments.hpp"

namespace exchange::engine {
namespace {

constexpr std::int64_t kMaxMultiplier = 1'000'000'000;
// Largest notional of an order: that of all the settlement units there can be. So no sum of trades comes near the edge.
constexpr std::int64_t kMaxOrderNotional = std::int64_t{1} << 50;

bool has_option_terms(const InstrumentTerms& t) noexcept {
  return t.underlying_id != 0 && t.right != OptionRight::kNone && t.exercise_style != ExerciseStyle::kNone &&
         t.strike_price >= -kMaxPrice && t.strike_price <= kMaxPrice;
}

bool has_no_option_terms(const InstrumentTerms& t) noexcept {
  return t.underlying_id == 0 && t.right == OptionRight::kNone && t.exercise_style == ExerciseStyle::kNone &&
         t.strike_price == 0;
}

}  // namespace

bool has_supported_margin_terms(const InstrumentTerms& terms) noexcept {
  return terms.settlement_method == SettlementMethod::kCash;
}

bool has_kind_terms(const InstrumentDefinition& d) noexcept {
  const InstrumentTerms& t = d.terms;
  if (t.delayed_settlement && t.kind != InstrumentKind::kSecurity) return false;
  if (!is_on_margin(t.kind)) return true;
  const bool bounded = t.multiplier >= 1 && t.multiplier <= kMaxMultiplier && t.max_position >= 0 && t.expiry_time_ns >= 0 &&
                       d.max_notional <= kMaxOrderNotional;
  return bounded && (t.kind == InstrumentKind::kOption ? has_option_terms(t) : has_no_option_terms(t));
}

bool Instruments::has_relations(const InstrumentDefinition& d) const noexcept {
  if (!is_on_margin(d.terms.kind)) return true;
  if (d.quote.symbol != kSettlementUnit && settlement_asset_ == kNil) return false;
  if (d.terms.kind != InstrumentKind::kOption) return true;
  const Slot slot = find(d.terms.underlying_id);
  if (slot == kNil || instruments_[slot].terms.kind == InstrumentKind::kOption) return false;
  const Instrument& underlying = instruments_[slot];
  return underlying.is_price(d.terms.strike_price) && assets_[underlying.quote].asset_id == d.quote.asset_id;
}

// A fee that reaches the margin at the largest leverage would eat it.
FeeSchedules::Outcome Instruments::set_margin(const SetMarginParameters& command) noexcept {
  const Slot slot = find(command.instrument_id);
  if (slot == kNil) return {Reason::kUnknownInstrument};
  const Instrument& instrument = instruments_[slot];
  if (!instrument.on_margin) return {Reason::kMarginParametersInvalid};
  const Reason reason = margin_.check(command, instrument.terms.kind == InstrumentKind::kOption);
  if (reason != Reason::kNone) return {reason};
  if (fees_.highest_ppm(instrument.fee_schedule) >= engine::ruinous_fee_ppm(command.max_leverage)) {
    return {Reason::kMarginParametersInvalid};
  }
  return {Reason::kNone, margin_.set(command)};
}

std::int32_t Instruments::ruinous_fee_ppm(std::uint32_t fee_schedule_id) const noexcept {
  std::int32_t lowest = static_cast<std::int32_t>(kMillion);
  for (Slot slot = 0; slot < instruments_.size(); ++slot) {
    const Instrument& instrument = instruments_[slot];
    if (!instrument.on_margin || instrument.terms.fee_schedule_id != fee_schedule_id) continue;
    lowest = std::min(lowest, margin_.ruinous_fee_ppm(instrument.instrument_id));
  }
  return lowest;
}

bool Instruments::load_margin(StateReader& in) {
  const std::uint32_t count = in.get_count(MarginParameters::kMaxParameters);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    const FeeSchedules::Outcome outcome = set_margin(MarginParameters::load_one(in));
    in.require(outcome.reason == Reason::kNone && outcome.changed && margin_.size() == i + 1);
  }
  return in.ok();
}

}  // namespace exchange::engine
