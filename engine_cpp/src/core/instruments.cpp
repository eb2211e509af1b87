#include "instruments.hpp"

#include <algorithm>
#include <numeric>

#include "quantities.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint32_t kMaxGridScale = 9;
constexpr std::uint32_t kMaxAssetScale = 18;

bool is_asset(const AssetDefinition& asset) noexcept {
  return asset.asset_id > 0 && !asset.symbol.empty() && asset.symbol.size() <= 12 && asset.scale <= kMaxAssetScale &&
         std::ranges::all_of(asset.symbol, is_upper_or_digit);
}

// ^[A-Z0-9][A-Z0-9.-]{0,30}[A-Z0-9]$
bool is_symbol(std::string_view symbol) noexcept {
  const auto inner = [](char c) { return is_upper_or_digit(c) || c == '.' || c == '-'; };
  return symbol.size() >= 2 && symbol.size() <= 32 && is_upper_or_digit(symbol.front()) &&
         is_upper_or_digit(symbol.back()) && std::ranges::all_of(symbol, inner);
}

bool is_named(const InstrumentDefinition& d) noexcept {
  return d.instrument_id > 0 && is_symbol(d.symbol) && is_asset(d.base) && is_asset(d.quote) &&
         d.base.asset_id != d.quote.asset_id && d.base.symbol != d.quote.symbol;
}

bool has_ranges(const InstrumentDefinition& d) noexcept {
  return d.tick > 0 && d.tick <= kMaxPrice && d.lot > 0 && d.min_quantity > 0 && d.min_quantity <= d.max_quantity &&
         d.min_notional > 0 && d.min_notional <= d.max_notional && d.max_notional <= kMaxAmount &&
         d.market_protection_bps > 0 && d.market_protection_bps <= kBasisPoints &&
         d.terms.static_band_bps <= kBasisPoints && d.terms.dynamic_band_bps <= kBasisPoints;
}

bool has_scales(const InstrumentDefinition& d) noexcept {
  return d.price_scale <= kMaxGridScale && d.quantity_scale <= kMaxGridScale && d.quantity_scale <= d.base.scale;
}

std::int64_t base_factor(const InstrumentDefinition& d) noexcept {
  return power_of_ten(d.base.scale - d.quantity_scale);
}

// Price times quantity divided by one and multiplied by the other is in quote units.
struct Notional {
  Int128 factor = 1;
  std::int64_t divisor = 1;
};

Notional notional_of(const InstrumentDefinition& d) noexcept {
  const int excess = static_cast<int>(d.price_scale + d.quantity_scale) - static_cast<int>(d.quote.scale);
  const std::int64_t divisor = power_of_ten(static_cast<std::uint32_t>(std::max(excess, 0)));
  const std::int64_t shared = std::gcd(divisor, d.terms.multiplier);
  return {Int128{d.terms.multiplier / shared} * power_of_ten(static_cast<std::uint32_t>(std::max(-excess, 0))),
          divisor / shared};
}

// Terms that the core does not act on are refused rather than ignored.
bool is_supported(const InstrumentDefinition& d) noexcept {
  if (is_on_margin(d.terms.kind)) return has_supported_margin_terms(d.terms);
  InstrumentTerms others = d.terms;
  others.delayed_settlement = false;
  others.static_band_bps = others.dynamic_band_bps = others.fee_schedule_id = 0;
  if (others.kind == InstrumentKind::kSecurity) others.kind = InstrumentKind::kSpot;  // paid in full alike
  return others == InstrumentTerms{};
}

bool is_exact(const InstrumentDefinition& d) noexcept {
  const Notional notional = notional_of(d);
  return notional.factor <= kMaxAmount && Int128{d.tick} * d.lot % notional.divisor == 0;
}

}  // namespace

Reason check_listing(const InstrumentDefinition& d) noexcept {
  if (!is_supported(d)) return Reason::kNotSupported;
  const bool listable = is_named(d) && has_ranges(d) && has_scales(d) && has_kind_terms(d) && is_exact(d) &&
                        d.max_quantity <= std::min(kMaxQuantity, kMaxAmount / base_factor(d));
  if (!listable) return Reason::kInstrumentInvalid;
  const bool in_settlement_unit = d.quote.symbol == kSettlementUnit;
  return in_settlement_unit && d.min_notional < power_of_ten(d.quote.scale) ? Reason::kInstrumentInvalid
                                                                             : Reason::kNone;
}

Instruments::Instruments(std::uint32_t instruments, std::uint32_t assets)
    : assets_(assets), instruments_(instruments), by_id_(instruments) {}

Instruments::Listed Instruments::list(const InstrumentDefinition& definition, std::uint64_t engine_seq) noexcept {
  if (const Reason reason = check_listing(definition); reason != Reason::kNone) return {reason};
  if (const Slot slot = find(definition.instrument_id); slot != kNil) {
    if (this->definition(slot) == definition) return {Reason::kNone, slot, true};
    return {Reason::kInstrumentConflict};
  }
  if (const Reason reason = check_conflicts(definition); reason != Reason::kNone) return {reason};
  if (!has_relations(definition)) return {Reason::kInstrumentInvalid};
  // An auction has a kind, which a listing cannot say.
  if (definition.phase == TradingPhase::kAuction) return {Reason::kInstrumentInvalid};
  if (!has_schedule(definition)) return {Reason::kUnknownFeeSchedule};
  if (!has_room(definition)) return {Reason::kEngineFull};
  return {Reason::kNone, enter(definition, engine_seq)};
}

