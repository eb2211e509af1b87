// Liquidations: the steps in which they go on. After each command, and whatever followed it, those are found that have
// too little margin; then each of them in turn: its orders go, its positions are sold or bought back inside the bands,
// and what no book takes is closed against the positions of others. All of it together looks at, cancels or closes no
// more with a command than that may treat of positions.
#include "pricing.hpp"
#include "shard.hpp"

namespace exchange::engine {

// As long as something happens that others follow, and there are steps for it.
void Core::Shard::liquidate(std::uint32_t& steps_left, Step& step) {
  while (go_on_liquidating(step)) {
    if (has_followers()) run_followers(steps_left, step);
  }
}

// False if nothing was left to do, or no steps to do it with.
bool Core::Shard::go_on_liquidating(Step& step) {
  Liquidations& liquidations = accounts_.liquidations();
  const std::uint32_t before = sweeps_left_;
  find_short_of_margin(step);
  while (liquidations.has_queued() && sweeps_left_ > 0) {
    Liquidation& next = liquidations.first();
    const Progress progress = go_on(next, step);
    if (progress == Progress::kUnfinished) break;
    sweeps_left_ -= std::min(sweeps_left_, 1U);
    if (progress == Progress::kWaits) {
      liquidations.postpone_first();
      continue;
    }
    accounts_.end_liquidation(next.account, step);
    liquidations.end_first();
  }
  return sweeps_left_ != before;
}

void Core::Shard::find_short_of_margin(Step& step) {
  Liquidations& liquidations = accounts_.liquidations();
  const auto look_at = [&](Slot account) {
    --sweeps_left_;
    if (liquidations.waits(account)) return liquidations.wake();
    if (liquidations.is_liquidated(account) || !accounts_.is_short_of_margin(account)) return;
    accounts_.begin_liquidation(account, step);
  };
  while (liquidations.has_suspects() && sweeps_left_ > 0) look_at(liquidations.take_suspect());
  while (liquidations.has_inspections() && sweeps_left_ > 0) {
    const bool done = accounts_.collect_holders(liquidations.first_inspection(), sweeps_left_, holders_);
    for (const Slot account : holders_) look_at(account);
    if (done) liquidations.finish_inspection();
  }
}

Core::Shard::Progress Core::Shard::go_on(Liquidation& liquidation, Step& step) {
  for (;;) {
    if (!cancel_before_closing(liquidation, step)) return Progress::kUnfinished;
    if (!accounts_.is_short_of_margin(liquidation.account)) return Progress::kOver;
    if (!accounts_.positions().has_open(liquidation.account)) return Progress::kOver;
    if (sweeps_left_ == 0) return Progress::kUnfinished;
    const Slot position = accounts_.next_to_close(liquidation);
    if (position == kNil) {
      if (!begin_deleveraging(liquidation, step)) return Progress::kWaits;
      continue;
    }
    liquidation.acted = liquidation.is_under_way = true;
    liquidation.next = position;
    if (liquidation.deleverages ? deleverage(position, step) : reduce(position, step)) {
      liquidation.next = accounts_.positions()[position].next_of_account;
    }
  }
}

// True if none is left.
bool Core::Shard::cancel_before_closing(Liquidation& liquidation, Step& step) {
  if (accounts_.balances().account(liquidation.account).open_orders == 0) return true;
  if (sweeps_left_ == 0) return false;
  MassCancelTask task = accounts_.mass_cancel_of(liquidation.account, {}, MassCancelCause::kLiquidation, step);
  task.asked_seq = liquidation.begun_seq;
  task.cancelled = liquidation.cancelled;
  const bool finished = cancel_matching(task, sweeps_left_, step);
  sweeps_left_ -= std::min(sweeps_left_, task.cancelled - liquidation.cancelled);
  liquidation.cancelled = finished ? 0 : task.cancelled;
  return finished;
}

// All positions had their turn. False if what is left of them waits for its markets.
bool Core::Shard::begin_deleveraging(Liquidation& liquidation, Step& step) {
  const bool begins = liquidation.acted && !liquidation.deleverages;
  liquidation.is_under_way = liquidation.acted = false;
  liquidation.next = kNil;
  liquidation.deleverages = begins;
  if (begins) accounts_.begin_deleveraging(liquidation.account, step);
  return begins;
}

// As much as the book takes of it, inside the bands and at a price that can be borne. It has had its turn.
bool Core::Shard::reduce(Slot position, Step& step) {
  --sweeps_left_;
  if (!accounts_.has_room_to_reduce()) return true;
  std::string id;
  const PlaceOrder command = accounts_.reduction_of(position, id);
  const Position& held = accounts_.positions()[position];
  const Admission admission{{}, held.account, {held.instrument, command.side, false, true}};
  const Quote quote = books_.inquire(admission.inquiry);
  Pricing pricing = price_of(command, instruments_[held.instrument], quote);
  if (pricing.reason != Reason::kNone) return true;
  const auto bearable = accounts_.bearable_price(position, pricing.limit);
  if (!bearable) return true;
  pricing.limit = less_aggressive(command.side, pricing.limit, *bearable);
  if (!books_.would_take({.limit = pricing.limit, .instrument = held.instrument, .side = command.side})) return true;
  const Place place = accounts_.begin_reduction(command, admission, quote, pricing, step);
  books_.place(place);
  deliver(step);
  accounts_.conclude_reduction(place.owner, step);
  return true;
}

// Closes it against the position that comes next, if there are steps for it. True if that was all of it: it is closed,
// or there are no more.
bool Core::Shard::deleverage(Slot position, Step& step) {
  sweeps_left_ -= accounts_.rank(position, sweeps_left_);
  Ranking& ranking = accounts_.liquidations().ranking();
  if (ranking.next() == kNil && ranking.is_empty()) return true;
  if (sweeps_left_ == 0 || ranking.next() != kNil) return false;
  --sweeps_left_;
  const Slot opposite = ranking.take();
  if (!accounts_.are_opposite(position, opposite)) return false;  // any more: it was closed meanwhile
  accounts_.deleverage(position, opposite, step);
  position_changed(position, step);
  position_changed(opposite, step);
  const bool closed = accounts_.positions()[position].quantity == 0;
  if (closed) ranking.end();
  return closed;
}

}  // namespace exchange::engine
