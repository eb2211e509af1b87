#include "shard.hpp"

#include "checks.hpp"
#include "encode.hpp"

namespace exchange::engine {
namespace {

constexpr std::size_t kExpectedFills = 4'096;
constexpr std::uint32_t kRulesVersion = 1;

}  // namespace

Core::Shard::Shard(const Limits& limits, std::uint8_t shard)
    : shard_(shard),
      cancels_per_command_(limits.cancels_per_command),
      positions_per_command_(limits.positions_per_command),
      trails_per_command_(limits.trails_per_command),
      instruments_(limits.instruments, limits.assets),
      accounts_(limits, shard, instruments_),
      books_(limits, shard, instruments_),
      triggers_(limits),
      sweeps_(limits) {
  fills_.reserve(kExpectedFills);
  told_.resize(limits.instruments);
  touched_.reserve(limits.instruments);
  matching_.reserve(limits.cancels_per_command);
  entrants_.reserve(kMaxAtomicOrders);
  entrant_fills_.reserve(kExpectedFills);
  entrant_views_.reserve(kMaxAtomicOrders);
}

void Core::Shard::apply(const Command& command, Stamp stamp, ResponseMode mode, ByteBuffer& result,
                        ByteBuffer& events) {
  assert(stamp.engine_seq > last_.engine_seq && stamp.time_ns >= last_.time_ns);
  last_ = stamp;
  fills_.clear();
  judgement_.clear();
  EventWriter writer(events, stamp);
  Step step{stamp, writer, fills_};
  accounts_.advance(stamp.time_ns);
  if (const Slot order = run_plainly(command, step); order != kNil) {
    answer_plainly(order, mode, result);
    if (has_followers() || calm_until_ns_ == 0) [[unlikely]] {
      sweeps_left_ = positions_per_command_;
      finish(kMaxTriggersPerCommand, step);
    }
  } else {
    run_generally(command, mode, result, step);
  }
  publish(step);
}

Slot Core::Shard::run_plainly(const Command& command, Step& step) {
  if (step.stamp.time_ns >= calm_until_ns_) return kNil;
  if (const auto* amend = std::get_if<AmendOrder>(&command.body)) return amend_plainly(*amend, step);
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) return place_plainly(*place, step);
  if (const auto* cancel = std::get_if<CancelOrder>(&command.body)) return cancel_plainly(*cancel, step);
  return kNil;
}

void Core::Shard::answer_plainly(Slot order, ResponseMode mode, ByteBuffer& result) {
  const Answer answer{.engine_seq = last_.engine_seq, .order = order};
  if (mode != ResponseMode::kAck) return write_all(answer, mode, result);
  write_ack(result, answer.engine_seq, Reason::kNone, false, accounts_.orders()[order].view.order_id, 0);
}

void Core::Shard::run_generally(const Command& command, ResponseMode mode, ByteBuffer& result, Step& step) {
  steps_left_ = kMaxTriggersPerCommand;
  const bool leads_anew = std::holds_alternative<LeaderChange>(command.body);
  busts_left_ = cancels_per_command_;
  sweeps_left_ = positions_per_command_;
  if (leads_anew || step.stamp.time_ns >= calm_until_ns_) begin(command, steps_left_, step);
  write_answer(run(command, step), mode, result);
  finish(steps_left_, step);
}

// What is due, and what is unfinished.
void Core::Shard::begin(const Command& command, std::uint32_t& steps_left, Step& step) {
  if (std::holds_alternative<LeaderChange>(command.body)) accounts_.lead_anew(step);
  run_due(step);
  if (accounts_.busts().has_unfinished()) go_on_busting(step);
  if (sweeps_.has_unfinished()) go_on_sweeping(step);
  if (triggers_.has_due() || !unfinished_pegs_.empty() || accounts_.has_stirred()) {
    run_groups(steps_left, step);
    run_triggers(steps_left, step);
    if (!unfinished_pegs_.empty()) static_cast<void>(move_pegs(steps_left, step));
    fills_.clear();
  }
}

// What follows from a command, once it is answered.
void Core::Shard::finish(std::uint32_t steps_left, Step& step) {
  if (has_followers()) run_followers(steps_left, step);
  if (accounts_.liquidations().has_unfinished()) [[unlikely]] liquidate(steps_left, step);
  if (triggers_.trails().has_untold()) [[unlikely]] tell_trails(step);
  repriced_ = kNil;
  const std::int64_t never = step.stamp.time_ns + kMaxOrderAgeNs;  // that a plain order could change
  calm_until_ns_ = std::min(next_deadline().value_or(never), never);
}

