// Value dates and deliveries: the commands, and the steps in which a delivery goes on.
#include "shard.hpp"

namespace exchange::engine {

Answer Core::Shard::on(const SetValueDate& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  if (!instruments_[slot].delayed || !is_date(command.value_date)) return refuse(Reason::kInvalidField, step);
  Unsettled& unsettled = accounts_.unsettled();
  if (command.value_date == unsettled.dates(slot).last()) return refuse(Reason::kNone, step);
  const Reason reason = unsettled.check_value_date(slot, command.value_date);
  if (reason != Reason::kNone) return refuse(reason, step);
  unsettled.set_value_date(slot, command.value_date);
  step.events.value_date_changed(command.instrument_id, command.value_date);
  return refuse(Reason::kNone, step);
}

Answer Core::Shard::on(const DeliverTrades& command, Step& step) {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return refuse(Reason::kUnknownInstrument, step);
  if (!instruments_[slot].delayed || !is_date(command.value_date)) return refuse(Reason::kInvalidField, step);
  Unsettled& unsettled = accounts_.unsettled();
  if (unsettled.is_delivered(slot, command.value_date)) return refuse(Reason::kNone, step);
  const Reason reason = unsettled.check_delivery(slot, command.value_date);
  if (reason != Reason::kNone) return refuse(reason, step);
  if (!sweeps_.has_room()) return refuse(Reason::kEngineFull, step);
  unsettled.begin_delivery(slot);
  return begin({.kind = SweepKind::kDeliver, .trading_date = command.value_date, .instrument = slot}, step);
}

// True if it is done.
bool Core::Shard::go_on_delivering(Sweep& sweep, Step& step) {
  Unsettled& unsettled = accounts_.unsettled();
  if (!sweep.is_begun) sweep.next = unsettled.first_of_instrument(sweep.instrument);
  sweep.is_begun = true;
  sweeps_left_ -= unsettled.collect(sweep.next, sweeps_left_, swept_);
  sweep.positions += static_cast<std::uint32_t>(swept_.size());
  const bool done = sweep.next == kNil;
  step.events.trades_delivered({.instrument_id = instruments_[sweep.instrument].instrument_id,
                                .trading_date = sweep.trading_date,
                                .positions = sweep.positions,
                                .done = done});
  for (const Slot record : swept_) accounts_.deliver(record, sweep.trading_date, step);
  if (done) unsettled.end_delivery(sweep.instrument);
  return done;
}

}  // namespace exchange::engine
