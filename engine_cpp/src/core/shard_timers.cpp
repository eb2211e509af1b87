// What happens because time passes, and what earlier commands left to be cancelled.
#include "shard.hpp"

namespace exchange::engine {

void Core::Shard::run_due(Step& step) {
  if (!accounts_.has_due(step.stamp.time_ns)) return;
  std::uint32_t cancels_left = cancels_per_command_;
  if (!go_on_cancelling(cancels_left, step)) return;
  for (std::size_t fired = 0; fired < kMaxExpiriesPerCommand; ++fired) {
    const Timer timer = accounts_.next_timer();
    if (timer.due_ns > step.stamp.time_ns) return;
    if (timer.kind == TimerKind::kSession) {
      const std::optional<MassCancelTask> task = accounts_.run_session_timer(step);
      if (!task) continue;
      accounts_.mass_cancels().leave_unfinished(*task);
      if (!go_on_cancelling(cancels_left, step)) return;
      continue;
    }
    if (timer.kind != TimerKind::kCancelAllAfter) {
      const bool says_when = timer.kind == TimerKind::kExpireTime;
      remove(says_when ? accounts_.expire_reached() : accounts_.expire_oldest(), step);
      continue;
    }
    accounts_.mass_cancels().leave_unfinished(accounts_.fire_cancel_all_after(step));
    if (!go_on_cancelling(cancels_left, step)) return;
  }
}

// False if something is still left when `cancels_left` is used up.
bool Core::Shard::go_on_cancelling(std::uint32_t& cancels_left, Step& step) {
  while (accounts_.mass_cancels().has_unfinished()) {
    MassCancelTask& task = accounts_.mass_cancels().first_unfinished();
    const std::uint32_t before = task.cancelled;
    const bool finished = cancel_matching(task, cancels_left, step);
    cancels_left -= task.cancelled - before;
    if (!finished) return false;
    accounts_.mass_cancels().finish_first();
  }
  return true;
}

// Cancels up to `most` orders; true, and said so, if that was all. An order may end because another one did.
bool Core::Shard::cancel_matching(MassCancelTask& task, std::uint32_t most, Step& step) {
  matching_.clear();
  const bool more = accounts_.collect_matching(task, most, matching_);
  for (const std::uint64_t order_id : matching_) {
    const std::optional<Remove> removal = accounts_.removal(order_id, task.cause);
    if (!removal) continue;
    remove(*removal, step);
    ++task.cancelled;
  }
  if (!more) accounts_.tell_done(task, step);
  return !more;
}

Answer Core::Shard::on(const MassCancel& command, Step& step) {
  MassCancellation cancellation = accounts_.begin_mass_cancel(command, step);
  if (cancellation.answer) return *cancellation.answer;
  MassCancelTask& task = cancellation.task;
  if (!cancel_matching(task, cancels_per_command_, step)) accounts_.mass_cancels().leave_unfinished(task);
  return accounts_.conclude(command, Reason::kNone, task.cancelled, step);
}

Answer Core::Shard::on(const CancelAllAfter& command, Step& step) {
  return accounts_.cancel_all_after(command, step);
}

Answer Core::Shard::on(const OpenSession& command, Step& step) { return accounts_.open_session(command, step); }

Answer Core::Shard::on(const KeepGateway& command, Step& step) { return accounts_.keep_gateway(command, step); }

Answer Core::Shard::on(const EndSession& command, Step& step) { return accounts_.end_session(command, step); }

// What it does was done before anything could run out.
Answer Core::Shard::on(const LeaderChange& /*command*/, Step& step) { return refuse(Reason::kNone, step); }

}  // namespace exchange::engine
