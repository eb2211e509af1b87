// Auctions of the naive engine: every price that could be the one is tried.
#include <algorithm>
#include <iterator>
#include <limits>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

using Levels = std::map<std::int64_t, std::list<std::uint64_t>>;

Wide distance(std::int64_t one, std::int64_t other) { return one > other ? Wide{one} - other : Wide{other} - one; }

std::int64_t told(Wide quantity) {
  const Wide most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(quantity, -most, most));
}

}  // namespace

bool Engine::collects(const Instrument& i) {
  return i.definition.phase == TradingPhase::kPreOpen || i.definition.phase == TradingPhase::kAuction;
}

bool Engine::takes_part(TimeInForce time_in_force, AuctionKind kind) {
  if (time_in_force == TimeInForce::kAtOpen) return kind == AuctionKind::kOpening;
  if (time_in_force == TimeInForce::kAtClose) return kind == AuctionKind::kClosing;
  return true;
}

// What would trade at `price` of a side, if it could.
Wide Engine::willing(const Instrument& i, Side side, std::int64_t price) const {
  Wide sum = 0;
  const bool buys = side == Side::kBuy;
  for (const Levels* levels : {buys ? &i.bids : &i.asks, buys ? &i.waiting_bids : &i.waiting_asks}) {
    for (const auto& [limit, ids] : *levels) {
      if (buys ? limit < price : limit > price) continue;
      for (const std::uint64_t id : ids) sum += orders_.at(id).view.leaves_quantity;
    }
  }
  return sum;
}

// The curves change only at prices of orders and beside them; between two of these nearness to the centre decides.
std::vector<std::int64_t> Engine::candidate_prices(const Instrument& i) const {
  const std::int64_t tick = i.definition.tick;
  std::vector<std::int64_t> prices;
  for (const Levels* levels : {&i.bids, &i.asks, &i.waiting_bids, &i.waiting_asks}) {
    for (const auto& [limit, ids] : *levels) {
      for (const std::int64_t price : {limit - tick, limit, limit + tick}) prices.push_back(price);
    }
  }
  const auto centre = i.prices.has_reference ? std::optional(i.prices.reference) : i.last_price;
  for (const std::int64_t near : {-tick, std::int64_t{0}, tick}) {
    if (centre) prices.push_back(*centre / tick * tick + near);
  }
  std::erase_if(prices, [&](std::int64_t price) { return !is_price(i.definition, price); });
  return prices;
}

// The same in order, each leg of a pair with what is left of it once those before it have traded.
Wide Engine::willing_with_links(const Instrument& i, Side side, std::int64_t price) const {
  const bool buys = side == Side::kBuy;
  std::vector<std::tuple<std::int64_t, bool, std::uint64_t>> queue;  // best price first, MARKET orders first at one price
  for (const bool limits : {false, true}) {
    const Levels& levels = limits ? (buys ? i.bids : i.asks) : (buys ? i.waiting_bids : i.waiting_asks);
    for (const auto& [limit, ids] : levels) {
      if (buys ? limit < price : limit > price) continue;
      for (const std::uint64_t id : ids) queue.emplace_back(buys ? -limit : limit, limits, id);
    }
  }
  std::ranges::stable_sort(queue, {}, [](const auto& e) { return std::pair(std::get<0>(e), std::get<1>(e)); });
  std::map<std::uint64_t, std::int64_t> traded;
  Wide sum = 0;
  for (const auto& [key, limits, id] : queue) {
    traded[id] = left_beside(orders_.at(id), traded);
    sum += traded[id];
  }
  return sum;
}

AuctionView Engine::find_uncross(const Instrument& i) const {
  struct Candidate {
    std::int64_t price = 0;
    Wide volume = 0;
    Wide left = 0;  // of buys; negative: of sells
  };
  std::vector<Candidate> best;
  Wide most = 0;
  Wide least = 0;
  for (const std::int64_t price : candidate_prices(i)) {
    const Wide demand = willing(i, Side::kBuy, price);
    const Wide supply = willing(i, Side::kSell, price);
    const Wide volume = std::min(demand, supply);
    const Wide surplus = demand > supply ? demand - supply : supply - demand;
    if (volume == 0 || volume < most || (volume == most && surplus > least)) continue;
    if (volume > most || surplus < least) best.clear();
    most = volume;
    least = surplus;
    best.push_back({price, volume, demand - supply});
  }
  if (best.empty()) return {};
  const bool all_buys = std::ranges::all_of(best, [](const Candidate& c) { return c.left > 0; });
  const bool all_sells = std::ranges::all_of(best, [](const Candidate& c) { return c.left < 0; });
  const auto centre = i.prices.has_reference ? std::optional(i.prices.reference) : i.last_price;
  const auto better = [&](const Candidate& one, const Candidate& other) {
    if (all_buys) return one.price > other.price;
    if (all_sells) return one.price < other.price;
    const Wide here = centre ? distance(one.price, *centre) : 0;
    const Wide there = centre ? distance(other.price, *centre) : 0;
    return here != there ? here < there : one.price > other.price;
  };
  const Candidate chosen = *std::ranges::min_element(best, better);
  if (on_margin(i.definition)) {
    const auto [traded, rest] = rehearse_uncross(i, chosen.price);
    return {chosen.price, told(traded), told(rest)};
  }
  const Wide demand = willing_with_links(i, Side::kBuy, chosen.price);
  const Wide supply = willing_with_links(i, Side::kSell, chosen.price);
  return {chosen.price, told(std::min(demand, supply)), told(demand - supply)};
}

