// Settlements, rolls, expiries and exercises: the commands, and the steps in which they go on.
#include "shard.hpp"

namespace exchange::engine {
namespace {

bool is_rolled(InstrumentKind kind) noexcept {
  return kind == InstrumentKind::kFxMargin || kind == InstrumentKind::kCommodityMargin;
}

}  // namespace

Answer Core::Shard::on(const SettleFuture& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  const Instrument& instrument = instruments_[slot];
  const bool fits = is_date(command.trading_date) && instrument.terms.kind == InstrumentKind::kFuture;
  if (!fits) return refuse(Reason::kInvalidField, step);
  if (!instrument.is_price(command.settlement_price)) return refuse(Reason::kPriceOutOfRange, step);
  LastSweeps& last = sweeps_.last(slot);
  if (command.trading_date == last.settled && command.settlement_price == last.settlement_price) {
    return refuse(Reason::kNone, step);
  }
  if (command.trading_date <= last.settled) return refuse(Reason::kDateNotAfterLast, step);
  if (!sweeps_.has_room()) return refuse(Reason::kEngineFull, step);
  last.settled = command.trading_date;
  last.settlement_price = command.settlement_price;
  return begin({.kind = SweepKind::kSettle,
                .trading_date = command.trading_date,
                .price = command.settlement_price,
                .instrument = slot},
               step);
}

Answer Core::Shard::on(const RollPositions& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  const Instrument& instrument = instruments_[slot];
  if (!is_date(command.trading_date) || !is_rolled(instrument.terms.kind)) return refuse(Reason::kInvalidField, step);
  const bool priced = instrument.is_price(command.long_swap_price) && instrument.is_price(command.short_swap_price);
  if (!priced) return refuse(Reason::kPriceOutOfRange, step);
  LastSweeps& last = sweeps_.last(slot);
  const bool same = command.long_swap_price == last.long_price && command.short_swap_price == last.short_price;
  if (command.trading_date == last.rolled && same) return refuse(Reason::kNone, step);
  if (command.trading_date <= last.rolled) return refuse(Reason::kDateNotAfterLast, step);
  if (!sweeps_.has_room()) return refuse(Reason::kEngineFull, step);
  last.rolled = command.trading_date;
  last.long_price = command.long_swap_price;
  last.short_price = command.short_swap_price;
  return begin({.kind = SweepKind::kRoll,
                .trading_date = command.trading_date,
                .price = command.long_swap_price,
                .short_price = command.short_swap_price,
                .instrument = slot},
               step);
}

// The market closes for good before anything else happens.
Answer Core::Shard::on(const ExpireInstrument& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  const Instrument& instrument = instruments_[slot];
  if (!is_date(command.trading_date) || !instrument.on_margin) return refuse(Reason::kInvalidField, step);
  const bool option = instrument.terms.kind == InstrumentKind::kOption;
  const Instrument& priced = option ? instruments_[instruments_.find(instrument.terms.underlying_id)] : instrument;
  if (!priced.is_price(command.final_price)) return refuse(Reason::kPriceOutOfRange, step);
  LastSweeps& last = sweeps_.last(slot);
  if (last.expired != 0) {
    const bool same = command.trading_date == last.expired && command.final_price == last.final_price;
    return refuse(same ? Reason::kNone : Reason::kDateNotAfterLast, step);
  }
  if (!sweeps_.has_room()) return refuse(Reason::kEngineFull, step);
  if (instrument.phase != TradingPhase::kClosed) {
    static_cast<void>(on(SetPhase{command.instrument_id, TradingPhase::kClosed, AuctionKind::kNone}, step));
  }
  last.expired = command.trading_date;
  last.final_price = command.final_price;
  return begin({.kind = SweepKind::kExpire,
                .trading_date = command.trading_date,
                .price = command.final_price,
                .instrument = slot},
               step);
}

Answer Core::Shard::on(const ExerciseOption& command, Step& step) {
  if (!is_date(command.trading_date)) return refuse(Reason::kInvalidField, step);
  const Answer known = accounts_.find_exercised(command, step);
  if (known.replayed || known.reason != Reason::kNone) return known;
  const Slot account = accounts_.balances().find(command.account_id);
  if (!sweeps_.has_room()) return refuse(Reason::kEngineFull, step);
  const Reason reason = accounts_.check_exercise(command, account);
  if (reason == Reason::kNone) static_cast<void>(begin(accounts_.exercise_of(command, account), step));
  return accounts_.conclude(command, reason, step);
}

Answer Core::Shard::begin(const Sweep& sweep, Step& step) {
  sweeps_.begin(sweep);
  go_on_sweeping(step);
  return refuse(Reason::kNone, step);
}

void Core::Shard::go_on_sweeping(Step& step) {
  if (accounts_.busts().has_unfinished()) return;
  while (sweeps_.has_unfinished() && sweeps_left_ > 0) {
    if (!go_on(sweeps_.first(), step)) return;
    sweeps_.finish_first();
  }
}

// True if it is done.
bool Core::Shard::go_on(Sweep& sweep, Step& step) {
  swept_.clear();
  if (sweep.kind == SweepKind::kExercise) return go_on_exercising(sweep, step);
  if (sweep.kind == SweepKind::kDeliver) return go_on_delivering(sweep, step);
  if (sweep.kind == SweepKind::kExpire && !sweep.orders_gone) {
    sweep.orders_gone = expire_orders(sweep.instrument, step);
    if (!sweep.orders_gone || sweeps_left_ == 0) return false;
  }
  sweeps_left_ -= accounts_.collect_positions(sweep, sweeps_left_, swept_);
  const bool done = sweep.next == kNil;
  tell(sweep, done, step);
  for (const Slot position : swept_) {
    if (sweep.kind == SweepKind::kSettle) accounts_.settle_position(position, sweep.price, step);
    if (sweep.kind == SweepKind::kRoll) accounts_.roll_position(position, sweep.price, sweep.short_price, step);
    if (sweep.kind != SweepKind::kExpire) continue;
    accounts_.expire_position(position, sweep.price, step);
    position_changed(position, step);
  }
  if (done) accounts_.keep_residue(sweep.instrument, step);
  return done;
}

bool Core::Shard::go_on_exercising(Sweep& sweep, Step& step) {
  accounts_.collect_assigned(sweep, sweeps_left_, swept_);
  const std::uint32_t assigned = accounts_.assign(sweep, swept_, step);
  if (assigned > 0) position_changed(accounts_.positions().find(sweep.account, sweep.instrument), step);
  for (const Slot position : std::span(swept_).first(assigned)) position_changed(position, step);
  sweeps_left_ -= assigned;
  return sweep.quantity == 0 || assigned == 0;
}

bool Core::Shard::expire_orders(Slot instrument, Step& step) {
  matching_.clear();
  const bool more = accounts_.collect_orders_of(instrument, sweeps_left_, matching_);
  for (const std::uint64_t order_id : matching_) {
    if (const auto removal = accounts_.removal_at_expiry(order_id)) remove(*removal, step);
  }
  sweeps_left_ -= static_cast<std::uint32_t>(matching_.size());
  return !more;
}

void Core::Shard::tell(const Sweep& sweep, bool done, Step& step) {
  const SweepView view{.instrument_id = instruments_[sweep.instrument].instrument_id,
                       .price = sweep.price,
                       .trading_date = sweep.trading_date,
                       .positions = sweep.positions,
                       .done = done};
  if (sweep.kind == SweepKind::kSettle) step.events.variation_settled(view);
  if (sweep.kind == SweepKind::kRoll) step.events.positions_rolled(view);
  if (sweep.kind == SweepKind::kExpire) step.events.instrument_expired(view);
}

}  // namespace exchange::engine
