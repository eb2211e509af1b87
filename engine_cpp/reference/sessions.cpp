// Trading sessions in the naive engine: what is due is looked for among all of them.
#include <algorithm>
#include <limits>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

}  // namespace

Result Engine::on(const OpenSession& c) {
  const bool times = c.grace_ms <= 60'000 && c.heartbeat_timeout_ms >= 3'000 && c.heartbeat_timeout_ms <= 300'000;
  if (!times) return {now_.engine_seq, Reason::kSessionOptionsOutOfRange};
  if (!is_trader(c.account_id)) return {now_.engine_seq, Reason::kUnknownAccount};
  const auto has_its_number = [&](const auto& entry) {
    return entry.second.opened.account_id == c.account_id && entry.second.opened.session_id == c.session_id;
  };
  const auto old = std::ranges::find_if(sessions_, has_its_number);
  if (old != sessions_.end()) {
    const OpenSession& first = old->second.opened;
    if (first.gateway_id == c.gateway_id && first.connection_id == c.connection_id) return {old->first, Reason::kNone, true};
  }
  if (c.valid_until_ns < now_.time_ns) return {now_.engine_seq, Reason::kRequestExpired};
  if (c.valid_until_ns > now_.time_ns + limits_.id_window_ns) return {now_.engine_seq, Reason::kValidUntilTooFar};
  if (!gateways_.contains(c.gateway_id)) return {now_.engine_seq, Reason::kUnknownGateway};
  const auto own = std::ranges::count_if(
      sessions_, [&](const auto& entry) { return entry.second.opened.account_id == c.account_id; });
  if (old == sessions_.end() && own >= limits_.sessions_per_account) return {now_.engine_seq, Reason::kTooManySessions};
  if (old != sessions_.end()) {
    if (!old->second.lost) gateways_.at(old->second.opened.gateway_id).live.remove(old->first);
    sessions_.erase(old);
  }
  Session& session = sessions_[now_.engine_seq];
  session.opened = c;
  session.epoch = now_.engine_seq;
  session.due_ns = now_.time_ns + c.heartbeat_timeout_ms * kMillisecond;
  gateways_.at(c.gateway_id).live.push_back(session.epoch);
  tell(session, SessionState::kLive);
  return {now_.engine_seq};
}

Result Engine::on(const KeepGateway& c) {
  if (c.lease_ms < 1'000 || c.lease_ms > 60'000) return {now_.engine_seq, Reason::kSessionOptionsOutOfRange};
  Gateway& gateway = gateways_[c.gateway_id];
  gateway.lease_ns = c.lease_ms * kMillisecond;
  gateway.due_ns = now_.time_ns + gateway.lease_ns;
  for (const std::uint64_t epoch : c.session_epochs) {
    if (!sessions_.contains(epoch)) continue;
    Session& session = sessions_.at(epoch);
    if (session.opened.gateway_id != c.gateway_id || session.loss == SessionLoss::kStreamEnded) continue;
    session.due_ns = now_.time_ns + session.opened.heartbeat_timeout_ms * kMillisecond;
    session.due_is_grace = false;
    if (!session.lost) continue;
    session.lost = false;
    session.loss = SessionLoss::kNone;
    gateway.live.push_back(epoch);
    tell(session, SessionState::kLive);
  }
  return {now_.engine_seq};
}

Result Engine::on(const EndSession& c) {
  const auto found = sessions_.find(c.session_epoch);
  if (found == sessions_.end() || found->second.opened.account_id != c.account_id) {
    return {now_.engine_seq, Reason::kSessionNotOpen};
  }
  Session& session = found->second;
  if (c.end == SessionEnd::kClosed) {
    tell(session, SessionState::kClosed);
    if (!session.lost) gateways_.at(session.opened.gateway_id).live.remove(session.epoch);
    sessions_.erase(found);
  } else if (session.lost) {
    session.loss = SessionLoss::kStreamEnded;
  } else {
    lose(session, SessionLoss::kStreamEnded, now_.time_ns);
  }
  return {now_.engine_seq};
}

