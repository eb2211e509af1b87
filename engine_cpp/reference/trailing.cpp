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
    moved.try_emplace(trail_key(order), order_id);
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
  for (auto next = waiting_.upper_bound(order.view.order_id); next != waiting_.end(); ++next) {
    const Order& other = orders_.at(*next);
    if (other.view.type != OrderType::kTrailingStop || trail_key(other) != trail_key(order)) continue;
    if (is_better(order.view.side, other.watermark, order.watermark)) order.watermark = other.watermark;
    return;
  }
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
    const auto next = std::find_if(waiting_.lower_bound(told.next_id), waiting_.end(), [&](std::uint64_t order_id) {
      const Order& order = orders_.at(order_id);
      return order.view.type == OrderType::kTrailingStop && trail_key(order) == untold_.front();
    });
    if (next != waiting_.end()) {
      Order& order = orders_.at(*next);
      told.next_id = *next + 1;
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
