// Markets of the naive engine as a whole: terms, phases, prices from outside, bands.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kHighestPrice = 1'000'000'000'000'000'000;

}  // namespace

Result Engine::on(const UpdateInstrument& command) {
  const InstrumentDefinition& d = *command.instrument;
  const auto found = instruments_.find(d.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const InstrumentDefinition& old = i.definition;
  if (d == old) return {now_.engine_seq};
  if (const Reason reason = check_listing(d); reason != Reason::kNone) return {now_.engine_seq, reason};
  bool conflict = d.base != old.base || d.quote != old.quote || d.price_scale != old.price_scale;
  conflict = conflict || d.quantity_scale != old.quantity_scale || d.phase != old.phase;
  conflict = conflict || d.terms.kind != old.terms.kind || d.terms.multiplier != old.terms.multiplier;
  conflict = conflict || d.terms.underlying_id != old.terms.underlying_id || d.terms.right != old.terms.right;
  conflict = conflict || d.terms.strike_price != old.terms.strike_price;
  conflict = conflict || d.terms.exercise_style != old.terms.exercise_style;
  conflict = conflict || d.terms.delayed_settlement != old.terms.delayed_settlement;
  for (const auto& [id, other] : instruments_) conflict = conflict || (id != d.instrument_id && other.symbol == d.symbol);
  if (conflict) return {now_.engine_seq, Reason::kInstrumentConflict};
  if ((d.terms.fee_schedule_id != 0 || on_margin(d)) && !schedules_.contains(d.terms.fee_schedule_id)) {
    return {now_.engine_seq, Reason::kUnknownFeeSchedule};
  }
  if (on_margin(d) && margin_.contains(d.instrument_id)) {
    for (const auto& [account_class, parameters] : margin_.at(d.instrument_id)) {
      for (const auto& [number, tier] : schedules_.at(d.terms.fee_schedule_id)) {
        const Wide fee = std::max(tier.taker_fee_ppm, tier.maker_fee_ppm);
        if (fee * parameters.max_leverage >= 1'000'000) return {now_.engine_seq, Reason::kInstrumentInvalid};
      }
    }
  }
  if (d.tick != old.tick || d.lot != old.lot) {
    const bool open = std::ranges::any_of(orders_, [&](const auto& entry) {
      return entry.second.is_open() && entry.second.view.instrument_id == d.instrument_id;
    });
    const bool held = std::ranges::any_of(accounts_, [&](const auto& entry) {
      return position_of(entry.first, d.instrument_id).quantity != 0;
    });
    if (old.phase != TradingPhase::kClosed || open || held) return {now_.engine_seq, Reason::kInstrumentBusy};
  }
  define(i, d);
  events_->instrument_updated(d);
  return {now_.engine_seq};
}

// Keeps a definition; its texts outlive the command.
void Engine::define(Instrument& i, const InstrumentDefinition& d) {
  i.symbol = d.symbol;
  i.base_symbol = d.base.symbol;
  i.quote_symbol = d.quote.symbol;
  i.definition = d;
  i.definition.symbol = i.symbol;
  i.definition.base.symbol = i.base_symbol;
  i.definition.quote.symbol = i.quote_symbol;
}

bool Engine::allows(const Instrument& i, const PlaceOrder& c) {
  if (i.definition.terms.delayed_settlement && i.unsettled.empty()) return false;  // it has no value date yet
  const bool for_auction = c.time_in_force == TimeInForce::kAtOpen || c.time_in_force == TimeInForce::kAtClose;
  const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
  if (waits_for_price(c.type)) return i.definition.phase == TradingPhase::kContinuous;
  switch (i.definition.phase) {
    case TradingPhase::kContinuous: return !for_auction;
    case TradingPhase::kPostOnly: return c.type == OrderType::kLimit && !at_once && !for_auction;
    case TradingPhase::kPreOpen:
    case TradingPhase::kAuction: return !at_once && c.type != OrderType::kPegged && takes_part(c.time_in_force, i.collected_for);
    default: return false;
  }
}

Result Engine::on(const SetPhase& command) {
  if ((command.phase == TradingPhase::kAuction) != (command.auction_kind != AuctionKind::kNone)) {
    return {now_.engine_seq, Reason::kInvalidField};
  }
  const auto found = instruments_.find(command.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const TradingPhase previous = i.definition.phase;
  if (previous == command.phase && i.auction_kind == command.auction_kind) return {now_.engine_seq};
  if (std::get<0>(i.expired) != 0) return {now_.engine_seq, Reason::kPhaseNotAllowed};
  const bool matches = command.phase == TradingPhase::kContinuous || command.phase == TradingPhase::kPostOnly;
  const bool collects_anew = command.phase == TradingPhase::kPreOpen || command.phase == TradingPhase::kAuction;
  const bool ended = previous == TradingPhase::kAuction && collects_anew;
  if (i.collected_for != AuctionKind::kNone && (matches || ended)) uncross(i);
  i.definition.phase = command.phase;
  i.auction_kind = command.auction_kind;
  i.told = {};
  if (collects_anew) {
    i.collected_for = command.phase == TradingPhase::kPreOpen ? AuctionKind::kOpening : command.auction_kind;
    end_auction_orders(i, i.collected_for);
  }
  events_->phase_changed({command.instrument_id, previous, command.phase, command.auction_kind});
  if (on_margin(i.definition)) inspect(command.instrument_id);
  return {now_.engine_seq};
}

Result Engine::on(const SetMarkPrice& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const auto out_of_range = [&](bool stated, std::int64_t price) { return stated && !is_price(i.definition, price); };
  if (out_of_range(c.has_mark_price, c.mark_price) || out_of_range(c.has_index_price, c.index_price) ||
      out_of_range(c.has_reference_price, c.reference_price)) {
    return {now_.engine_seq, Reason::kPriceOutOfRange};
  }
  if (c.has_conversion_rate && (i.quote_symbol == "KK99" || c.conversion_rate_ppb <= 0)) {
    return {now_.engine_seq, Reason::kInvalidField};
  }
  StatedPrices after = i.prices;
  if (c.has_mark_price) after.has_mark = true, after.mark = c.mark_price;
  if (c.has_index_price) after.has_index = true, after.index = c.index_price;
  if (c.has_reference_price) after.has_reference = true, after.reference = c.reference_price;
  if (c.has_conversion_rate) after.has_conversion_rate = true, after.conversion_rate_ppb = c.conversion_rate_ppb;
  if (after == i.prices) return {now_.engine_seq};
  i.prices = after;
  events_->mark_price_changed(c.instrument_id, after);
  if (on_margin(i.definition)) inspect(c.instrument_id);
  return {now_.engine_seq};
}

namespace {

// The last price of the grid within `bps` of `centre`: above it for a buy, below it for a sell, where it is at least a
// tick. On margin, where prices may be zero, within so many ticks.
std::int64_t edge_of(Side side, std::int64_t centre, std::uint32_t bps, std::int64_t tick, bool in_ticks) {
  if (in_ticks) {
    const Wide away = Wide{bps} * tick;
    Wide price = side == Side::kBuy ? centre + away : centre - away;
    const Wide over = (price % tick + tick) % tick;
    if (over != 0) price += side == Side::kBuy ? -over : tick - over;
    const Wide most = kHighestPrice / tick * tick;
    return static_cast<std::int64_t>(std::clamp(price, -most, most));
  }
  const Wide step = Wide{tick} * 10'000;
  if (side == Side::kBuy) {
    const Wide highest = std::min<Wide>(Wide{centre} * (10'000 + bps) / step, kHighestPrice / tick);
    return static_cast<std::int64_t>(highest * tick);
  }
  const Wide lowest = (Wide{centre} * (10'000 - bps) + step - 1) / step;
  return static_cast<std::int64_t>(std::max<Wide>(lowest, 1) * tick);
}

}  // namespace

// As far from `centre` as a MARKET order may trade.
std::int64_t Engine::protected_price(const Instrument& i, Side side, std::int64_t centre) const {
  const InstrumentDefinition& d = i.definition;
  return edge_of(side, centre, d.market_protection_bps, d.tick, on_margin(d));
}

std::optional<std::int64_t> Engine::static_band(const Instrument& i, Side side) const {
  const std::uint32_t bps = i.definition.terms.static_band_bps;
  if (bps == 0 || !i.prices.has_reference) return {};
  return edge_of(side, i.prices.reference, bps, i.definition.tick, on_margin(i.definition));
}

std::optional<std::int64_t> Engine::dynamic_band(const Instrument& i, Side side) const {
  const std::uint32_t bps = i.definition.terms.dynamic_band_bps;
  if (bps == 0 || !i.last_price) return {};
  return edge_of(side, *i.last_price, bps, i.definition.tick, on_margin(i.definition));
}

Reason Engine::check_static_band(const Instrument& i, Side side, std::int64_t price) const {
  const auto edge = static_band(i, side);
  if (!edge) return Reason::kNone;
  return (side == Side::kBuy ? price > *edge : price < *edge) ? Reason::kPriceBand : Reason::kNone;
}

// A limit beyond the dynamic band may not rest; what would trade but for the band expires, and says so.
bool Engine::ended_by_band(const Instrument& i, Order& taker) {
  if (!taker.band) return false;
  const Side side = taker.view.side;
  const bool beyond = side == Side::kBuy ? stands_at(taker) > *taker.band : stands_at(taker) < *taker.band;
  const bool rests = has_limit(taker.view.type) && taker.view.time_in_force != TimeInForce::kIoc &&
                     taker.view.time_in_force != TimeInForce::kFok;
  if (!beyond || (!rests && !would_cross(i, side, stands_at(taker)))) return false;
  end(taker, OrderStatus::kExpired, EndReason::kPriceBand);
  return true;
}

}  // namespace exchange::engine::reference
