// Orders that only reduce a position, in the naive engine: after each change of a position all of them are looked at, and
// what would trade is found by trading in rehearsal.
#include <algorithm>
#include <iterator>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

std::int64_t to_close(Wide held, Side side) {
  return static_cast<std::int64_t>(std::max<Wide>(side == Side::kSell ? held : -held, 0));
}

}  // namespace

bool Engine::reduces(const Order& order) { return order.special && order.special->reduce_only; }

std::int64_t Engine::closable(std::uint64_t account_id, std::uint32_t instrument_id, Side side) const {
  return to_close(position_of(account_id, instrument_id).quantity, side);
}

// What speaks against an order that only reduces; `more` are open besides the ones that are.
std::vector<Reason> Engine::against_reducing(std::uint64_t account_id, const Instrument& i, Side side,
                                             std::size_t more) const {
  const std::uint32_t id = i.definition.instrument_id;
  std::vector<Reason> out;
  for (const std::uint64_t order_id : resting_) {
    const Order& order = orders_.at(order_id);
    if (reduces(order) && order.view.account_id == account_id && order.view.instrument_id == id) ++more;
  }
  if (more > 32) out.push_back(Reason::kTooManyOpenOrders);
  if (trading_state(account_id) == TradingState::kHalted) out.push_back(Reason::kTradingState);
  if (closable(account_id, id, side) == 0) out.push_back(Reason::kReduceOnlyNoPosition);
  return out;
}

// Orders of a side that may trade in an uncross at `price`, or all of them: by price, MARKET orders first, then time.
std::vector<std::vector<std::uint64_t>> Engine::in_turn(const Instrument& i, Side side,
                                                        std::optional<std::int64_t> price) const {
  const bool buys = side == Side::kBuy;
  std::map<std::pair<std::int64_t, bool>, std::vector<std::uint64_t>> levels;
  for (const bool limits : {false, true}) {
    for (const auto& [limit, ids] : limits ? (buys ? i.bids : i.asks) : (buys ? i.waiting_bids : i.waiting_asks)) {
      if (price && (buys ? limit < *price : limit > *price)) continue;
      levels[{buys ? -limit : limit, limits}] = {ids.begin(), ids.end()};
    }
  }
  std::vector<std::vector<std::uint64_t>> out;
  for (const auto& [key, ids] : levels) out.push_back(ids);
  return out;
}

// An account's orders that only reduce and stand, in the order in which they would trade.
std::vector<std::uint64_t> Engine::standing_reducers(const Instrument& i, std::uint64_t account_id) const {
  std::vector<std::uint64_t> out;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (const auto& level : in_turn(i, side, {})) {
      for (const std::uint64_t id : level) {
        if (reduces(orders_.at(id)) && orders_.at(id).view.account_id == account_id) out.push_back(id);
      }
    }
  }
  return out;
}

void Engine::shorten(Order& order, std::int64_t quantity) {
  OrderView& v = order.view;
  const bool outside = !resting_.contains(v.order_id) || v.status == OrderStatus::kUntriggered ||
                       (v.type == OrderType::kPegged && !order.special->has_working_price);
  if (quantity == v.leaves_quantity) {
    if (resting_.contains(v.order_id)) take_out_or_stop_waiting(order);
    return end(order, OrderStatus::kCancelled, EndReason::kReducedAway);
  }
  if (v.status == OrderStatus::kUntriggered) restate(order);
  v.quantity -= quantity;
  v.leaves_quantity -= quantity;
  if (!outside && !order.waits()) level_changed(instruments_.at(v.instrument_id), v.side, stands_at(order));
  changed(order, OrderUpdateCause::kRestatedReduceOnly);
}

// Each by itself, the newest first.
void Engine::reduce_waiting(std::uint64_t account_id, std::uint32_t instrument_id) {
  const std::set<std::uint64_t> open = resting_;
  for (auto at = open.rbegin(); at != open.rend(); ++at) {
    Order& order = orders_.at(*at);
    const OrderView& v = order.view;
    if (!reduces(order) || v.account_id != account_id || v.instrument_id != instrument_id) continue;
    const bool off_book = v.type == OrderType::kPegged && !order.special->has_working_price;
    if (v.status != OrderStatus::kUntriggered && !off_book) continue;
    const std::int64_t excess = v.leaves_quantity - closable(account_id, instrument_id, v.side);
    if (excess > 0) shorten(order, excess);
  }
}

// Together, the one that would trade last first.
void Engine::reduce_standing(std::uint64_t account_id, std::uint32_t instrument_id) {
  const std::vector<std::uint64_t> ids = standing_reducers(instruments_.at(instrument_id), account_id);
  if (ids.empty()) return;
  std::int64_t excess = -closable(account_id, instrument_id, orders_.at(ids.front()).view.side);
  for (const std::uint64_t id : ids) excess += orders_.at(id).view.leaves_quantity;
  for (auto at = ids.rbegin(); at != ids.rend() && excess > 0; ++at) {
    Order& order = orders_.at(*at);
    const std::int64_t less = std::min(excess, order.view.leaves_quantity);
    shorten(order, less);
    excess -= less;
  }
}

