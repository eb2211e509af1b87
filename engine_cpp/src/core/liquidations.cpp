#include "liquidations.hpp"

#include <algorithm>

namespace exchange::engine {

void Liquidations::suspect(Slot account) {
  if (is_suspect_[account]) return;
  is_suspect_[account] = true;
  suspects_.push_back(account);
}

void Liquidations::inspect(Slot instrument) {
  if (!inspected_[instrument]) {
    inspected_[instrument] = true;
    inspections_.push_back({.instrument = instrument});
    return;
  }
  const auto known = std::ranges::find(inspections_, instrument, &Inspection::instrument);
  known->again = known->is_begun;
}

Slot Liquidations::take_suspect() noexcept {
  const Slot account = suspects_.front();
  suspects_.pop_front();
  is_suspect_[account] = false;
  return account;
}

void Liquidations::finish_inspection() {
  const Inspection done = inspections_.front();
  inspections_.pop_front();
  if (done.again) return inspections_.push_back({.instrument = done.instrument});
  inspected_[done.instrument] = false;
}

void Liquidations::enter(List& list, const Liquidation& liquidation, Stage stage) {
  assert(!is_liquidated(liquidation.account));
  stage_[liquidation.account] = stage;
  list.push_back(liquidation);
}

Liquidation& Liquidations::first() {
  if (queue_.empty()) {
    assert(woken_ > 0);
    --woken_;
    stage_[waiting_.front().account] = Stage::kQueued;
    queue_.splice(queue_.begin(), waiting_, waiting_.begin());
  }
  return queue_.front();
}

void Liquidations::end_first() {
  stage_[queue_.front().account] = Stage::kNone;
  queue_.pop_front();
  ranking_.end();
}

void Liquidations::postpone_first() {
  stage_[queue_.front().account] = Stage::kWaits;
  waiting_.splice(waiting_.end(), queue_, queue_.begin());
  ranking_.end();
}

void Liquidations::save(StateWriter& out) const {
  out.put(static_cast<std::uint32_t>(suspects_.size()));
  for (const Slot account : suspects_) out.put(account);
  out.put(static_cast<std::uint32_t>(inspections_.size()));
  for (const Inspection& i : inspections_) out.put(i.instrument, i.next, i.is_begun, i.again);
  for (const List* list : {&queue_, &waiting_}) {
    out.put(static_cast<std::uint32_t>(list->size()));
    for (const Liquidation& l : *list) {
      out.put(l.begun_seq, l.cancelled, l.account, l.next, l.is_under_way, l.acted, l.deleverages);
    }
  }
  out.put(static_cast<std::uint32_t>(woken_));
  ranking_.save(out);
}

bool Liquidations::load(StateReader& in, std::uint32_t accounts, std::uint32_t instruments, std::uint32_t positions,
                        std::uint64_t last_seq) {
  const std::uint32_t suspects = in.get_count(accounts);
  for (std::uint32_t i = 0; in.ok() && i < suspects; ++i) {
    Slot account = kNil;
    in.get(account);
    in.require(in.ok() && account < accounts && !is_suspect_[account]);
    if (in.ok()) suspect(account);
  }
  const std::uint32_t inspections = in.get_count(instruments);
  for (std::uint32_t i = 0; in.ok() && i < inspections; ++i) {
    Inspection one;
    in.get(one.instrument, one.next, one.is_begun, one.again);
    in.require(in.ok() && one.instrument < instruments && !inspected_[one.instrument]);
    in.require(one.is_begun ? one.next < positions : one.next == kNil && !one.again);
    if (!in.ok()) return false;
    inspected_[one.instrument] = true;
    inspections_.push_back(one);
  }
  if (!load_list(in, queue_, Stage::kQueued, accounts, positions, last_seq)) return false;
  if (!load_list(in, waiting_, Stage::kWaits, accounts, positions, last_seq)) return false;
  woken_ = in.get_count(static_cast<std::uint32_t>(waiting_.size()));
  return ranking_.load(in, positions);
}

bool Liquidations::load_list(StateReader& in, List& list, Stage stage, std::uint32_t accounts, std::uint32_t positions,
                             std::uint64_t last_seq) {
  const std::uint32_t count = in.get_count(accounts);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Liquidation l;
    in.get(l.begun_seq, l.cancelled, l.account, l.next, l.is_under_way, l.acted, l.deleverages);
    in.require(in.ok() && l.account < accounts && !is_liquidated(l.account) && l.begun_seq <= last_seq);
    in.require((l.next == kNil || l.next < positions) && (l.is_under_way || (l.next == kNil && !l.acted)));
    if (in.ok()) enter(list, l, stage);
  }
  return in.ok();
}

}  // namespace exchange::engine
