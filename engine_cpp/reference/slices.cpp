// Orders that show a slice at a time in the naive engine.
#include <algorithm>
#include <utility>

#include "engine.hpp"

namespace exchange::engine::reference {

std::int64_t Engine::visible(const Order& order) {
  return order.shows_slices() ? order.special->displayed_quantity : order.view.leaves_quantity;
}

bool Engine::may_show(const Instrument& i, std::int64_t display, std::int64_t leaves) {
  return display > 0 && display % i.definition.lot == 0 && Wide{display} * 15 >= leaves;
}

void Engine::show_less(Order& order, std::int64_t quantity, bool rests) {
  if (!order.shows_slices()) return;
  std::int64_t& shown = order.special->displayed_quantity;
  shown = rests ? shown - quantity : std::min(shown, order.view.leaves_quantity);
}

bool Engine::show_next_slice(Instrument& i, Order& order) {
  if (!order.shows_slices() || order.special->displayed_quantity > 0) return false;
  order.special->displayed_quantity = std::min(order.special->display_quantity, order.view.leaves_quantity);
  std::list<std::uint64_t>& level = place_of(i, order).at(stands_at(order));
  level.remove(order.view.order_id);
  level.push_back(order.view.order_id);
  return true;
}

void Engine::tell_next_slice(Order& order) {
  order.special->slice_id = shard_bits_ + ++orders_entered_;
  changed(order, OrderUpdateCause::kRestatedSlice);
}

bool Engine::can_fill(const Instrument& instrument, const Order& taker, std::int64_t wanted) const {
  const bool buys = taker.view.side == Side::kBuy;
  std::vector<std::pair<std::int64_t, std::list<std::uint64_t>>> levels;
  for (const auto& [price, level] : buys ? instrument.asks : instrument.bids) levels.emplace_back(price, level);
  if (!buys) std::ranges::reverse(levels);
  std::int64_t found = 0;
  std::map<std::uint64_t, std::int64_t> traded;
  Rehearsal rehearsal = rehearse(instrument);
  const auto rehearse_trade = [&](const Order& maker, std::int64_t most) {
    const std::int64_t quantity = std::min(most, std::max(wanted - found, std::int64_t{0}));
    trade(rehearsal, buys ? taker : maker, buys ? maker : taker, quantity);
    found += most;
    return quantity;
  };
  for (const auto& [price, level] : levels) {
    if (buys ? price > stands_at(taker) : price < stands_at(taker)) break;
    if (taker.band && (buys ? price > *taker.band : price < *taker.band)) break;
    std::vector<const Order*> hiding;
    for (const std::uint64_t id : level) {
      const Order& maker = orders_.at(id);
      const bool own = are_kept_apart(taker, maker);
      if (own && taker.view.self_trade_prevention == SelfTradePrevention::kCancelMaker) continue;
      if (own) return found >= wanted;
      std::int64_t shown = std::min(visible(maker), left_beside(maker, traded));
      if (reduces(maker)) shown = std::min(shown, rehearsal.left.at(id));
      traded[id] = rehearse_trade(maker, shown);
      if (maker.shows_slices()) hiding.push_back(&maker);
    }
    for (const Order* maker : hiding) {
      static_cast<void>(rehearse_trade(*maker, maker->view.leaves_quantity - visible(*maker)));
    }
    if (found >= wanted) return true;
  }
  return false;
}

}  // namespace exchange::engine::reference
