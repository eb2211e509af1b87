// Trading sessions: the commands about them, and what time does to them.
#include "accounts.hpp"

namespace exchange::engine {

Answer Accounts::open_session(const OpenSession& command, Step& step) {
  const std::int64_t grace_ns = kMillisecondNs * command.grace_ms;
  const std::int64_t timeout_ns = kMillisecondNs * command.heartbeat_timeout_ms;
  if (!are_session_times(grace_ns, timeout_ns)) return refuse(Reason::kSessionOptionsOutOfRange, step);
  const Slot account = find_trader(command.account_id);
  if (account == kNil) return refuse(Reason::kUnknownAccount, step);
  const Slot known = sessions_.find(account, command.session_id);
  if (known != kNil) {
    const Session& session = sessions_[known];
    const bool same = session.gateway_id == command.gateway_id && session.connection_id == command.connection_id;
    if (same) return {.engine_seq = session.epoch, .replayed = true};
  }
  if (const Reason reason = check_time(command.valid_until_ns, step); reason != Reason::kNone) {
    return refuse(reason, step);
  }
  if (sessions_.find_gateway(command.gateway_id) == kNil) return refuse(Reason::kUnknownGateway, step);
  if (known == kNil && sessions_.is_full(account)) return refuse(Reason::kTooManySessions, step);
  if (known == kNil && !sessions_.has_room()) return refuse(Reason::kEngineFull, step);
  const Slot slot = sessions_.open({.session_id = command.session_id,
                                    .epoch = step.stamp.engine_seq,
                                    .gateway_id = command.gateway_id,
                                    .connection_id = command.connection_id,
                                    .grace_ns = grace_ns,
                                    .timeout_ns = timeout_ns,
                                    .account = account,
                                    .scope = command.scope,
                                    .state = SessionState::kLive},
                                   step.stamp.time_ns);
  tell(sessions_[slot], SessionState::kLive, 0, step);
  return refuse(Reason::kNone, step);
}

Answer Accounts::keep_gateway(const KeepGateway& command, Step& step) {
  const std::int64_t lease_ns = kMillisecondNs * command.lease_ms;
  if (!is_lease(lease_ns)) return refuse(Reason::kSessionOptionsOutOfRange, step);
  const bool known = sessions_.find_gateway(command.gateway_id) != kNil;
  if (!known && !sessions_.has_room_for_gateway()) return refuse(Reason::kEngineFull, step);
  sessions_.keep_gateway(command.gateway_id, lease_ns, step.stamp.time_ns);
  for (const std::uint64_t epoch : command.session_epochs) {
    const Slot slot = sessions_.find_epoch(epoch);
    if (slot == kNil || sessions_[slot].gateway_id != command.gateway_id) continue;
    if (sessions_[slot].loss == SessionLoss::kStreamEnded) continue;
    if (sessions_.keep(slot, step.stamp.time_ns)) tell(sessions_[slot], SessionState::kLive, 0, step);
  }
  return refuse(Reason::kNone, step);
}

Answer Accounts::end_session(const EndSession& command, Step& step) {
  const Slot slot = sessions_.find_epoch(command.session_epoch);
  const bool owned = slot != kNil && balances_.account(sessions_[slot].account).account_id == command.account_id;
  if (!owned) return refuse(Reason::kSessionNotOpen, step);
  if (command.end == SessionEnd::kClosed) {
    tell(sessions_[slot], SessionState::kClosed, 0, step);
    sessions_.close(slot);
  } else if (sessions_[slot].state == SessionState::kLive) {
    lose_session(slot, SessionLoss::kStreamEnded, step.stamp.time_ns, step);
  } else {
    sessions_.break_stream(slot);
  }
  return refuse(Reason::kNone, step);
}

// A lease that ended takes one session after the other with it; then it is gone.
std::optional<MassCancelTask> Accounts::run_session_timer(Step& step) {
  const std::int64_t due_ns = sessions_.next_ns();
  const Slot slot = sessions_.take_due();
  if (slot == kNil) return {};
  const Session session = sessions_[slot];
  if (!sessions_.is_due(slot)) {
    lose_session(slot, SessionLoss::kGateway, due_ns, step);
    return {};
  }
  if (session.state == SessionState::kLive && !session.in_grace) {
    lose_session(slot, SessionLoss::kSilent, due_ns, step);
    return {};
  }
  tell(session, SessionState::kFired, 0, step);
  sessions_.close(slot);
  if (session.scope == DisconnectScope::kOff) return {};
  OrderFilter filter;
  filter.has_session = session.scope == DisconnectScope::kSession;
  filter.session_id = filter.has_session ? session.session_id : 0;
  MassCancelTask task = mass_cancel_of(session.account, filter, MassCancelCause::kDisconnected, step);
  task.asked_seq = session.epoch;
  return task;
}

void Accounts::lose_session(Slot slot, SessionLoss loss, std::int64_t lost_ns, Step& step) {
  sessions_.lose(slot, loss, lost_ns);
  tell(sessions_[slot], SessionState::kLost, sessions_.due_ns(slot), step);
}

void Accounts::tell(const Session& session, SessionState state, std::int64_t due_ns, Step& step) {
  step.events.session_changed({.account_id = balances_.account(session.account).account_id,
                               .session_id = session.session_id,
                               .epoch = session.epoch,
                               .state = state,
                               .loss = state == SessionState::kLost ? session.loss : SessionLoss::kNone,
                               .due_time_ns = due_ns,
                               .account_seq = balances_.next_event(session.account)});
}

}  // namespace exchange::engine
