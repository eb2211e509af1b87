#include "mass_cancel.hpp"

namespace exchange::engine {

void MassCancels::leave_unfinished(const MassCancelTask& task) noexcept {
  assert(has_room());
  tasks_[(first_ + size_++) % kMaxUnfinished] = task;
}

void MassCancels::finish_first() noexcept {
  assert(has_unfinished());
  first_ = (first_ + 1) % kMaxUnfinished;
  --size_;
}

void MassCancels::arm(Slot account, std::uint64_t account_id, std::int64_t due_ns, std::uint64_t engine_seq) noexcept {
  timers_.set(account, due_ns, account_id);
  armed_seq_[account] = engine_seq;
}

void MassCancels::save(StateWriter& out, std::uint32_t accounts) const {
  out.put(size_);
  for (std::uint32_t i = 0; i < size_; ++i) {
    const MassCancelTask& t = tasks_[(first_ + i) % kMaxUnfinished];
    out.put(t.filter.session_id, t.filter.instrument, t.filter.tag, t.filter.side, t.filter.has_session,
            t.filter.has_tag, t.last_order_id, t.asked_seq, t.asked_ns, t.account, t.cancelled, t.cause);
  }
  out.put(timers_.size());
  for (Slot account = 0; account < accounts; ++account) {
    if (timers_.contains(account)) out.put(account, timers_.due_ns(account), armed_seq_[account]);
  }
}

bool MassCancels::load_tasks(StateReader& in, std::uint32_t accounts, std::uint32_t instruments) {
  const std::uint32_t count = in.get_count(kMaxUnfinished);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    MassCancelTask t;
    in.get(t.filter.session_id, t.filter.instrument, t.filter.tag, t.filter.side, t.filter.has_session,
           t.filter.has_tag, t.last_order_id, t.asked_seq, t.asked_ns, t.account, t.cancelled, t.cause);
    in.require(t.account < accounts && (t.filter.instrument == kNil || t.filter.instrument < instruments));
    in.require(is_between(t.filter.side, Side{}, Side::kSell));
    in.require(is_between(t.cause, MassCancelCause::kRequested, MassCancelCause::kDisconnected));
    if (in.ok()) leave_unfinished(t);
  }
  return in.ok();
}

}  // namespace exchange::engine
