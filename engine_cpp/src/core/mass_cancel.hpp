// Cancelling many orders of an account at once, and the timers that do so by themselves.
//
// Invariants:
//   1. A mass cancel means the orders that were open when it was asked for: those entered later are never touched.
//   2. What one command does not get done is unfinished: it goes on before later commands, first asked first. No more
//      than kMaxUnfinished are.
//   3. An account's timer fires once, and is not armed again by anything but its owner.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <array>
#include <cstdint>

#include "deadlines.hpp"
#include "exchange/engine/core.hpp"
#include "state.hpp"

namespace exchange::engine {

// Which orders of an account.
struct OrderFilter {
  std::uint64_t session_id = 0;
  Slot instrument = kNil;  // kNil: any
  std::uint32_t tag = 0;
  Side side{};  // zero: both
  bool has_session = false;
  bool has_tag = false;
};

struct MassCancelTask {
  OrderFilter filter;
  std::uint64_t last_order_id = 0;  // the newest order when it was asked for
  std::uint64_t asked_seq = 0;      // number of the command that asked for it
  std::int64_t asked_ns = 0;        // engine time at which it began
  Slot account = kNil;
  std::uint32_t cancelled = 0;
  MassCancelCause cause{};
};

class MassCancels {
 public:
  static constexpr std::uint32_t kMaxUnfinished = 1'024;

  explicit MassCancels(const Limits& limits) : timers_(limits.accounts), armed_seq_(limits.accounts) {}

  [[nodiscard]] bool has_room() const noexcept { return size_ < kMaxUnfinished; }
  [[nodiscard]] bool has_unfinished() const noexcept { return size_ > 0; }
  [[nodiscard]] MassCancelTask& first_unfinished() noexcept { return tasks_[first_]; }
  [[nodiscard]] const MassCancelTask& first_unfinished() const noexcept { return tasks_[first_]; }
  // Needs room.
  void leave_unfinished(const MassCancelTask& task) noexcept;
  void finish_first() noexcept;

  [[nodiscard]] const Deadlines& timers() const noexcept { return timers_; }
  void arm(Slot account, std::uint64_t account_id, std::int64_t due_ns, std::uint64_t engine_seq) noexcept;
  void disarm(Slot account) noexcept { timers_.erase(account); }
  // Number of the command that armed the account's timer.
  [[nodiscard]] std::uint64_t armed_seq(Slot account) const noexcept { return armed_seq_[account]; }

  void save(StateWriter& out, std::uint32_t accounts) const;
  template <class AccountId>
  [[nodiscard]] bool load(StateReader& in, std::uint32_t accounts, std::uint32_t instruments, AccountId account_id) {
    return load_tasks(in, accounts, instruments) && load_timers(in, accounts, account_id);
  }

 private:
  [[nodiscard]] bool load_tasks(StateReader& in, std::uint32_t accounts, std::uint32_t instruments);
  template <class AccountId>
  [[nodiscard]] bool load_timers(StateReader& in, std::uint32_t accounts, AccountId account_id) {
    const std::uint32_t count = in.get_count(accounts);
    for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
      Slot account = kNil;
      std::int64_t due_ns = 0;
      std::uint64_t engine_seq = 0;
      in.get(account, due_ns, engine_seq);
      in.require(account < accounts && due_ns < Deadlines::kNever && !timers_.contains(account));
      if (in.ok()) arm(account, account_id(account), due_ns, engine_seq);
    }
    return in.ok();
  }

  std::array<MassCancelTask, kMaxUnfinished> tasks_;  // a ring
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
  Deadlines timers_;  // by account
  FlatArray<std::uint64_t> armed_seq_;
};

}  // namespace exchange::engine
