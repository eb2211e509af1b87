// Mass cancels and CancelAllAfter: the accounts' half. What one command cannot cancel is left for those that follow.
#include "accounts.hpp"

namespace exchange::engine {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMinTimeoutNs = 5 * kSecondNs;
constexpr std::int64_t kMaxTimeoutNs = 300 * kSecondNs;

EndReason end_reason_of(MassCancelCause cause) noexcept {
  switch (cause) {
    case MassCancelCause::kRequested: return EndReason::kMassCancel;
    case MassCancelCause::kCancelAllAfter: return EndReason::kCancelAllAfter;
    case MassCancelCause::kKillSwitch: return EndReason::kKillSwitch;
    case MassCancelCause::kLiquidation: return EndReason::kLiquidation;
    case MassCancelCause::kBust: return EndReason::kBust;
    case MassCancelCause::kDisconnected: return EndReason::kDisconnected;
  }
  assert(false);
  return EndReason::kNone;
}

}  // namespace

MassCancellation Accounts::begin_mass_cancel(const MassCancel& command, Step& step) {
  const Request request = request_of(command, CommandKind::kMassCancel);
  if (auto answer = check_request(request, step)) return {answer, {}};
  if (!mass_cancels_.has_room()) return {refuse(Reason::kEngineFull, step), {}};
  const Slot instrument = command.has_instrument ? instruments_.find(command.instrument_id) : kNil;
  if (command.has_instrument) {
    const Reason reason = instrument == kNil          ? Reason::kUnknownInstrument
                          : is_closed(instrument) ? Reason::kPhaseNotAllowed
                                                      : Reason::kNone;
    if (reason != Reason::kNone) return {conclude(command, reason, 0, step), {}};
  }
  const OrderFilter filter{.session_id = command.session_id,
                           .instrument = instrument,
                           .tag = command.tag,
                           .side = command.side,
                           .has_session = command.has_session,
                           .has_tag = command.has_tag};
  return {{}, mass_cancel_of(request.account, filter, MassCancelCause::kRequested, step)};
}

MassCancelTask Accounts::mass_cancel_of(Slot account, const OrderFilter& filter, MassCancelCause cause,
                                        const Step& step) const noexcept {
  return {.filter = filter,
          .last_order_id = orders_.last_id(),
          .asked_seq = step.stamp.engine_seq,
          .asked_ns = step.stamp.time_ns,
          .account = account,
          .cause = cause};
}

bool Accounts::collect_matching(const MassCancelTask& task, std::size_t most, std::vector<std::uint64_t>& out) const {
  for (Slot at = orders_.first_open(task.account); at != kNil; at = orders_.next_open(at)) {
    if (!matches(task, orders_[at])) continue;
    if (out.size() == most) return true;
    out.push_back(orders_[at].view.order_id);
  }
  return false;
}

// A market that is closed lets nobody cancel; what runs out by itself, or is ended from outside, ends everywhere.
bool Accounts::matches(const MassCancelTask& task, const OrderRecord& order) const noexcept {
  const OrderFilter& filter = task.filter;
  if (order.view.order_id > task.last_order_id) return false;
  if (filter.instrument != kNil && filter.instrument != order.instrument) return false;
  if (filter.side != Side{} && filter.side != order.view.side) return false;
  if (filter.has_session && filter.session_id != order.view.session_id) return false;
  const SpecialView* const special = orders_.special_view(order);
  if (filter.has_tag && filter.tag != (special == nullptr ? 0 : special->tag)) return false;
  if (task.cause == MassCancelCause::kDisconnected && special != nullptr && special->survive_disconnect) return false;
  return task.cause != MassCancelCause::kRequested || !is_closed(order.instrument);
}

std::optional<Remove> Accounts::removal(std::uint64_t order_id, MassCancelCause cause) const noexcept {
  const Slot slot = orders_.find(order_id);
  if (slot == kNil || !orders_[slot].is_resting()) return {};
  return removal_of(slot, OrderStatus::kCancelled, end_reason_of(cause));
}

void Accounts::tell_done(const MassCancelTask& task, Step& step) {
  step.events.mass_cancel_done({.account_id = balances_.account(task.account).account_id,
                                .mass_cancel_id = task.asked_seq,
                                .cause = task.cause,
                                .count = task.cancelled,
                                .account_seq = balances_.next_event(task.account),
                                .filter = view_of(task.filter)});
}

OrderFilterView Accounts::view_of(const OrderFilter& filter) const noexcept {
  const bool has_instrument = filter.instrument != kNil;
  return {.instrument_id = has_instrument ? instruments_[filter.instrument].instrument_id : 0,
          .side = filter.side,
          .session_id = filter.session_id,
          .tag = filter.tag,
          .has_instrument = has_instrument,
          .has_session = filter.has_session,
          .has_tag = filter.has_tag};
}

Answer Accounts::conclude(const MassCancel& command, Reason reason, std::uint32_t cancelled, Step& step) {
  Answer answer = refuse(reason, step);
  if (!command.request_id.empty()) {
    answer = remember_request(request_of(command, CommandKind::kMassCancel), kNil, reason, step, cancelled);
  }
  answer.cancelled = cancelled;
  return answer;
}

Answer Accounts::cancel_all_after(const CancelAllAfter& command, Step& step) {
  const bool arms = command.timeout_ns != 0;
  if (arms && (command.timeout_ns < kMinTimeoutNs || command.timeout_ns > kMaxTimeoutNs)) {
    return refuse(Reason::kTimeoutOutOfRange, step);
  }
  const Slot account = find_trader(command.account_id);
  if (account == kNil) return refuse(Reason::kUnknownAccount, step);
  if (arms) {
    const std::int64_t due_ns = step.stamp.time_ns + command.timeout_ns;
    mass_cancels_.arm(account, command.account_id, due_ns, step.stamp.engine_seq);
    step.events.cancel_all_after_changed({command.account_id, CancelAllAfterState::kArmed, due_ns, balances_.next_event(account)});
  } else if (mass_cancels_.timers().contains(account)) {
    mass_cancels_.disarm(account);
    step.events.cancel_all_after_changed({command.account_id, CancelAllAfterState::kDisarmed, 0, balances_.next_event(account)});
  }
  return refuse(Reason::kNone, step);
}

MassCancelTask Accounts::fire_cancel_all_after(Step& step) {
  const Slot account = mass_cancels_.timers().front();
  MassCancelTask task = mass_cancel_of(account, {}, MassCancelCause::kCancelAllAfter, step);
  task.asked_seq = mass_cancels_.armed_seq(account);
  mass_cancels_.disarm(account);
  const std::uint64_t account_id = balances_.account(account).account_id;
  step.events.cancel_all_after_changed({account_id, CancelAllAfterState::kFired, 0, balances_.next_event(account)});
  return task;
}

std::optional<std::int64_t> Accounts::next_deadline() const noexcept {
  std::int64_t next_ns = next_timer().due_ns;
  if (mass_cancels_.has_unfinished()) next_ns = std::min(next_ns, mass_cancels_.first_unfinished().asked_ns);
  return next_ns == Deadlines::kNever ? std::nullopt : std::optional(next_ns);
}

}  // namespace exchange::engine