Answer Core::Shard::run(const Command& command, Step& step) {
  return std::visit([&](const auto& body) { return on(body, step); }, command.body);
}

Answer Core::Shard::on(const PlaceOrder& command, Step& step) {
  if (command.special != nullptr && command.special->validate_only) return validate(command, step);
  const Admission admission = accounts_.admit(command, step);
  if (admission.answer) return *admission.answer;
  if (waits_for_price(command.type)) return place_waiting(command, admission, step);
  if (command.type == OrderType::kPegged) [[unlikely]] return place_pegged(command, admission, step);
  const Quote quote = books_.inquire(admission.inquiry);
  const Reservation reservation = accounts_.reserve(command, admission, quote, step);
  if (reservation.answer) return *reservation.answer;
  books_.place(reservation.place);
  deliver(step);
  return accounts_.conclude(command, reservation.place.owner, step);
}

Answer Core::Shard::validate(const PlaceOrder& command, Step& step) {
  const Slot instrument = accounts_.judge_request(command, step, judgement_);
  if (instrument != kNil && waits_for_price(command.type)) {
    accounts_.judge_waiting(command, instrument, books_.watched(instrument), triggers_.has_room(), step.stamp.time_ns,
                             judgement_);
  } else if (instrument != kNil && command.type == OrderType::kPegged) {
    validate_pegged(command, instrument, step);
  } else if (instrument != kNil) {
    const bool market = command.type == OrderType::kMarket;
    const Quote quote = books_.inquire({instrument, command.side, may_rest(command), market});
    accounts_.judge_terms(command, instrument, quote, step.stamp.time_ns, judgement_);
  }
  return refuse(judgement_.first(), step);
}

Answer Core::Shard::on(const CancelOrder& command, Step& step) {
  const Cancellation cancellation = accounts_.find_to_cancel(command, step);
  if (cancellation.answer) return *cancellation.answer;
  remove(cancellation.remove, step);
  return accounts_.conclude(command, cancellation.remove.owner, Reason::kNone, step);
}

Answer Core::Shard::on(const AmendOrder& command, Step& step) {
  Amendment found = accounts_.find_to_amend(command, step);
  if (found.answer) return *found.answer;
  if (found.amend.is_untriggered || found.amend.awaits_parent) [[unlikely]] {
    return amend_waiting(command, found.amend, step);
  }
  if (accounts_.orders()[found.amend.owner].view.type == OrderType::kPegged) [[unlikely]] {
    return amend_pegged(command, found.amend, step);
  }
  const Quote quote = books_.inquire({.instrument = found.amend.instrument, .side = found.amend.side, .may_rest = true});
  if (const auto refused = accounts_.amend(command, found.amend, quote, step)) return *refused;
  books_.amend(found.amend);
  deliver(step);
  return accounts_.conclude(command, found.amend.owner, Reason::kNone, step);
}

Answer Core::Shard::on(const Transfer& command, Step& step) { return accounts_.transfer(command, step); }

Answer Core::Shard::on(const OpenAccount& command, Step& step) { return accounts_.open(command, step); }

Answer Core::Shard::on(const SetAccount& command, Step& step) {
  const AccountChange change = accounts_.set(*command.settings, step);
  if (change.answer.reason != Reason::kNone) return change.answer;
  accounts_.suspect(change.account);
  if (change.regrouped) {
    const Orders& orders = accounts_.orders();
    for (Slot at = orders.first_open(change.account); at != kNil; at = orders.next_open(at)) {
      if (orders[at].is_untriggered() || orders[at].is_off_book()) continue;  // looked up when it enters the book
      books_.regroup({orders[at].instrument, orders[at].book_slot, change.self_trade_group});
    }
  }
  if (change.cancels) {
    MassCancelTask task = accounts_.mass_cancel_of(change.account, {}, MassCancelCause::kKillSwitch, step);
    if (!cancel_matching(task, cancels_per_command_, step)) accounts_.mass_cancels().leave_unfinished(task);
  }
  return change.answer;
}

Answer Core::Shard::on(const SetFeeSchedule& command, Step& step) {
  const FeeSchedules::Outcome outcome = instruments_.set_fees(command);
  if (outcome.changed) {
    const FeeSchedules& fees = instruments_.fees();
    step.events.fee_schedule_changed(fees.definition(fees.find(command.fee_schedule_id)));
  }
  return refuse(outcome.reason, step);
}