// It is about to rest: those behind its place make room, then it is shortened itself. False if nothing is left of it.
bool Engine::make_way(const Instrument& i, Order& order) {
  const OrderView& v = order.view;
  const std::vector<std::uint64_t> ids = standing_reducers(i, v.account_id);
  std::int64_t excess = v.leaves_quantity - closable(v.account_id, v.instrument_id, v.side);
  for (const std::uint64_t id : ids) excess += orders_.at(id).view.leaves_quantity;
  for (auto at = ids.rbegin(); at != ids.rend() && excess > 0; ++at) {
    Order& other = orders_.at(*at);
    const std::int64_t here = stands_at(order);
    const std::int64_t there = stands_at(other);
    const bool better = v.side == Side::kBuy ? here > there : here < there;
    if (!better && !(here == there && order.waits() && !other.waits())) break;
    const std::int64_t less = std::min(excess, other.view.leaves_quantity);
    shorten(other, less);
    excess -= less;
  }
  if (excess > 0) shorten(order, std::min(excess, v.leaves_quantity));
  return order.is_open();
}

Engine::Rehearsal Engine::rehearse(const Instrument& i) const {
  Rehearsal r;
  if (!on_margin(i.definition)) return r;
  for (const auto& [id, account] : accounts_) r.held[id] = position_of(id, i.definition.instrument_id).quantity;
  for (const auto& [id, account] : accounts_) {
    r.reducers[id] = standing_reducers(i, id);
    for (const std::uint64_t order_id : r.reducers[id]) r.left[order_id] = orders_.at(order_id).view.leaves_quantity;
  }
  return r;
}

void Engine::trade(Rehearsal& r, const Order& buy, const Order& sell, std::int64_t quantity) const {
  for (const Order* order : {&buy, &sell}) {
    if (r.left.contains(order->view.order_id)) r.left[order->view.order_id] -= quantity;
    r.held[order->view.account_id] += order == &buy ? quantity : -quantity;
  }
  for (const Order* order : {&buy, &sell}) {
    const std::vector<std::uint64_t>& ids = r.reducers[order->view.account_id];
    if (ids.empty()) continue;
    std::int64_t excess = -to_close(r.held[order->view.account_id], orders_.at(ids.front()).view.side);
    for (const std::uint64_t id : ids) excess += r.left[id];
    for (auto at = ids.rbegin(); at != ids.rend() && excess > 0; ++at) {
      const std::int64_t less = std::min(excess, r.left[*at]);
      r.left[*at] -= less;
      excess -= less;
    }
  }
}

// What trades in an uncross at `price`, and what is left over of buys or, below zero, of sells.
std::pair<Wide, Wide> Engine::rehearse_uncross(const Instrument& i, std::int64_t price) const {
  struct Entry {
    const Order* order = nullptr;
    std::int64_t visible = 0;
    std::int64_t hidden = 0;
  };
  Rehearsal r = rehearse(i);
  std::map<Side, std::list<std::list<Entry>>> queues;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (const auto& level : in_turn(i, side, price)) {
      queues[side].emplace_back();
      for (const std::uint64_t id : level) {
        const Order& order = orders_.at(id);
        queues[side].back().push_back({&order, visible(order), order.view.leaves_quantity - visible(order)});
      }
    }
  }
  std::map<std::uint64_t, std::int64_t> legs;  // what traded of those that are one of a pair
  const auto open = [&](const Entry& entry) {
    const Order* const other = other_leg(*entry.order);
    if (other != nullptr && legs.contains(other->view.order_id)) {
      const bool cancels = entry.order->special->link_type == LinkType::kOco;
      return cancels ? std::int64_t{0} : std::max(entry.visible - legs.at(other->view.order_id), std::int64_t{0});
    }
    const auto limited = r.left.find(entry.order->view.order_id);
    return limited == r.left.end() ? entry.visible : std::min(entry.visible, limited->second);
  };
  const auto first = [&](Side side) -> Entry* {
    auto& queue = queues[side];
    for (; !queue.empty(); queue.pop_front()) {
      std::list<Entry>& level = queue.front();
      while (!level.empty()) {
        Entry entry = level.front();
        if (open(entry) > 0) return &level.front();
        level.pop_front();
        if (entry.hidden == 0) continue;
        entry.visible = std::min(entry.hidden, entry.order->special->display_quantity);
        entry.hidden -= entry.visible;
        level.push_back(entry);
      }
    }
    return nullptr;
  };
  Wide traded = 0;
  for (Entry *buy = first(Side::kBuy), *sell = first(Side::kSell); buy != nullptr && sell != nullptr;
       buy = first(Side::kBuy), sell = first(Side::kSell)) {
    const std::int64_t quantity = std::min(open(*buy), open(*sell));
    buy->visible -= quantity;
    sell->visible -= quantity;
    trade(r, *buy->order, *sell->order, quantity);
    for (const Order* order : {buy->order, sell->order}) {
      if (other_leg(*order) != nullptr) legs[order->view.order_id] += quantity;
    }
    traded += quantity;
  }
  Wide rest = 0;
  for (const auto& [side, queue] : queues) {
    for (const auto& level : queue) {
      for (const Entry& entry : level) {
        const std::int64_t left = open(entry);
        rest += (side == Side::kBuy ? 1 : -1) * (Wide{left} + entry.hidden);
        if (left > 0 && other_leg(*entry.order) != nullptr) legs[entry.order->view.order_id] += left;
      }
    }
  }
  return {traded, rest};
}

}  // namespace exchange::engine::reference