// It was told before anything could run out.
Result Engine::on(const LeaderChange& /*command*/) { return {now_.engine_seq}; }

void Engine::lead_anew() {
  for (auto& [epoch, session] : sessions_) {
    session.due_ns = now_.time_ns + session.opened.grace_ms * kMillisecond;
    session.due_is_grace = !session.lost;
  }
  for (auto& [id, gateway] : gateways_) gateway.due_ns = now_.time_ns + gateway.lease_ns;
}

std::int64_t Engine::next_session_ns() const {
  std::int64_t first_ns = std::numeric_limits<std::int64_t>::max();
  for (const auto& [epoch, session] : sessions_) first_ns = std::min(first_ns, session.due_ns);
  for (const auto& [id, gateway] : gateways_) first_ns = std::min(first_ns, gateway.due_ns);
  return first_ns;
}

// Of what is up at one time the lower number comes first, be it an epoch or a gateway's; then a session.
void Engine::run_session_timer() {
  const std::int64_t up_ns = next_session_ns();
  const auto session = std::ranges::find_if(sessions_, [&](const auto& s) { return s.second.due_ns == up_ns; });
  const auto gateway = std::ranges::find_if(gateways_, [&](const auto& g) { return g.second.due_ns == up_ns; });
  const bool is_session =
      gateway == gateways_.end() || (session != sessions_.end() && session->first <= gateway->first);
  if (is_session) {
    Session& up = session->second;
    if (up.lost || up.due_is_grace) return fire(up);
    return lose(up, SessionLoss::kSilent, up_ns);
  }
  if (gateway->second.live.empty()) {
    gateways_.erase(gateway);
    return;
  }
  lose(sessions_.at(gateway->second.live.front()), SessionLoss::kGateway, up_ns);
}

void Engine::lose(Session& session, SessionLoss loss, std::int64_t lost_ns) {
  session.lost = true;
  session.loss = loss;
  if (!session.due_is_grace) session.due_ns = lost_ns + session.opened.grace_ms * kMillisecond;
  session.due_is_grace = false;
  gateways_.at(session.opened.gateway_id).live.remove(session.epoch);
  tell(session, SessionState::kLost);
}

void Engine::fire(const Session& lost) {
  const Session session = lost;
  const OpenSession& opened = session.opened;
  tell(session, SessionState::kFired);
  if (!session.lost) gateways_.at(opened.gateway_id).live.remove(session.epoch);
  sessions_.erase(session.epoch);
  if (opened.scope == DisconnectScope::kOff) return;
  MassCancelLeft cancel{.account_id = opened.account_id, .wanted = {}, .cause = MassCancelCause::kDisconnected};
  cancel.wanted.has_session = opened.scope == DisconnectScope::kSession;
  cancel.wanted.session_id = opened.session_id;
  cancel.newest_order_id = shard_bits_ + orders_entered_;
  cancel.asked_seq = session.epoch;
  mass_cancels_.push_back(cancel);
}

bool Engine::is_open(std::uint64_t account_id, std::uint64_t session_id) const {
  return session_id == 0 || std::ranges::any_of(sessions_, [&](const auto& entry) {
           return entry.second.opened.account_id == account_id && entry.second.opened.session_id == session_id;
         });
}

void Engine::tell(const Session& session, SessionState state) {
  const std::uint64_t account_id = session.opened.account_id;
  const bool lost = state == SessionState::kLost;
  events_->session_changed({.account_id = account_id,
                            .session_id = session.opened.session_id,
                            .epoch = session.epoch,
                            .state = state,
                            .loss = lost ? session.loss : SessionLoss::kNone,
                            .due_time_ns = lost ? session.due_ns : 0,
                            .account_seq = next_private_event(account_id)});
}

}  // namespace exchange::engine::reference
