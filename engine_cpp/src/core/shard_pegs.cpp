// Pegged orders on their way: how they enter, and how they follow once a command is complete. An order that has to
// stand elsewhere leaves the book and enters it anew, at the back; one that has nowhere to stand stays out of it until it
// has.
//
// In a round those come first, in order of entry, that retreat, then those that advance: so none meets another one
// where that stands no longer.
#include <algorithm>

#include "checks.hpp"
#include "shard.hpp"

namespace exchange::engine {

Answer Core::Shard::place_pegged(const PlaceOrder& command, const Admission& admission, Step& step) {
  const Slot instrument = admission.inquiry.instrument;
  Quote quote = books_.inquire(admission.inquiry);
  quote.has_room = quote.has_room && accounts_.pegs().has_room(instrument);
  if (!quote.has_room) return refuse(Reason::kEngineFull, step);
  const auto price = accounts_.peg_price_of(command, instrument, books_.unpegged_best(instrument));
  if (!price) return accounts_.refuse_unpriced(command, admission, step);
  // Where it stands follows from what it is pegged to: that it would take there is all that matters.
  if (!books_.book(instrument).would_cross(command.side, *price)) quote.best = {};
  const Reservation reservation = accounts_.reserve(command, admission, quote, step);
  if (reservation.answer) return *reservation.answer;
  books_.place(accounts_.peg(reservation.place, *price));
  deliver(step);
  return accounts_.conclude(command, reservation.place.owner, step);
}

void Core::Shard::validate_pegged(const PlaceOrder& command, Slot instrument, Step& step) {
  Quote quote = books_.inquire({instrument, command.side, true, false});
  quote.has_room = quote.has_room && accounts_.pegs().has_room(instrument);
  quote.best = {};
  accounts_.judge_terms(command, instrument, quote, step.stamp.time_ns, judgement_);
  if (check_price(instruments_[instrument], command.price) != Reason::kNone) return;
  const auto price = accounts_.peg_price_of(command, instrument, books_.unpegged_best(instrument));
  const bool would_take = price && books_.book(instrument).would_cross(command.side, *price);
  if (!price) judgement_.add(Reason::kNoReferencePrice);
  if (command.post_only && would_take) judgement_.add(Reason::kPostOnlyWouldCross);
}

Answer Core::Shard::amend_pegged(const AmendOrder& command, Amend& amend, Step& step) {
  if (amend.leaves <= 0) {
    remove(accounts_.removal_of(amend.owner, OrderStatus::kCancelled, EndReason::kAmendedAway), step);
    return accounts_.conclude(command, amend.owner, Reason::kNone, step);
  }
  const bool off_book = accounts_.orders()[amend.owner].is_off_book();
  const Quote quote{.has_room = books_.has_room(), .best = {}, .protection = {}};
  amend.is_pegged = true;
  const PegPrices best = books_.unpegged_best(amend.instrument);
  amend.peg_price = place_for(amend.owner, amend.limit, best);
  if (const auto refused = accounts_.amend(command, amend, quote, step)) return *refused;
  if (!amend.keeps_priority) {
    if (!off_book) books_.lift(amend.instrument, amend.side, amend.book_slot);
    stand_again(amend.owner, step);
  } else if (!off_book) {
    books_.amend(amend);
  }
  deliver(step);
  return accounts_.conclude(command, amend.owner, Reason::kNone, step);
}

// As one that enters alone, beside those before it.
Reason Core::Shard::check_pegged_entrant(const PlaceOrder& command, LinkType link, Entrant& entrant) {
  const Slot instrument = entrant.admission.inquiry.instrument;
  entrant.is_pegged = true;
  const auto beside = std::ranges::count_if(entrants_, [&](const Entrant& other) {
    return other.is_pegged && other.admission.inquiry.instrument == instrument;
  });
  if (!accounts_.pegs().has_room(instrument, static_cast<std::size_t>(beside))) return Reason::kEngineFull;
  const auto price = accounts_.peg_price_of(command, instrument, books_.unpegged_best(instrument));
  if (!price && !entrant.is_child) return Reason::kNoReferencePrice;
  entrant.pricing = {Reason::kNone, command.price, command.price, 0};
  const Reason reason = accounts_.claim(command, entrant, link);
  if (reason != Reason::kNone || entrant.is_child) return reason;
  const bool would_take = books_.book(instrument).would_cross(command.side, *price);
  return command.post_only && would_take ? Reason::kPostOnlyWouldCross : Reason::kNone;
}

void Core::Shard::accept_pegged(Slot slot, Step& step) {
  const OrderRecord& order = accounts_.orders()[slot];
  accounts_.peg(slot, place_for(slot, order.view.price, books_.unpegged_best(order.instrument)));
  accounts_.accept(slot, step);
}

// Those before it may have moved what it follows since it was accepted, or taken that away.
void Core::Shard::enter_pegged(Slot slot, Step& step) {
  const OrderRecord& order = accounts_.orders()[slot];
  const auto to = place_for(slot, order.view.price, books_.unpegged_best(order.instrument));
  if (to != accounts_.working_price(slot)) accounts_.restate_peg(slot, to, step);
  if (!to) return accounts_.restore_resting({slot, kOffBook});
  books_.enter_again(accounts_.place_pegged_again(slot));
  deliver_together(step);
}

// Where a pegged order has to stand now. One that may not take has no place where it would, and none has one while the
// books are full.
std::optional<std::int64_t> Core::Shard::place_for(Slot slot, std::int64_t limit,
                                                   const PegPrices& best) const noexcept {
  const OrderRecord& order = accounts_.orders()[slot];
  const auto price = accounts_.peg_price_of(slot, limit, best);
  if (!price || !books_.has_room()) return {};
  const bool would_take = books_.book(order.instrument).would_cross(order.view.side, *price);
  return order.view.post_only && would_take ? std::nullopt : price;
}

// At its working price, or outside the book.
void Core::Shard::stand_again(Slot slot, Step& step) {
  if (!accounts_.working_price(slot)) return accounts_.wait_again(slot, kOffBook);
  books_.enter_again(accounts_.place_pegged_again(slot));
  deliver_among(step);
}

void Core::Shard::run_followers(std::uint32_t& steps_left, Step& step) {
  for (;;) {
    if (accounts_.has_stirred()) [[unlikely]] run_groups(steps_left, step);
    if (triggers_.size() > 0) {
      find_fired();
      run_triggers(steps_left, step);
    }
    if (steps_left > 0 && accounts_.has_to_pass_on()) [[unlikely]] continue;
    if (!move_pegs(steps_left, step)) break;
  }
  // What the last step made true is due in the next command.
  if (steps_left == 0 && triggers_.size() > 0) find_fired();
}

// One round in each market where something changed, and where the last one was left unfinished. True if any moved, and
// there are steps for more.
bool Core::Shard::move_pegs(std::uint32_t& steps_left, Step& step) {
  collect_changed();
  bool moved = false;
  for (const Slot instrument : changed_) {
    const std::uint32_t before = steps_left;
    const bool finished = move_pegs_of(instrument, steps_left, step);
    moved = moved || steps_left != before;
    const bool ran_out = steps_left == 0 && before != 0;
    if (!finished || ran_out) unfinished_pegs_.push_back(instrument);
  }
  return moved && steps_left > 0;
}

// Markets that match and have pegged orders, by number.
void Core::Shard::collect_changed() {
  changed_.swap(unfinished_pegs_);
  unfinished_pegs_.clear();
  if (repriced_ != kNil) changed_.push_back(repriced_);
  for (const LevelChange& change : books_.outbox().changes) {
    if (changed_.empty() || changed_.back() != change.instrument) changed_.push_back(change.instrument);
  }
  const auto number = [&](Slot slot) { return instruments_[slot].instrument_id; };
  std::ranges::sort(changed_, {}, number);
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  std::erase_if(changed_, [&](Slot slot) {
    return accounts_.pegs().count(slot) == 0 || instruments_[slot].phase != TradingPhase::kContinuous;
  });
}

bool Core::Shard::move_pegs_of(Slot instrument, std::uint32_t& steps_left, Step& step) {
  return move_pegs_of(instrument, false, steps_left, step) && move_pegs_of(instrument, true, steps_left, step);
}

// Another one may end while one of them moves: if that is the next, the walk begins again, behind the one that moved.
bool Core::Shard::move_pegs_of(Slot instrument, bool advance, std::uint32_t& steps_left, Step& step) {
  const Pegs& pegs = accounts_.pegs();
  const Orders& orders = accounts_.orders();
  PegPrices best = books_.unpegged_best(instrument);
  std::uint64_t done = 0;
  for (Slot at = pegs.first(instrument); at != kNil;) {
    const Slot slot = pegs.order(at);
    const std::uint64_t order_id = orders[slot].view.order_id;
    at = pegs.next(at);
    if (order_id <= done) continue;
    const auto to = place_for(slot, orders[slot].view.price, best);
    if (!moves(slot, to, advance)) continue;
    if (steps_left == 0) return false;
    --steps_left;
    move_peg(slot, to, step);
    if (accounts_.has_stirred()) [[unlikely]] run_groups(steps_left, step);
    best = books_.unpegged_best(instrument);
    done = order_id;
    if (at != kNil && !orders[pegs.order(at)].is_resting()) at = pegs.first(instrument);
  }
  return true;
}

bool Core::Shard::moves(Slot slot, std::optional<std::int64_t> to, bool advance) const noexcept {
  const auto from = accounts_.working_price(slot);
  if (from == to || accounts_.orders()[slot].is_untriggered()) return false;  // or it waits for its parent
  const Side side = accounts_.orders()[slot].view.side;
  const bool retreats = !to || (from && (side == Side::kBuy ? *to < *from : *to > *from));
  return retreats != advance;
}

void Core::Shard::move_peg(Slot slot, std::optional<std::int64_t> to, Step& step) {
  const OrderRecord& order = accounts_.orders()[slot];
  if (!order.is_off_book()) books_.lift(order.instrument, order.view.side, order.book_slot);
  accounts_.restate_peg(slot, to, step);
  stand_again(slot, step);
}

void Core::Shard::save_pegs(StateWriter& out) const {
  out.put(static_cast<std::uint32_t>(unfinished_pegs_.size()));
  for (const Slot instrument : unfinished_pegs_) out.put(instrument);
}

// Those that have nowhere to stand wait outside the books; children that wait for their parent are there already.
bool Core::Shard::load_pegs(StateReader& in, std::vector<Rested>& rested) {
  const Orders& orders = accounts_.orders();
  std::vector<std::uint32_t> counts(instruments_.size());
  for (const Slot slot : orders.sorted()) {
    const OrderRecord& order = orders[slot];
    if (order.view.leaves_quantity == 0 || order.view.type != OrderType::kPegged) continue;
    if (++counts[order.instrument] > kMaxPegged) return false;
    if (!accounts_.working_price(slot) && !order.is_untriggered()) rested.push_back({slot, kOffBook});
  }
  const std::uint32_t count = in.get_count(instruments_.size());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Slot instrument = kNil;
    in.get(instrument);
    if (!in.ok() || instrument >= instruments_.size()) return false;
    unfinished_pegs_.push_back(instrument);
  }
  return in.ok();
}

}  // namespace exchange::engine
