#include "triggers.hpp"

#include <algorithm>
#include <limits>

namespace exchange::engine {
namespace {

// Levels may lie far apart: nodes for each to have some of its own.
std::uint32_t node_capacity(const Limits& limits) noexcept {
  return limits.special_orders * 2 + limits.instruments * 2 + PriceIndex::kMaxNodesPerInsert;
}

std::uint64_t key_of(std::int64_t price) noexcept { return static_cast<std::uint64_t>(price); }

}  // namespace

Triggers::Triggers(const Limits& limits)
    : triggers_(limits.special_orders), levels_(limits.special_orders), nodes_(node_capacity(limits)) {
  markets_.reserve(limits.instruments);
  fired_.reserve(limits.special_orders);
}

bool Triggers::has_room_to_move(std::uint32_t triggers) const noexcept {
  const std::uint64_t inserts = std::uint64_t{due_count_} + triggers;
  return nodes_.room() >= inserts * PriceIndex::kMaxNodesPerInsert;
}

Slot Triggers::wait(const Trigger& trigger) noexcept {
  assert(trigger.price > 0);
  const Slot slot = triggers_.take();
  Market& market = markets_[trigger.instrument];
  PriceIndex& index = market.indexes[index_of(trigger.watched, trigger.rises)];
  Slot level = index.find(nodes_, key_of(trigger.price));
  if (level == kNil) {
    level = levels_.take();
    levels_[level].price = trigger.price;
    index.insert(nodes_, key_of(trigger.price), level);
  }
  triggers_[slot] = trigger;
  triggers_[slot].level = level;
  levels_[level].queue.push_back(slot, links());
  ++market.waiting;
  return slot;
}

void Triggers::remove(Slot slot) noexcept {
  if (triggers_[slot].level == kNil) {
    due_.erase(slot, links());
    --due_count_;
  } else {
    leave_level(slot);
  }
  triggers_.give_back(slot);
}

void Triggers::leave_level(Slot slot) noexcept {
  Trigger& trigger = triggers_[slot];
  Market& market = markets_[trigger.instrument];
  PriceQueue& level = levels_[trigger.level];
  level.queue.erase(slot, links());
  --market.waiting;
  if (level.queue.front() == kNil) {
    market.indexes[index_of(trigger.watched, trigger.rises)].erase(nodes_, key_of(trigger.price));
    levels_.give_back(trigger.level);
  }
  trigger.level = kNil;
}

Slot Triggers::nearest(const Market& market, Watched watched, bool rises) const noexcept {
  const PriceIndex& index = market.indexes[index_of(watched, rises)];
  return rises ? index.above(nodes_, 0) : index.below(nodes_, std::numeric_limits<std::uint64_t>::max());
}

void Triggers::find_fired(Slot instrument, const WatchedPrices& prices) noexcept {
  const Market& market = markets_[instrument];
  for (std::size_t price = 0; market.waiting > 0 && price < kWatchedPrices; ++price) {
    const auto watched = static_cast<Watched>(price);
    for (const bool rises : {false, true}) {
      for (Slot level = nearest(market, watched, rises); level != kNil; level = nearest(market, watched, rises)) {
        const Slot first = levels_[level].queue.front();
        if (!triggers_[first].is_true_at(prices[price])) break;
        fired_.push_back(first);
        leave_level(first);
      }
    }
  }
}

void Triggers::make_due() noexcept {
  std::ranges::sort(fired_, {}, [this](Slot slot) { return triggers_[slot].order_id; });
  for (const Slot slot : fired_) due_.push_back(slot, links());
  due_count_ += static_cast<std::uint32_t>(fired_.size());
  fired_.clear();
}

Trigger Triggers::take_due() noexcept {
  const Slot slot = due_.front();
  const Trigger trigger = triggers_[slot];
  remove(slot);
  return trigger;
}

void Triggers::restore_due(Slot slot) noexcept {
  leave_level(slot);
  due_.push_back(slot, links());
  ++due_count_;
}

}  // namespace exchange::engine