bool Instruments::has_schedule(const InstrumentDefinition& definition) const noexcept {
  const std::uint32_t schedule = definition.terms.fee_schedule_id;
  if (schedule == 0) return !is_on_margin(definition.terms.kind);
  return fees_.find(schedule) != kNil;
}

Slot Instruments::find(std::uint32_t instrument_id) const noexcept {
  return by_id_.find(spread(instrument_id),
                     [&](Slot slot) { return instruments_[slot].instrument_id == instrument_id; });
}

Slot Instruments::find_asset(std::uint32_t asset_id) const noexcept {
  for (Slot slot = 0; slot < assets_.size(); ++slot) {
    if (assets_[slot].asset_id == asset_id) return slot;
  }
  return kNil;
}

InstrumentDefinition Instruments::definition(Slot slot) const noexcept {
  const Instrument& i = instruments_[slot];
  return {.instrument_id = i.instrument_id,
          .symbol = i.symbol.view(),
          .asset_class = i.asset_class,
          .base = assets_[i.base].definition(),
          .quote = assets_[i.quote].definition(),
          .price_scale = i.price_scale,
          .quantity_scale = i.quantity_scale,
          .tick = i.tick,
          .lot = i.lot,
          .min_quantity = i.min_quantity,
          .max_quantity = i.max_quantity,
          .min_notional = i.min_notional,
          .max_notional = i.max_notional,
          .market_protection_bps = i.market_protection_bps,
          .phase = i.phase,
          .terms = i.terms};
}

Reason Instruments::check_conflicts(const InstrumentDefinition& definition) const noexcept {
  if (conflicts(definition.base) || conflicts(definition.quote)) return Reason::kInstrumentConflict;
  for (Slot slot = 0; slot < instruments_.size(); ++slot) {
    if (instruments_[slot].symbol.view() == definition.symbol) return Reason::kInstrumentConflict;
  }
  return Reason::kNone;
}

bool Instruments::conflicts(const AssetDefinition& definition) const noexcept {
  for (Slot slot = 0; slot < assets_.size(); ++slot) {
    const AssetDefinition known = assets_[slot].definition();
    const bool related = known.asset_id == definition.asset_id || known.symbol == definition.symbol;
    if (related && known != definition) return true;
  }
  return false;
}

bool Instruments::has_room(const InstrumentDefinition& definition) const noexcept {
  const std::uint32_t new_assets = (find_asset(definition.base.asset_id) == kNil ? 1U : 0U) +
                                   (find_asset(definition.quote.asset_id) == kNil ? 1U : 0U);
  return instruments_.room() > 0 && assets_.room() >= new_assets;
}

Slot Instruments::enter(const AssetDefinition& definition) noexcept {
  if (const Slot known = find_asset(definition.asset_id); known != kNil) return known;
  const Slot slot = assets_.take();
  assets_[slot] = {definition.asset_id, definition.scale, AssetSymbol(definition.symbol)};
  if (definition.symbol == kSettlementUnit) settlement_asset_ = slot;
  return slot;
}

Slot Instruments::enter(const InstrumentDefinition& d, std::uint64_t engine_seq) noexcept {
  const Slot base = enter(d.base);
  const Slot quote = enter(d.quote);
  const Slot slot = instruments_.take();
  Instrument& instrument = instruments_[slot];
  instrument.instrument_id = d.instrument_id;
  instrument.base = base;
  instrument.quote = quote;
  instrument.price_scale = d.price_scale;
  instrument.quantity_scale = d.quantity_scale;
  instrument.base_factor = base_factor(d);
  instrument.listed_seq = engine_seq;
  take_terms(instrument, d);
  set_phase(slot, d.phase, AuctionKind::kNone);
  by_id_.insert(spread(d.instrument_id), slot);
  return slot;
}

// All that may change of an instrument but its phase and its prices, and what follows from it.
void Instruments::take_terms(Instrument& i, const InstrumentDefinition& d) noexcept {
  const Notional notional = notional_of(d);
  i.market_protection_bps = d.market_protection_bps;
  i.tick = d.tick;
  i.lot = d.lot;
  i.by_tick = Divisor(d.tick);
  i.by_lot = Divisor(d.lot);
  i.min_quantity = d.min_quantity;
  i.max_quantity = d.max_quantity;
  i.min_notional = d.min_notional;
  i.max_notional = d.max_notional;
  i.notional_divisor = notional.divisor;
  i.notional_factor = static_cast<std::int64_t>(notional.factor);
  i.max_product = kMaxAmount / i.notional_factor;
  i.asset_class = d.asset_class;
  i.symbol = InstrumentSymbol(d.symbol);
  i.terms = d.terms;
  i.fee_schedule = d.terms.fee_schedule_id == 0 ? kNil : fees_.find(d.terms.fee_schedule_id);
  i.has_static_band = i.terms.static_band_bps > 0 && i.prices.has_reference;
  i.has_dynamic_band = i.terms.dynamic_band_bps > 0;
  i.on_margin = is_on_margin(i.terms.kind);
  i.delayed = i.terms.delayed_settlement;
}

}  // namespace exchange::engine
