// The commands that change a market as a whole: an instrument's terms, its phase, its prices from outside.
#include <algorithm>

#include "phases.hpp"
#include "shard.hpp"

namespace exchange::engine {
namespace {

void take(bool stated, std::int64_t value, bool& has, std::int64_t& kept) noexcept {
  if (!stated) return;
  has = true;
  kept = value;
}

StatedPrices merged(StatedPrices prices, const SetMarkPrice& command) noexcept {
  take(command.has_mark_price, command.mark_price, prices.has_mark, prices.mark);
  take(command.has_index_price, command.index_price, prices.has_index, prices.index);
  take(command.has_reference_price, command.reference_price, prices.has_reference, prices.reference);
  take(command.has_conversion_rate, command.conversion_rate_ppb, prices.has_conversion_rate,
       prices.conversion_rate_ppb);
  return prices;
}

}  // namespace

Answer Core::Shard::on(const UpdateInstrument& command, Step& step) {
  const InstrumentDefinition& definition = *command.instrument;
  const Slot slot = instruments_.find(definition.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  if (definition == instruments_.definition(slot)) return refuse(Reason::kNone, step);
  const bool closed = instruments_[slot].phase == TradingPhase::kClosed;
  const bool unused = !accounts_.orders().has_open(slot) && !accounts_.positions().has_open_in(slot);
  const Reason reason = instruments_.check_update(slot, definition, closed && unused);
  if (reason != Reason::kNone) return refuse(reason, step);
  instruments_.update(slot, definition);
  books_.regrid(slot);
  step.events.instrument_updated(instruments_.definition(slot));
  instruments_seq_ = last_.engine_seq;
  return refuse(Reason::kNone, step);
}

Answer Core::Shard::on(const SetPhase& command, Step& step) {
  const bool auction = command.phase == TradingPhase::kAuction;
  if (auction != (command.auction_kind != AuctionKind::kNone)) return refuse(Reason::kInvalidField, step);
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  const Instrument& instrument = instruments_[slot];
  const TradingPhase previous = instrument.phase;
  if (previous == command.phase && instrument.auction_kind == command.auction_kind) return refuse(Reason::kNone, step);
  if (sweeps_.is_expired(slot)) return refuse(Reason::kPhaseNotAllowed, step);
  const bool collects_anew = command.phase == TradingPhase::kPreOpen || auction;
  const bool uncrosses = matches(command.phase) || (previous == TradingPhase::kAuction && collects_anew);
  if (uncrosses && instrument.collected_for != AuctionKind::kNone) uncross(slot, step);
  instruments_.set_phase(slot, command.phase, command.auction_kind);
  if (collects_anew) end_auction_orders(slot, instrument.collected_for, step);
  if (instrument.on_margin) accounts_.liquidations().inspect(slot);
  repriced_ = slot;
  step.events.phase_changed({command.instrument_id, previous, command.phase, command.auction_kind});
  told_[slot] = {};
  touch(slot);
  return refuse(Reason::kNone, step);
}

// All at one price, then what is left of the orders that were for the auction alone. What that price leaves crossed,
// because linked or reduce-only orders went with others, has a price of its own.
void Core::Shard::uncross(Slot slot, Step& step) {
  const Instrument& instrument = instruments_[slot];
  do {
    const AuctionView view = books_.find_uncross(slot);
    step.events.auction_uncrossed(instrument.instrument_id, instrument.collected_for, view);
    for (std::int64_t left = view.quantity; left > 0;) {
      left -= books_.uncross(slot, *view.price, left);
      deliver(step);
    }
  } while (books_.book(slot).is_crossed());
  end_auction_orders(slot, AuctionKind::kNone, step);
  instruments_.end_collection(slot);
}

void Core::Shard::end_auction_orders(Slot slot, AuctionKind kept, Step& step) {
  while (const auto rest = accounts_.auction_remainder(slot, kept)) remove(*rest, step);
}

void Core::Shard::touch(Slot instrument) {
  if (instruments_[instrument].phase == TradingPhase::kAuction) touched_.push_back(instrument);
}

// What auctions would do changes with any order of theirs, with their reference price, and as they begin.
void Core::Shard::tell_auctions(Step& step) {
  for (const LevelChange& change : books_.outbox().changes) touch(change.instrument);
  for (const LevelChange& change : books_.outbox().unseen) touch(change.instrument);
  books_.outbox().unseen.clear();
  const auto number = [&](Slot slot) { return instruments_[slot].instrument_id; };
  std::ranges::sort(touched_, {}, number);
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());  // clang 14 knows no subranges
  for (const Slot slot : touched_) {
    const AuctionView view = books_.find_uncross(slot);
    if (view == told_[slot]) continue;
    told_[slot] = view;
    step.events.auction_updated(number(slot), instruments_[slot].auction_kind, view);
  }
  touched_.clear();
}

Answer Core::Shard::on(const SetMarkPrice& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  const Instrument& instrument = instruments_[slot];
  const auto fits = [&](bool stated, std::int64_t price) { return !stated || instrument.is_price(price); };
  const bool in_range = fits(command.has_mark_price, command.mark_price) &&
                        fits(command.has_index_price, command.index_price) &&
                        fits(command.has_reference_price, command.reference_price);
  if (!in_range) return refuse(Reason::kPriceOutOfRange, step);
  const bool in_settlement_unit = instruments_.asset(instrument.quote).symbol.view() == kSettlementUnit;
  if (command.has_conversion_rate && (in_settlement_unit || command.conversion_rate_ppb <= 0)) {
    return refuse(Reason::kInvalidField, step);
  }
  const StatedPrices prices = merged(instrument.prices, command);
  if (prices == instrument.prices) return refuse(Reason::kNone, step);
  instruments_.set_prices(slot, prices);
  repriced_ = slot;
  step.events.mark_price_changed(command.instrument_id, prices);
  if (instrument.on_margin) accounts_.liquidations().inspect(slot);
  touch(slot);
  return refuse(Reason::kNone, step);
}

}  // namespace exchange::engine
