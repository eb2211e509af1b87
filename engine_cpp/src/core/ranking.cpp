#include "ranking.hpp"

#include <algorithm>
#include <cassert>

namespace exchange::engine {
namespace {

bool goes_before(const Ranked& one, const Ranked& other) noexcept {
  const Int128 score = Int128{one.gain_ppm} * one.leverage_ppm;
  const Int128 others = Int128{other.gain_ppm} * other.leverage_ppm;
  return score != others ? score > others : one.account_id < other.account_id;
}

bool goes_after(const Ranked& one, const Ranked& other) noexcept { return goes_before(other, one); }

}  // namespace

void Ranking::begin(Slot position, Slot first) {
  position_ = position;
  next_ = first;
  kept_.clear();
}

void Ranking::pass_to(Slot next) {
  next_ = next;
  if (next_ == kNil) std::ranges::sort(kept_, goes_after);
}

void Ranking::offer(const Ranked& ranked) {
  if (kept_.size() == most_) {
    if (!goes_before(ranked, kept_.front())) return;
    std::ranges::pop_heap(kept_, goes_before);
    kept_.pop_back();
  }
  kept_.push_back(ranked);
  std::ranges::push_heap(kept_, goes_before);
}

Slot Ranking::take() noexcept {
  assert(next_ == kNil && !kept_.empty());
  const Slot position = kept_.back().position;
  kept_.pop_back();
  return position;
}

void Ranking::save(StateWriter& out) const {
  out.put(position_, next_, static_cast<std::uint32_t>(kept_.size()));
  for (const Ranked& r : kept_) out.put(r.gain_ppm, r.leverage_ppm, r.account_id, r.position);
}

bool Ranking::load(StateReader& in, std::uint32_t positions) {
  in.get(position_, next_);
  in.require(position_ == kNil ? next_ == kNil : position_ < positions && (next_ == kNil || next_ < positions));
  const std::uint32_t count = in.get_count(position_ == kNil ? 0 : most_);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Ranked r;
    in.get(r.gain_ppm, r.leverage_ppm, r.account_id, r.position);
    in.require(r.position < positions);
    kept_.push_back(r);
  }
  in.require(next_ == kNil ? std::ranges::is_sorted(kept_, goes_after) : std::ranges::is_heap(kept_, goes_before));
  return in.ok();
}

}  // namespace exchange::engine
