#include "sessions.hpp"

#include <algorithm>

namespace exchange::engine {
namespace {

// Latest engine time at which a session may be due.
constexpr std::int64_t kMaxTimeNs = std::int64_t{1} << 62;

}  // namespace

Sessions::Sessions(const Limits& limits)
    : per_account_(limits.sessions_per_account),
      sessions_(limits.sessions),
      gateways_(limits.gateways),
      by_id_(limits.sessions),
      by_epoch_(limits.sessions),
      by_gateway_id_(limits.gateways),
      due_(limits.sessions + limits.gateways),
      of_account_(limits.accounts) {}

Slot Sessions::find(Slot account, std::uint64_t session_id) const noexcept {
  return by_id_.find(tag_of(account, session_id), [&](Slot slot) {
    return sessions_[slot].account == account && sessions_[slot].session_id == session_id;
  });
}

Slot Sessions::find_epoch(std::uint64_t epoch) const noexcept {
  return by_epoch_.find(tag_of(epoch), [&](Slot slot) { return sessions_[slot].epoch == epoch; });
}

Slot Sessions::find_gateway(std::uint64_t gateway_id) const noexcept {
  return by_gateway_id_.find(tag_of(gateway_id), [&](Slot slot) { return gateways_[slot].gateway_id == gateway_id; });
}

Slot Sessions::open(const Session& session, std::int64_t now_ns) noexcept {
  if (const Slot old = find(session.account, session.session_id); old != kNil) close(old);
  const Slot slot = enter(session, now_ns + session.timeout_ns);
  join(slot, find_gateway(session.gateway_id));
  return slot;
}

Slot Sessions::enter(const Session& session, std::int64_t due_ns) noexcept {
  const Slot slot = sessions_.take();
  sessions_[slot] = session;
  by_id_.insert(tag_of(session.account, session.session_id), slot);
  by_epoch_.insert(tag_of(session.epoch), slot);
  due_.set(slot, due_ns, session.epoch);
  ++of_account_[session.account];
  return slot;
}

void Sessions::keep_gateway(std::uint64_t gateway_id, std::int64_t lease_ns, std::int64_t now_ns) noexcept {
  Slot gateway = find_gateway(gateway_id);
  if (gateway == kNil) gateway = enter_gateway(gateway_id);
  gateways_[gateway].lease_ns = lease_ns;
  due_.set(lease_of(gateway), now_ns + lease_ns, gateway_id);
}

Slot Sessions::enter_gateway(std::uint64_t gateway_id) noexcept {
  const Slot gateway = gateways_.take();
  gateways_[gateway].gateway_id = gateway_id;
  by_gateway_id_.insert(tag_of(gateway_id), gateway);
  return gateway;
}

bool Sessions::keep(Slot slot, std::int64_t now_ns) noexcept {
  Session& session = sessions_[slot];
  const bool was_lost = session.state == SessionState::kLost;
  session.state = SessionState::kLive;
  session.loss = SessionLoss::kNone;
  session.in_grace = false;
  due_.set(slot, now_ns + session.timeout_ns, session.epoch);
  if (was_lost) join(slot, find_gateway(session.gateway_id));
  return was_lost;
}

// The grace that runs already, since the leader changed, is not given again.
void Sessions::lose(Slot slot, SessionLoss loss, std::int64_t lost_ns) noexcept {
  Session& session = sessions_[slot];
  assert(session.state == SessionState::kLive);
  session.state = SessionState::kLost;
  session.loss = loss;
  if (!session.in_grace) due_.set(slot, lost_ns + session.grace_ns, session.epoch);
  session.in_grace = false;
  leave(slot);
}

void Sessions::close(Slot slot) noexcept {
  const Session& session = sessions_[slot];
  if (session.gateway != kNil) leave(slot);
  due_.erase(slot);
  by_id_.erase(tag_of(session.account, session.session_id), slot);
  by_epoch_.erase(tag_of(session.epoch), slot);
  --of_account_[session.account];
  sessions_.give_back(slot);
}

void Sessions::lead_anew(std::int64_t now_ns) noexcept {
  for (const Slot slot : sorted()) {
    Session& session = sessions_[slot];
    session.in_grace = session.state == SessionState::kLive;
    due_.set(slot, now_ns + session.grace_ns, session.epoch);
  }
  for (const Slot gateway : sorted_gateways()) {
    due_.set(lease_of(gateway), now_ns + gateways_[gateway].lease_ns, gateways_[gateway].gateway_id);
  }
}

Slot Sessions::take_due() noexcept {
  const Slot front = due_.front();
  if (front < sessions_.capacity()) return front;
  const Slot gateway = front - sessions_.capacity();
  const Slot first = gateways_[gateway].live.front();
  if (first != kNil) return first;
  due_.erase(front);
  by_gateway_id_.erase(tag_of(gateways_[gateway].gateway_id), gateway);
  gateways_[gateway].gateway_id = 0;
  gateways_.give_back(gateway);
  return kNil;
}

void Sessions::join(Slot slot, Slot gateway) noexcept {
  assert(gateway != kNil);
  sessions_[slot].gateway = gateway;
  gateways_[gateway].live.push_back(slot, links());
}

void Sessions::leave(Slot slot) noexcept {
  gateways_[sessions_[slot].gateway].live.erase(slot, links());
  sessions_[slot].gateway = kNil;
}

// By epoch, and by number: what is free has neither.
std::vector<Slot> Sessions::sorted() const {
  std::vector<Slot> slots;
  for (Slot slot = 0; slot < sessions_.end_slot(); ++slot) {
    if (due_.contains(slot)) slots.push_back(slot);
  }
  std::ranges::sort(slots, {}, [&](Slot slot) { return sessions_[slot].epoch; });
  return slots;
}

std::vector<Slot> Sessions::sorted_gateways() const {
  std::vector<Slot> slots;
  for (Slot slot = 0; slot < gateways_.end_slot(); ++slot) {
    if (due_.contains(lease_of(slot))) slots.push_back(slot);
  }
  std::ranges::sort(slots, {}, [&](Slot slot) { return gateways_[slot].gateway_id; });
  return slots;
}

void Sessions::save(StateWriter& out) const {
  out.put(sessions_.size());
  for (const Slot slot : sorted()) {
    const Session& s = sessions_[slot];
    out.put(s.session_id, s.epoch, s.gateway_id, s.connection_id, s.grace_ns, s.timeout_ns, s.account, s.scope, s.state,
            s.loss, s.in_grace, due_.due_ns(slot));
  }
  out.put(gateways_.size());
  for (const Slot slot : sorted_gateways()) {
    const Gateway& g = gateways_[slot];
    std::uint32_t live = 0;
    for (Slot at = g.live.front(); at != kNil; at = sessions_[at].links.next) ++live;
    out.put(g.gateway_id, g.lease_ns, due_.due_ns(lease_of(slot)), live);
    for (Slot at = g.live.front(); at != kNil; at = sessions_[at].links.next) out.put(sessions_[at].epoch);
  }
}

bool Sessions::load(StateReader& in, std::uint32_t accounts, std::uint64_t last_seq) {
  const std::uint32_t sessions = in.get_count(sessions_.room());
  for (std::uint32_t i = 0; in.ok() && i < sessions; ++i) in.require(load_session(in, accounts, last_seq));
  const std::uint32_t gateways = in.get_count(in.ok() ? gateways_.room() : 0);
  for (std::uint32_t i = 0; in.ok() && i < gateways; ++i) in.require(load_gateway(in));
  return in.ok() && consistent();
}

bool Sessions::load_session(StateReader& in, std::uint32_t accounts, std::uint64_t last_seq) {
  Session s;
  std::int64_t due_ns = 0;
  in.get(s.session_id, s.epoch, s.gateway_id, s.connection_id, s.grace_ns, s.timeout_ns, s.account, s.scope, s.state,
         s.loss, s.in_grace, due_ns);
  in.require(s.session_id != 0 && s.epoch != 0 && s.epoch <= last_seq && s.gateway_id != 0);
  in.require(are_session_times(s.grace_ns, s.timeout_ns) && due_ns >= 0 && due_ns <= kMaxTimeNs);
  in.require(s.account != 0 && s.account < accounts);  // the venue's own has none
  in.require(is_between(s.scope, DisconnectScope::kOff, DisconnectScope::kAccount));
  const bool live = s.state == SessionState::kLive;
  in.require(live ? s.loss == SessionLoss::kNone : s.state == SessionState::kLost && !s.in_grace);
  in.require(live || is_between(s.loss, SessionLoss::kStreamEnded, SessionLoss::kGateway));
  if (!in.ok() || find(s.account, s.session_id) != kNil || find_epoch(s.epoch) != kNil) return false;
  enter(s, due_ns);
  return true;
}

bool Sessions::load_gateway(StateReader& in) {
  std::uint64_t gateway_id = 0;
  std::int64_t lease_ns = 0;
  std::int64_t due_ns = 0;
  in.get(gateway_id, lease_ns, due_ns);
  in.require(gateway_id != 0 && is_lease(lease_ns) && due_ns >= 0 && due_ns <= kMaxTimeNs);
  if (!in.ok() || find_gateway(gateway_id) != kNil) return false;
  const Slot gateway = enter_gateway(gateway_id);
  gateways_[gateway].lease_ns = lease_ns;
  due_.set(lease_of(gateway), due_ns, gateway_id);
  const std::uint32_t live = in.get_count(sessions_.size());
  for (std::uint32_t i = 0; in.ok() && i < live; ++i) {
    std::uint64_t epoch = 0;
    in.get(epoch);
    const Slot slot = find_epoch(epoch);
    const bool belongs = slot != kNil && sessions_[slot].state == SessionState::kLive &&
                         sessions_[slot].gateway == kNil && sessions_[slot].gateway_id == gateway_id;
    if (!in.ok() || !belongs) return false;
    join(slot, gateway);
  }
  return in.ok();
}

bool Sessions::consistent() const {
  std::uint32_t open = 0;
  for (const Slot slot : sorted()) {
    const Session& s = sessions_[slot];
    ++open;
    const bool live = s.state == SessionState::kLive;
    if (live != (s.gateway != kNil) || find(s.account, s.session_id) != slot) return false;
    if (live && gateways_[s.gateway].gateway_id != s.gateway_id) return false;
  }
  return open == sessions_.size() && sorted_gateways().size() == gateways_.size() && due_.consistent();
}

}  // namespace exchange::engine
