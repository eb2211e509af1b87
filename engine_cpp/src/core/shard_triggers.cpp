// Triggers: what comes true once a command is complete, and the steps in which it goes on.
#include <map>

#include "shard.hpp"

namespace exchange::engine {

Answer Core::Shard::place_waiting(const PlaceOrder& command, const Admission& admission, Step& step) {
  const Slot instrument = admission.inquiry.instrument;
  const Waiting waiting =
      accounts_.reserve_waiting(command, admission, books_.watched(instrument), triggers_.has_room(), step);
  if (waiting.answer) return *waiting.answer;
  accounts_.begin_waiting(waiting.order, triggers_.wait(accounts_.trigger_of(waiting.order)), step);
  return accounts_.conclude(command, waiting.order, step);
}

// A new trigger begins to wait anew, also if the old one has come true and is due.
Answer Core::Shard::amend_waiting(const AmendOrder& command, Amend& amend, Step& step) {
  if (amend.leaves <= 0) {
    remove(accounts_.removal_of(amend.owner, OrderStatus::kCancelled, EndReason::kAmendedAway), step);
    return accounts_.conclude(command, amend.owner, Reason::kNone, step);
  }
  const Reason reason = accounts_.check_amend_waiting(command, amend, books_.watched(amend.instrument));
  if (reason != Reason::kNone) return accounts_.conclude(command, amend.owner, reason, step);
  if (command.has_trigger_price && !triggers_.has_room_to_move()) return refuse(Reason::kEngineFull, step);
  accounts_.amend_waiting(command, amend, step);
  if (command.has_trigger_price) {
    triggers_.remove(amend.book_slot);
    accounts_.wait_again(amend.owner, triggers_.wait(accounts_.trigger_of(amend.owner)));
  }
  return accounts_.conclude(command, amend.owner, Reason::kNone, step);
}

// Prices changed where levels did, and where a command said so.
void Core::Shard::find_fired() noexcept {
  Slot seen = repriced_;
  if (seen != kNil) find_fired(seen);
  for (const LevelChange& change : books_.outbox().changes) {
    if (change.instrument == seen) continue;
    seen = change.instrument;
    find_fired(seen);
  }
  triggers_.make_due();
}

void Core::Shard::find_fired(Slot instrument) noexcept {
  if (instruments_[instrument].phase != TradingPhase::kContinuous) return;
  triggers_.find_fired(instrument, books_.watched(instrument));
}

void Core::Shard::run_triggers(std::uint32_t& steps_left, Step& step) {
  for (; steps_left > 0 && triggers_.has_due(); --steps_left) activate(triggers_.take_due(), step);
}

// Where the market has stopped matching before its turn came, it waits again.
void Core::Shard::activate(const Trigger& due, Step& step) {
  if (instruments_[due.instrument].phase != TradingPhase::kContinuous) {
    accounts_.wait_again(due.owner, triggers_.wait(due));
    return;
  }
  const Quote quote = books_.inquire(accounts_.inquiry_of(due.owner));
  if (const std::optional<Place> place = accounts_.activate(due.owner, quote, step)) {
    books_.activate(*place);
    deliver(step);
  }
  find_fired(due.instrument);
  triggers_.make_due();
}

void Core::Shard::save_triggers(StateWriter& out) const {
  std::uint32_t due = 0;
  triggers_.for_each_due([&](const Trigger&) { ++due; });
  out.put(due);
  triggers_.for_each_due([&](const Trigger& trigger) { out.put(trigger.order_id); });
}

// Every order that waits has its trigger; those that were due are due in the same order.
bool Core::Shard::load_triggers(StateReader& in, std::vector<Rested>& rested) {
  const Orders& orders = accounts_.orders();
  std::map<std::uint64_t, Slot> triggers;
  for (const Slot slot : orders.sorted()) {
    if (!orders[slot].is_untriggered()) continue;
    if (!triggers_.has_room()) return false;
    const Trigger trigger = accounts_.trigger_of(slot);
    rested.push_back({slot, triggers_.wait(trigger)});
    triggers.emplace(trigger.order_id, rested.back().book_slot);
  }
  const std::uint32_t due = in.get_count(static_cast<std::uint32_t>(triggers.size()));
  for (std::uint32_t i = 0; in.ok() && i < due; ++i) {
    std::uint64_t order_id = 0;
    in.get(order_id);
    const auto found = triggers.find(order_id);
    if (!in.ok() || found == triggers.end()) return false;
    triggers_.restore_due(found->second);
    triggers.erase(found);
  }
  return in.ok();
}

// Every order that waits has its own trigger, and none that is not due has come true.
bool Core::Shard::triggers_consistent() const {
  std::uint32_t waiting = 0;
  const Orders& orders = accounts_.orders();
  for (const Slot slot : orders.sorted()) {
    if (!orders[slot].is_untriggered()) continue;
    ++waiting;
    const Trigger& trigger = triggers_[orders[slot].book_slot];
    if (trigger.owner != slot || trigger.order_id != orders[slot].view.order_id) return false;
    if (instruments_[trigger.instrument].phase != TradingPhase::kContinuous || trigger.level == kNil) continue;
    if (trigger.is_true_at(books_.watched(trigger.instrument)[static_cast<std::size_t>(trigger.watched)])) return false;
  }
  return waiting == triggers_.size();
}

}  // namespace exchange::engine
