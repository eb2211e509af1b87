// Triggers: what comes true once a command is complete, and the steps in which it goes on.
#include "shard.hpp"

namespace exchange::engine {

Answer Core::Shard::place_waiting(const PlaceOrder& command, const Admission& admission, Step& step) {
  const Slot instrument = admission.inquiry.instrument;
  const Waiting waiting =
      accounts_.reserve_waiting(command, admission, books_.watched(instrument), triggers_.has_room(), step);
  if (waiting.answer) return *waiting.answer;
  trail_with(command, instrument);
  accounts_.begin_waiting(waiting.order, triggers_.wait(accounts_.trigger_of(waiting.order)), step);
  return accounts_.conclude(command, waiting.order, step);
}

// Those that trail already look at the prices that the new one begins with.
void Core::Shard::trail_with(const PlaceOrder& command, Slot instrument) noexcept {
  if (command.type != OrderType::kTrailingStop) return;
  triggers_.trail(instrument, books_.watched(instrument));
  triggers_.trails().queue_moved();
}

// A new trigger begins to wait anew, also if the old one has come true and is due; one of a child once that is active.
Answer Core::Shard::amend_waiting(const AmendOrder& command, Amend& amend, Step& step) {
  if (amend.leaves <= 0) {
    remove(accounts_.removal_of(amend.owner, OrderStatus::kCancelled, EndReason::kAmendedAway), step);
    return accounts_.conclude(command, amend.owner, Reason::kNone, step);
  }
  const Reason reason = accounts_.check_amend_waiting(command, amend, books_.watched(amend.instrument));
  if (reason != Reason::kNone) return accounts_.conclude(command, amend.owner, reason, step);
  if (command.has_trigger_price && !triggers_.has_room_to_move()) return refuse(Reason::kEngineFull, step);
  if (amend.is_untriggered) follow(amend.book_slot);
  accounts_.amend_waiting(command, amend, step);
  if (command.has_trigger_price && amend.is_untriggered) {
    triggers_.remove(amend.book_slot);
    accounts_.wait_again(amend.owner, triggers_.wait(accounts_.trigger_of(amend.owner)));
  }
  return accounts_.conclude(command, amend.owner, Reason::kNone, step);
}

// Prices changed where levels did, and where a command said so.
void Core::Shard::find_fired() noexcept {
  Slot seen = repriced_;
  if (seen != kNil) find_fired(seen);
  for (const Slot instrument : woken_) find_fired(instrument);
  woken_.clear();
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
  while (steps_left > 0 && triggers_.has_due()) {
    --steps_left;
    activate(triggers_.take_due(), step);
    if (!accounts_.has_stirred()) [[likely]] continue;
    run_groups(steps_left, step);
    find_fired();
  }
}

// Where the market has stopped matching before its turn came, it waits again.
void Core::Shard::activate(const Trigger& due, Step& step) {
  if (instruments_[due.instrument].phase != TradingPhase::kContinuous) {
    accounts_.wait_again(due.owner, triggers_.wait(due));
    return;
  }
  if (due.trails()) accounts_.follow(due.owner, due);
  const Quote quote = books_.inquire(accounts_.inquiry_of(due.owner));
  if (const std::optional<Place> place = accounts_.activate(due.owner, quote, step)) {
    books_.activate(*place);
    deliver(step);
  }
  find_fired(due.instrument);
  triggers_.make_due();
}

// What trails is known of where it was told last; here it says where it stands.
void Core::Shard::follow(Slot trigger) noexcept {
  if (!triggers_[trigger].trails()) return;
  const Trigger now = triggers_.now(trigger);
  accounts_.follow(now.owner, now);
}

const SpecialView* Core::Shard::shown_special(Slot slot) const {
  const OrderRecord& order = accounts_.orders()[slot];
  const SpecialView* const told = accounts_.orders().special_view(order);
  if (!order.has_trigger() || order.view.type != OrderType::kTrailingStop) return told;
  shown_ = *told;
  engine::follow(shown_, triggers_.now(order.book_slot));
  return &shown_;
}

void Core::Shard::tell_trails(Step& step) {
  for (std::uint32_t left = trails_per_command_; left > 0 && triggers_.trails().has_untold(); --left) {
    const Slot slot = triggers_.trails().next_untold();
    if (slot == kNil) return;
    const Trigger now = triggers_.now(slot);
    accounts_.tell_trail(now.owner, now, step);
  }
}

// Every order that waits has its own trigger, and none that is not due has come true.
bool Core::Shard::triggers_consistent() const {
  std::uint32_t waiting = 0;
  const Orders& orders = accounts_.orders();
  for (const Slot slot : orders.sorted()) {
    if (!orders[slot].has_trigger()) continue;
    ++waiting;
    const Trigger trigger = triggers_.now(orders[slot].book_slot);
    if (trigger.owner != slot || trigger.order_id != orders[slot].view.order_id) return false;
    if (instruments_[trigger.instrument].phase != TradingPhase::kContinuous || trigger.level == kNil) continue;
    const std::int64_t now = books_.watched(trigger.instrument)[static_cast<std::size_t>(trigger.watched)];
    if (trigger.is_true_at(now)) return false;
    const bool is_behind = trigger.rises ? trigger.watermark > now : trigger.watermark < now;
    if (trigger.trails() && now > 0 && is_behind) return false;
  }
  return waiting == triggers_.size() && triggers_.trails().consistent();
}

}  // namespace exchange::engine
