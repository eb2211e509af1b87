#include "triggers.hpp"

#include <algorithm>
#include <limits>

namespace exchange::engine {
namespace {

// Levels may lie far apart: nodes for each to have some of its own.
std::uint32_t node_capacity(const Limits& limits) noexcept {
  return limits.special_orders * 2 + limits.instruments * 2 + PriceIndex::kMaxNodesPerInsert;
}

std::uint64_t key_of(std::int64_t price) noexcept { return static_cast<std::uint64_t>(price) ^ kSignBit; }

}  // namespace

Triggers::Triggers(const Limits& limits)
    : triggers_(limits.special_orders), levels_(limits.special_orders), nodes_(node_capacity(limits)), trails_(limits) {
  markets_.reserve(limits.instruments);
  fired_.reserve(limits.special_orders);
}

bool Triggers::has_room_to_move(std::uint32_t triggers) const noexcept {
  const std::uint64_t inserts = std::uint64_t{due_count_} + triggers;
  return nodes_.room() >= inserts * PriceIndex::kMaxNodesPerInsert;
}

Slot Triggers::wait(const Trigger& trigger) noexcept {
  const Slot slot = triggers_.take();
  triggers_[slot] = trigger;
  Market& market = markets_[trigger.instrument];
  ++market.waiting;
  if (trigger.trails()) {
    triggers_[slot].level = kTrails;
    trails_.insert(market_of(trigger), slot, trigger.turn, trigger.watermark, trigger.offset, trigger.tick);
    return slot;
  }
  PriceIndex& index = market.indexes[index_of(trigger.watched, trigger.rises)];
  Slot level = index.find(nodes_, key_of(trigger.price));
  if (level == kNil) {
    level = levels_.take();
    levels_[level].price = trigger.price;
    index.insert(nodes_, key_of(trigger.price), level);
  }
  triggers_[slot].level = level;
  levels_[level].queue.push_back(slot, links());
  return slot;
}

void Triggers::remove(Slot slot) noexcept {
  if (triggers_[slot].level == kNil) {
    due_.erase(slot, links());
    --due_count_;
  } else if (triggers_[slot].level == kTrails) {
    leave_trails(slot);
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

void Triggers::leave_trails(Slot slot) noexcept {
  Trigger& trigger = triggers_[slot];
  trails_.erase(market_of(trigger), slot);
  --markets_[trigger.instrument].waiting;
  trigger.level = kNil;
}

Trigger Triggers::now(Slot slot) const noexcept {
  Trigger trigger = triggers_[slot];
  if (trigger.level != kTrails) return trigger;
  const bool is_price = trigger.follow(trails_.watermark(market_of(trigger), slot));
  assert(is_price);
  static_cast<void>(is_price);
  return trigger;
}

Slot Triggers::nearest(const Market& market, Watched watched, bool rises) const noexcept {
  const PriceIndex& index = market.indexes[index_of(watched, rises)];
  return rises ? index.above(nodes_, 0) : index.below(nodes_, std::numeric_limits<std::uint64_t>::max());
}

void Triggers::trail(Slot instrument, const WatchedPrices& prices) noexcept {
  for (std::size_t index = 0; index < Trails::kMarketsPerInstrument; ++index) {
    const std::size_t market = instrument * Trails::kMarketsPerInstrument + index;
    if (prices[index / 2] > 0 && !trails_.is_empty(market)) trails_.improve(market, prices[index / 2]);
  }
}

void Triggers::find_fired_trails(Slot instrument, const WatchedPrices& prices) noexcept {
  for (std::size_t index = 0; index < Trails::kMarketsPerInstrument; ++index) {
    const std::size_t market = instrument * Trails::kMarketsPerInstrument + index;
    if (prices[index / 2] == kNoPrice || trails_.is_empty(market)) continue;
    for (Slot slot; (slot = trails_.find_fired(market, prices[index / 2])) != kNil;) {
      triggers_[slot] = now(slot);
      fired_.push_back(slot);
      leave_trails(slot);
    }
  }
}

void Triggers::find_fired(Slot instrument, const WatchedPrices& prices) noexcept {
  if (markets_[instrument].waiting == 0) return;
  trail(instrument, prices);
  find_fired_trails(instrument, prices);
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
  trails_.queue_moved();
}

Trigger Triggers::take_due() noexcept {
  const Slot slot = due_.front();
  const Trigger trigger = triggers_[slot];
  remove(slot);
  return trigger;
}

bool Triggers::may_restore(const Trigger& trigger) const noexcept {
  return has_room() && (!trigger.trails() || trails_.fits_last(market_of(trigger), trigger.watermark));
}

Slot Triggers::restore_due(const Trigger& trigger) noexcept {
  const Slot slot = triggers_.take();
  triggers_[slot] = trigger;
  due_.push_back(slot, links());
  ++due_count_;
  return slot;
}

}  // namespace exchange::engine
