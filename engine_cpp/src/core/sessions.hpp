// Trading sessions, to which cancel-on-disconnect binds, and the leases of the gateways that they come by.
//
// Invariants:
//   1. A session is live or lost, and due in both: a live one when nothing was heard of it for too long, a lost one when
//      its grace has passed. What fired or was closed is gone.
//   2. Its epoch is the number of the command that its connection began with: unique, and grows with each connection.
//   3. A live session is in the list of its gateway, in order of becoming live; a lost one in none. A gateway is due when
//      its lease ends, and stays due until its last session is lost.
//   4. One command ends no more sessions and leases than timers run in it. A change of leader alone touches all of them,
//      once in the life of a process.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "deadlines.hpp"
#include "exchange/engine/core.hpp"
#include "state.hpp"

namespace exchange::engine {

inline constexpr std::int64_t kMillisecondNs = 1'000'000;

[[nodiscard]] constexpr bool are_session_times(std::int64_t grace_ns, std::int64_t timeout_ns) noexcept {
  return grace_ns >= 0 && grace_ns <= 60'000 * kMillisecondNs && timeout_ns >= 3'000 * kMillisecondNs &&
         timeout_ns <= 300'000 * kMillisecondNs;
}

[[nodiscard]] constexpr bool is_lease(std::int64_t lease_ns) noexcept {
  return lease_ns >= 1'000 * kMillisecondNs && lease_ns <= 60'000 * kMillisecondNs;
}

struct Session {
  std::uint64_t session_id = 0;
  std::uint64_t epoch = 0;
  std::uint64_t gateway_id = 0;
  std::uint64_t connection_id = 0;
  std::int64_t grace_ns = 0;
  std::int64_t timeout_ns = 0;
  Slot account = kNil;
  Slot gateway = kNil;  // in whose list it is
  Links links{};
  DisconnectScope scope{};
  SessionState state{};
  SessionLoss loss{};
  bool in_grace = false;  // a live one whose deadline is the end of its grace: the leader changed
};

class Sessions {
 public:
  explicit Sessions(const Limits& limits);

  [[nodiscard]] Slot find(Slot account, std::uint64_t session_id) const noexcept;
  [[nodiscard]] Slot find_epoch(std::uint64_t epoch) const noexcept;
  [[nodiscard]] Slot find_gateway(std::uint64_t gateway_id) const noexcept;
  [[nodiscard]] const Session& operator[](Slot slot) const noexcept { return sessions_[slot]; }
  [[nodiscard]] std::int64_t due_ns(Slot slot) const noexcept { return due_.due_ns(slot); }
  [[nodiscard]] bool has_room() const noexcept { return sessions_.room() > 0; }
  [[nodiscard]] bool has_room_for_gateway() const noexcept { return gateways_.room() > 0; }
  [[nodiscard]] bool is_full(Slot account) const noexcept { return of_account_[account] >= per_account_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return sessions_.size(); }

  // A live session of a known gateway, in place of the one with its number if there is one; needs room.
  Slot open(const Session& session, std::int64_t now_ns) noexcept;
  // Begins or renews a lease; needs room for a gateway that is not known.
  void keep_gateway(std::uint64_t gateway_id, std::int64_t lease_ns, std::int64_t now_ns) noexcept;
  // Heard of at `now_ns`. True if it had been lost.
  bool keep(Slot slot, std::int64_t now_ns) noexcept;
  // Lost at `lost_ns`, from when its grace runs.
  void lose(Slot slot, SessionLoss loss, std::int64_t lost_ns) noexcept;
  // A lost one can only be taken over.
  void break_stream(Slot slot) noexcept { sessions_[slot].loss = SessionLoss::kStreamEnded; }
  void close(Slot slot) noexcept;
  // Gives all sessions their grace and all gateways their lease anew.
  void lead_anew(std::int64_t now_ns) noexcept;

  // What is due first: never, if nothing is open.
  [[nodiscard]] std::int64_t next_ns() const noexcept { return due_.next_ns(); }
  // The session that is due first, or the first one that is to be lost with its gateway; kNil if a lease ended with no
  // session left: then the gateway is gone.
  [[nodiscard]] Slot take_due() noexcept;
  // Is the session due itself, and not its gateway?
  [[nodiscard]] bool is_due(Slot slot) const noexcept { return due_.front() == slot; }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in, std::uint32_t accounts, std::uint64_t last_seq);
  [[nodiscard]] bool consistent() const;

 private:
  struct Gateway {
    std::uint64_t gateway_id = 0;
    std::int64_t lease_ns = 0;
    List live;
  };

  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t key) noexcept { return static_cast<std::uint32_t>(mix(key)); }
  [[nodiscard]] static std::uint32_t tag_of(Slot account, std::uint64_t session_id) noexcept {
    return static_cast<std::uint32_t>(mix(mix(account) ^ session_id));
  }
  // Leases stand behind the sessions among what is due.
  [[nodiscard]] Slot lease_of(Slot gateway) const noexcept { return sessions_.capacity() + gateway; }
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return sessions_[slot].links; };
  }
  void join(Slot slot, Slot gateway) noexcept;
  void leave(Slot slot) noexcept;
  Slot enter(const Session& session, std::int64_t due_ns) noexcept;
  [[nodiscard]] Slot enter_gateway(std::uint64_t gateway_id) noexcept;
  [[nodiscard]] bool load_session(StateReader& in, std::uint32_t accounts, std::uint64_t last_seq);
  [[nodiscard]] bool load_gateway(StateReader& in);
  [[nodiscard]] std::vector<Slot> sorted() const;
  [[nodiscard]] std::vector<Slot> sorted_gateways() const;

  std::uint32_t per_account_;
  Pool<Session> sessions_;
  Pool<Gateway> gateways_;
  SlotTable by_id_;
  SlotTable by_epoch_;
  SlotTable by_gateway_id_;
  Deadlines due_;
  FlatArray<std::uint32_t> of_account_;
};

}  // namespace exchange::engine
