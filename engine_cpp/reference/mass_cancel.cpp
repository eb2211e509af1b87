// Time and mass cancels in the naive engine: what is due runs before a command, what is left of a mass cancel before that.
#include <algorithm>
#include <limits>

#include "engine.hpp"

namespace exchange::engine::reference {

void Engine::run_what_is_due() {
  std::uint32_t left = limits_.cancels_per_command;
  if (!finish_mass_cancels(left)) return;
  for (std::size_t timers = 0; timers < kMaxExpiriesPerCommand; ++timers) {
    Order* ending = first_to_expire();
    Order* oldest = resting_.empty() ? nullptr : &orders_.at(*resting_.begin());
    const auto timer = std::ranges::min_element(cancel_timers_, {}, [](const auto& t) { return t.second.due_ns; });
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    const std::int64_t ends_ns = ending == nullptr ? kNever : ending->special->expire_time_ns;
    const std::int64_t old_ns = oldest == nullptr ? kNever : oldest->view.accepted_time_ns + kMaxOrderAgeNs;
    const std::int64_t out_ns = timer == cancel_timers_.end() ? kNever : timer->second.due_ns;
    const std::int64_t session_ns = next_session_ns();
    if (std::min({ends_ns, old_ns, out_ns, session_ns}) > now_.time_ns) return;
    if (ends_ns <= std::min({old_ns, out_ns, session_ns})) {
      const bool day = ending->view.time_in_force == TimeInForce::kDay;
      expire(*ending, day ? EndReason::kDayEnded : EndReason::kGtdReached);
    } else if (old_ns <= std::min(out_ns, session_ns)) {
      expire(*oldest, EndReason::kTooOld);
    } else if (out_ns <= session_ns) {
      fire(timer->first);
      if (!finish_mass_cancels(left)) return;
    } else {
      run_session_timer();
      if (!finish_mass_cancels(left)) return;
    }
  }
}

// Of those that end at one time, the one that was entered first.
Order* Engine::first_to_expire() {
  Order* first = nullptr;
  for (const std::uint64_t order_id : resting_) {
    Order& order = orders_.at(order_id);
    const TimeInForce time = order.view.time_in_force;
    if (time != TimeInForce::kDay && time != TimeInForce::kGtd) continue;
    if (first == nullptr || order.special->expire_time_ns < first->special->expire_time_ns) first = &order;
  }
  return first;
}

void Engine::fire(std::uint64_t account_id) {
  MassCancelLeft cancel{.account_id = account_id, .wanted = {}, .cause = MassCancelCause::kCancelAllAfter};
  cancel.newest_order_id = shard_bits_ + orders_entered_;
  cancel.asked_seq = cancel_timers_.at(account_id).armed_seq;
  cancel_timers_.erase(account_id);
  events_->cancel_all_after_changed({account_id, CancelAllAfterState::kFired, 0, next_private_event(account_id)});
  mass_cancels_.push_back(cancel);
}

bool Engine::finish_mass_cancels(std::uint32_t& left) {
  while (!mass_cancels_.empty()) {
    if (!go_on(mass_cancels_.front(), left)) return false;
    mass_cancels_.pop_front();
  }
  return true;
}

bool Engine::go_on(MassCancelLeft& cancel, std::uint32_t& left) {
  const EndReason reason = cancel.cause == MassCancelCause::kRequested    ? EndReason::kMassCancel
                           : cancel.cause == MassCancelCause::kKillSwitch ? EndReason::kKillSwitch
                           : cancel.cause == MassCancelCause::kDisconnected ? EndReason::kDisconnected
                           : cancel.cause == MassCancelCause::kBust ? EndReason::kBust
                           : cancel.cause == MassCancelCause::kLiquidation  ? EndReason::kLiquidation
                                                                          : EndReason::kCancelAllAfter;
  const std::set<std::uint64_t> open = resting_;
  for (const std::uint64_t order_id : open) {
    Order& order = orders_.at(order_id);
    if (!order.is_open() || !is_meant(cancel, order)) continue;
    if (left == 0) return false;
    take_out_or_stop_waiting(order);
    end(order, OrderStatus::kCancelled, reason);
    ++cancel.count;
    --left;
  }
  const MassCancel& wanted = cancel.wanted;
  events_->mass_cancel_done({.account_id = cancel.account_id,
                             .mass_cancel_id = cancel.asked_seq,
                             .cause = cancel.cause,
                             .count = cancel.count,
                             .account_seq = next_private_event(cancel.account_id),
                             .filter = {.instrument_id = wanted.instrument_id,
                                        .side = wanted.side,
                                        .session_id = wanted.session_id,
                                        .tag = wanted.tag,
                                        .has_instrument = wanted.has_instrument,
                                        .has_session = wanted.has_session,
                                        .has_tag = wanted.has_tag}});
  return true;
}

bool Engine::is_meant(const MassCancelLeft& cancel, const Order& order) const {
  const MassCancel& wanted = cancel.wanted;
  if (order.view.account_id != cancel.account_id || order.view.order_id > cancel.newest_order_id) return false;
  if (wanted.has_instrument && order.view.instrument_id != wanted.instrument_id) return false;
  if (wanted.side != Side{} && order.view.side != wanted.side) return false;
  if (wanted.has_session && wanted.session_id != order.view.session_id) return false;
  const SpecialView special = order.special.value_or(SpecialView{});
  if (wanted.has_tag && wanted.tag != special.tag) return false;
  if (cancel.cause == MassCancelCause::kDisconnected && special.survive_disconnect) return false;
  const bool closed = instruments_.at(order.view.instrument_id).definition.phase == TradingPhase::kClosed;
  return !closed || cancel.cause != MassCancelCause::kRequested;
}

Result Engine::on(const MassCancel& command) {
  if (const auto refused = refused_request(command, CommandKind::kMassCancel)) return *refused;
  Result result{now_.engine_seq};
  if (command.has_instrument) {
    const auto found = instruments_.find(command.instrument_id);
    if (found == instruments_.end()) {
      result.reason = Reason::kUnknownInstrument;
    } else if (found->second.definition.phase == TradingPhase::kClosed) {
      result.reason = Reason::kPhaseNotAllowed;
    }
  }
  if (result.reason == Reason::kNone) {
    MassCancelLeft cancel{command.account_id, command,           MassCancelCause::kRequested,
                          shard_bits_ + orders_entered_, now_.engine_seq};
    cancel.wanted.request_id = {};  // a view of the command's bytes
    std::uint32_t left = limits_.cancels_per_command;
    const bool done = go_on(cancel, left);
    result.cancelled = cancel.count;
    if (!done) mass_cancels_.push_back(cancel);
  }
  remember_request(command, CommandKind::kMassCancel, 0, result.reason, result.cancelled);
  return result;
}

Result Engine::on(const CancelAllAfter& command) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (command.timeout_ns != 0 && (command.timeout_ns < 5 * kSecond || command.timeout_ns > 300 * kSecond)) {
    return {now_.engine_seq, Reason::kTimeoutOutOfRange};
  }
  if (!is_trader(command.account_id)) {
    return {now_.engine_seq, Reason::kUnknownAccount};
  }
  if (command.timeout_ns != 0) {
    const std::int64_t due_ns = now_.time_ns + command.timeout_ns;
    cancel_timers_[command.account_id] = {due_ns, now_.engine_seq};
    events_->cancel_all_after_changed({command.account_id, CancelAllAfterState::kArmed, due_ns,
                                       next_private_event(command.account_id)});
  } else if (cancel_timers_.erase(command.account_id) > 0) {
    events_->cancel_all_after_changed({command.account_id, CancelAllAfterState::kDisarmed, 0,
                                       next_private_event(command.account_id)});
  }
  return {now_.engine_seq};
}

}  // namespace exchange::engine::reference