// The best price of a side first; at one price MARKET orders first; then time.
Order& Engine::first_in_uncross(Instrument& i, Side side) {
  const bool buys = side == Side::kBuy;
  Levels& limits = buys ? i.bids : i.asks;
  Levels& markets = buys ? i.waiting_bids : i.waiting_asks;
  const auto best = [&](Levels& levels) { return buys ? std::prev(levels.end()) : levels.begin(); };
  bool market = !markets.empty();
  if (market && !limits.empty()) {
    market = buys ? best(markets)->first >= best(limits)->first : best(markets)->first <= best(limits)->first;
  }
  return orders_.at(best(market ? markets : limits)->second.front());
}

void Engine::uncross(Instrument& i) {
  do {
    const AuctionView view = find_uncross(i);
    events_->auction_uncrossed(i.definition.instrument_id, i.collected_for, view);
    std::int64_t left = view.quantity;
    while (left > 0) {
      Order& buy = first_in_uncross(i, Side::kBuy);
      Order& sell = first_in_uncross(i, Side::kSell);
      const std::int64_t quantity = std::min({left, visible(buy), visible(sell)});
      trade_in_uncross(i, *view.price, quantity, buy, sell);
      left -= quantity;
    }
  } while (!i.bids.empty() && would_cross(i, Side::kBuy, i.bids.rbegin()->first));
  end_auction_orders(i, AuctionKind::kNone);
  i.collected_for = AuctionKind::kNone;
}

void Engine::trade_in_uncross(Instrument& i, std::int64_t price, std::int64_t quantity, Order& buy, Order& sell) {
  const std::int64_t value = notional(i, price, quantity);
  i.last_price = price;
  FillView fill{shard_bits_ + ++trades_, price, quantity, value, 0, Liquidity::kMaker};
  const std::int64_t sell_fee = book_fill(sell, fill, quantity == sell.view.leaves_quantity);
  const std::int64_t buy_fee = book_fill(buy, fill, quantity == buy.view.leaves_quantity);
  std::vector<Order*> show_more;
  for (Order* order : {&buy, &sell}) {
    if (order->is_open() && show_next_slice(i, *order)) show_more.push_back(order);
    if (!order->is_open()) {
      take_out(i, *order);
    } else if (!order->waits()) {
      level_changed(i, order->view.side, stands_at(*order));
    }
  }
  pay(buy, sell, fill, buy_fee, sell_fee);
  events_->trade({.trade_id = fill.trade_id,
                  .instrument_id = i.definition.instrument_id,
                  .taker_side = Side::kBuy,
                  .uncross = true,
                  .price = price,
                  .quantity = quantity,
                  .maker_order_id = sell.view.order_id,
                  .taker_order_id = buy.view.order_id,
                  .maker_account_id = sell.view.account_id,
                  .taker_account_id = buy.view.account_id,
                  .notional = value,
                  .maker_fee = sell_fee,
                  .taker_fee = buy_fee,
                  .trade_seq = ++i.trade_seq});
  const std::uint64_t group = account_of(buy).set.self_trade_group;
  if (group == account_of(sell).set.self_trade_group) {
    events_->self_trade_uncrossed(fill.trade_id, i.definition.instrument_id, group);
  }
  feed(sell);
  feed(buy);
  act_on_link(sell, quantity);
  act_on_link(buy, quantity);
  reduce_waiting(buy.view.account_id, i.definition.instrument_id);
  reduce_waiting(sell.view.account_id, i.definition.instrument_id);
  for (Order* order : show_more) tell_next_slice(*order);
  reduce_standing(sell.view.account_id, i.definition.instrument_id);
  reduce_standing(buy.view.account_id, i.definition.instrument_id);
}

void Engine::end_auction_orders(const Instrument& i, AuctionKind kept) {
  for (auto& [id, order] : orders_) {
    const OrderView& v = order.view;
    if (!order.is_open() || v.instrument_id != i.definition.instrument_id || takes_part(v.time_in_force, kept)) continue;
    take_out(instruments_.at(v.instrument_id), order);
    end(order, OrderStatus::kExpired, EndReason::kAuctionRemainder);
  }
}

void Engine::tell_auctions() {
  for (auto& [id, i] : instruments_) {
    if (i.definition.phase != TradingPhase::kAuction) continue;
    const AuctionView view = find_uncross(i);
    if (view == i.told) continue;
    i.told = view;
    events_->auction_updated(id, i.auction_kind, view);
  }
}

}  // namespace exchange::engine::reference