Answer Core::Shard::on(const SetMarginParameters& command, Step& step) {
  const FeeSchedules::Outcome outcome = instruments_.set_margin(command);
  if (outcome.changed) {
    step.events.margin_parameters_changed(command);
    accounts_.liquidations().inspect(instruments_.find(command.instrument_id));
  }
  return refuse(outcome.reason, step);
}

// There is one version so far, and it is active from the start.
Answer Core::Shard::on(const ActivateRules& command, Step& step) {
  return refuse(command.version == kRulesVersion ? Reason::kNone : Reason::kRulesVersionUnknown, step);
}

Answer Core::Shard::on(const CreateInstrument& command, Step& step) {
  Answer answer{.engine_seq = step.stamp.engine_seq};
  const bool on_margin = is_on_margin(command.instrument->terms.kind);
  if (on_margin ? !accounts_.has_room_to_clear() : !accounts_.has_room_for_fees()) {
    answer.reason = Reason::kEngineFull;
    return answer;
  }
  const Instruments::Listed listed = instruments_.list(*command.instrument, answer.engine_seq);
  answer.reason = listed.reason;
  if (listed.repeated) {
    answer.engine_seq = instruments_[listed.slot].listed_seq;
    answer.replayed = true;
  } else if (listed.reason == Reason::kNone) {
    books_.open(listed.slot);
    triggers_.open();
    if (on_margin) {
      accounts_.open_clearing(listed.slot, answer.engine_seq);
    } else {
      accounts_.collect_fees_in(instruments_[listed.slot].quote);
    }
    step.events.instrument_updated(*command.instrument);
    instruments_seq_ = last_.engine_seq;
  }
  return answer;
}

Answer Core::Shard::on(const Tick& /*command*/, Step& step) { return {.engine_seq = step.stamp.engine_seq}; }

void Core::Shard::remove(const Remove& remove, Step& step) {
  if (remove.is_untriggered || remove.is_off_book) [[unlikely]] {
    if (remove.is_untriggered) {
      follow(remove.book_slot);
      triggers_.remove(remove.book_slot);
    }
    accounts_.settle(Release{remove.owner, remove.status, remove.end_reason}, step);
    return;
  }
  books_.remove(remove);
  deliver(step);
}

void Core::Shard::deliver(Step& step) {
  for (const BookMessage& message : books_.outbox().messages) {
    accounts_.settle(message, step);
    if (accounts_.has_linked_fills()) [[unlikely]] act_on_links(step);
    if (accounts_.has_shrunk()) [[unlikely]] reduce_waiting(step);
  }
  books_.outbox().messages.clear();
}

void Core::Shard::publish(Step& step) {
  Slot instrument = kNil;
  std::uint32_t instrument_id = 0;
  for (const LevelChange& change : books_.outbox().changes) {
    if (change.instrument != instrument) {
      instrument = change.instrument;
      instrument_id = instruments_[instrument].instrument_id;
    }
    step.events.book_changed({.instrument_id = instrument_id,
                              .side = change.side,
                              .book_seq = change.book_seq,
                              .price = change.price,
                              .quantity = change.quantity});
  }
  if (instruments_.auctions() > 0) tell_auctions(step);
  books_.outbox().changes.clear();
  books_.outbox().unseen.clear();
}

void Core::Shard::write_answer(const Answer& answer, ResponseMode mode, ByteBuffer& result) {
  if (!entrants_.empty()) [[unlikely]] return write_together(answer, mode, result);
  if (mode != ResponseMode::kAck || !judgement_.is_empty()) return write_all(answer, mode, result);
  const std::uint64_t order_id = answer.order == kNil ? 0 : accounts_.orders()[answer.order].view.order_id;
  write_ack(result, answer.engine_seq, answer.reason, answer.replayed, order_id, answer.cancelled);
}

void Core::Shard::write_all(const Answer& answer, ResponseMode mode, ByteBuffer& result) {
  const Orders& orders = accounts_.orders();
  ResultView view{.engine_seq = answer.engine_seq,
                  .reason = answer.reason,
                  .replayed = answer.replayed,
                  .order = nullptr,
                  .fills = fills_,
                  .cancelled_count = answer.cancelled,
                  .all_reasons = judgement_.all(),
                  .cost = judgement_.cost ? &*judgement_.cost : nullptr};
  if (answer.order == kNil) return write_result(result, view, mode);
  view.special = orders.special_view(orders[answer.order]);
  if (answer.first == kNil) {
    view.order = &orders[answer.order].view;
    return write_result(result, view, mode);
  }
  const OrderView order = accounts_.ids().first_view(answer.first);
  view.order = &order;
  write_result(result, view, mode);
}

}  // namespace exchange::engine
