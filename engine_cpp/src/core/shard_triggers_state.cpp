// The triggers of a saved state: who was due, where those that trail stood, and whose move is still to be told.
#include <algorithm>
#include <vector>

#include "shard.hpp"

namespace exchange::engine {

void Core::Shard::save_triggers(StateWriter& out) const {
  std::uint32_t due = 0;
  triggers_.for_each_due([&](const Trigger&) { ++due; });
  out.put(due);
  triggers_.for_each_due([&](const Trigger& trigger) { out.put(trigger.order_id); });
  const Orders& orders = accounts_.orders();
  for (const Slot slot : orders.sorted()) {
    if (!orders[slot].has_trigger() || orders[slot].view.type != OrderType::kTrailingStop) continue;
    out.put(triggers_.now(orders[slot].book_slot).watermark);
  }
  std::uint32_t untold = 0;
  triggers_.trails().for_each_untold([&](const Trails::Untold&) { ++untold; });
  out.put(untold);
  triggers_.trails().for_each_untold([&](const Trails::Untold& one) { out.put(one.market, one.next_id, one.again_id); });
}

// Every order that waits has its trigger; those that were due are due in the same order.
bool Core::Shard::load_triggers(StateReader& in, std::vector<Rested>& rested) {
  const Orders& orders = accounts_.orders();
  const std::vector<Slot> all = orders.sorted();
  std::vector<std::uint64_t> due(in.get_count(static_cast<std::uint32_t>(all.size())));
  for (std::uint64_t& order_id : due) in.get(order_id);
  std::vector<std::uint64_t> sorted_due = due;
  std::ranges::sort(sorted_due);
  if (!in.ok() || std::ranges::adjacent_find(sorted_due) != sorted_due.end()) return false;
  std::vector<Trigger> due_triggers;
  std::vector<Trigger> trailing;
  for (const Slot slot : all) {
    if (!orders[slot].is_untriggered()) continue;
    if (orders.awaits_parent(orders[slot])) {
      rested.push_back({slot, kOffBook});
      continue;
    }
    Trigger trigger = accounts_.trigger_of(slot);
    if (trigger.trails() && !load_trail(in, trigger)) return false;
    if (std::ranges::binary_search(sorted_due, trigger.order_id)) {
      due_triggers.push_back(trigger);
    } else if (trigger.trails()) {
      trailing.push_back(trigger);
    } else if (triggers_.may_restore(trigger)) {
      rested.push_back({slot, triggers_.wait(trigger)});
    } else {
      return false;
    }
  }
  return restore_trailing(trailing, rested) && restore_due(due, due_triggers, rested) && load_untold(in);
}

// By their turns, of which no two are the same.
bool Core::Shard::restore_trailing(std::vector<Trigger>& trailing, std::vector<Rested>& rested) {
  std::ranges::sort(trailing, {}, &Trigger::turn);
  if (std::ranges::adjacent_find(trailing, {}, &Trigger::turn) != trailing.end()) return false;
  for (const Trigger& trigger : trailing) {
    if (!triggers_.may_restore(trigger)) return false;
    rested.push_back({trigger.owner, triggers_.wait(trigger)});
  }
  return true;
}

// It was told where it stood, and has stood no worse since.
bool Core::Shard::load_trail(StateReader& in, Trigger& trigger) {
  const Trigger told = trigger;
  std::int64_t watermark = 0;
  in.get(watermark);
  in.require(watermark > 0 && watermark <= kMaxPrice && told.watermark > 0 && told.watermark <= kMaxPrice);
  in.require(trigger.rises ? watermark <= told.watermark : watermark >= told.watermark);
  if (!in.ok() || !trigger.follow(told.watermark) || trigger.price != told.price) return false;
  return trigger.follow(watermark);
}

bool Core::Shard::restore_due(const std::vector<std::uint64_t>& due, const std::vector<Trigger>& triggers,
                              std::vector<Rested>& rested) {
  for (const std::uint64_t order_id : due) {
    const auto found = std::ranges::lower_bound(triggers, order_id, {}, &Trigger::order_id);
    if (found == triggers.end() || found->order_id != order_id || !triggers_.has_room()) return false;
    rested.push_back({found->owner, triggers_.restore_due(*found)});
  }
  return true;
}

bool Core::Shard::load_untold(StateReader& in) {
  const std::uint32_t count = in.get_count(instruments_.size() * Trails::kMarketsPerInstrument);
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Trails::Untold untold;
    in.get(untold.market, untold.next_id, untold.again_id);
    in.require(in.ok() && triggers_.trails().restore(untold));
  }
  return in.ok();
}

}  // namespace exchange::engine
