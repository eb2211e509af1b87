// Trailing stops in the naive engine: each is looked at whenever prices may have moved.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

bool is_better(Side side, std::int64_t one, std::int64_t other) { return side == Side::kBuy ? one < other : one > other; }

}  // namespace

std::optional<std::int64_t> Engine::trailing_trigger(const Instrument& i, Side side, std::int64_t watermark,
                                                     std::int64_t ticks, std::uint32_t bps) const {
  const Wide tick = i.definition.tick;
  const Wide distance = ticks != 0 ? Wide{ticks} * tick * 10'000 : Wide{watermark} * bps;
  if (ticks < 0 || watermark <= 0) return {};
  const Wide exact = Wide{watermark} * 10'000 + (side == Side::kBuy ? distance : -distance);  // times 10,000
  if (exact <= 0) return {};
  const Wide step = tick * 10'000;
  const Wide trigger = (side == Side::kBuy ? (exact + step - 1) / step : exact / step) * tick;
  if (trigger <= 0 || trigger > 1'000'000'000'000'000'000) return {};
  return static_cast<std::int64_t>(trigger);
}

std::int64_t Engine::trigger_of(const Order& order) const {
  const SpecialView& special = *order.special;
  if (order.view.type != OrderType::kTrailingStop) return special.trigger_price;
  const Instrument& i = instruments_.at(order.view.instrument_id);
  return *trailing_trigger(i, order.view.side, order.watermark, special.trailing_ticks, special.trailing_bps);
}

TrailKey Engine::trail_key(const Order& order) const {
  const Instrument& i = instruments_.at(order.view.instrument_id);
  const bool buys = order.view.side == Side::kBuy;
  int watched = 0;
  switch (order.special->trigger_reference) {
    case TriggerReference::kMark: watched = 1; break;
    case TriggerReference::kIndex: watched = 2; break;
    case TriggerReference::kBidAsk: watched = buys ? 3 : 4; break;
    case TriggerReference::kLast: break;
    case TriggerReference::kDefault: {
      const InstrumentKind kind = i.definition.terms.kind;
      watched = kind == InstrumentKind::kSpot || kind == InstrumentKind::kSecurity ? 0 : 1;
    }
  }
  return {i.listed_seq, watched, buys};
}

// Watermarks move where the market matches; who moved is told, where there is room for that.
void Engine::follow_prices(const Instrument* only) {
  std::map<TrailKey, std::uint64_t> moved;
  for (const std::uint64_t order_id : waiting_) {
    Order& order = orders_.at(order_id);
    const Instrument& i = instruments_.at(order.view.instrument_id);
    if (order.view.type != OrderType::kTrailingStop || (only != nullptr && only != &i)) continue;
    if (i.definition.phase != TradingPhase::kContinuous) continue;
    const auto now = watched_price(i, order.view, order.special->trigger_reference);
    if (!now || *now <= 0 || !is_better(order.view.side, *now, order.watermark)) continue;
    order.watermark = *now;
    const auto [first, is_new] = moved.try_emplace(trail_key(order), order.turn());
    first->second = std::min(first->second, order.turn());
  }
  for (const auto& [key, first_id] : moved) {
    const auto found = told_.find(key);
    if (found == told_.end()) {
      told_[key] = {first_id, 0};
      untold_.push_back(key);
    } else if (first_id < found->second.next_id) {
      std::uint64_t& again = found->second.again_id;
      again = again == 0 ? first_id : std::min(again, first_id);
    }
  }
}

// Back from where it was not looked at.
void Engine::take_watermark_of_next(Order& order) {
  const Order* const next = first_to_trail(trail_key(order), order.turn() + 1);
  if (next == nullptr || !is_better(order.view.side, next->watermark, order.watermark)) return;
  order.watermark = next->watermark;
}

// Of those that wait, by their turns.
Order* Engine::first_to_trail(const TrailKey& key, std::uint64_t from) {
  Order* first = nullptr;
  for (const std::uint64_t order_id : waiting_) {
    Order& order = orders_.at(order_id);
    if (order.view.type != OrderType::kTrailingStop || order.turn() < from || trail_key(order) != key) continue;
    if (first == nullptr || order.turn() < first->turn()) first = &order;
  }
  return first;
}

// Its owner will see where its trigger stands.
void Engine::restate(Order& order) {
  if (order.view.type != OrderType::kTrailingStop) return;
  order.special->watermark_price = order.watermark;
  order.special->trigger_price = trigger_of(order);
}

void Engine::tell_trails() {
  for (std::uint32_t left = limits_.trails_per_command; left > 0 && !untold_.empty();) {
    TrailTold& told = told_.at(untold_.front());
    if (Order* const next = first_to_trail(untold_.front(), told.next_id); next != nullptr) {
      Order& order = *next;
      told.next_id = order.turn() + 1;
      --left;
      if (order.special->watermark_price == order.watermark) continue;
      restate(order);
      changed(order, OrderUpdateCause::kRestatedTrailing);
    } else if (told.again_id != 0) {
      told = {told.again_id, 0};
    } else {
      told_.erase(untold_.front());
      untold_.pop_front();
    }
  }
}

}  // namespace exchange::engine::reference
