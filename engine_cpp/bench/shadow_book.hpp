// The books as the generator knows them: which orders are open, so that cancels and moves find one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace exchange::engine::bench {

struct OpenOrder {
  std::uint32_t id = 0;
  std::uint32_t symbol = 0;
  std::uint32_t account = 0;
  std::int32_t price = 0;
  std::uint32_t quantity = 0;
  bool sells = false;
  std::size_t place = 0;  // in the list of open orders of its symbol
};

// Price and time, nothing else. Orders are numbered from 1.
class ShadowBook {
 public:
  ShadowBook(std::uint32_t symbols, std::size_t orders) : sides_(std::size_t{2} * symbols), open_(symbols), orders_(orders + 1) {}

  [[nodiscard]] const std::vector<std::uint32_t>& open(std::uint32_t symbol) const { return open_[symbol]; }
  [[nodiscard]] const OpenOrder& order(std::uint32_t id) const { return orders_[id]; }
  [[nodiscard]] bool is_open(std::uint32_t id) const { return orders_[id].quantity > 0; }

  // Trades, then rests if `rests`.
  void enter(OpenOrder order, bool rests) {
    trade(order);
    if (order.quantity == 0 || !rests) return;
    side(order.symbol, order.sells)[key(order)].push_back(order.id);
    order.place = open_[order.symbol].size();
    open_[order.symbol].push_back(order.id);
    orders_[order.id] = order;
  }

  void remove(std::uint32_t id) {
    const OpenOrder order = orders_[id];
    auto& levels = side(order.symbol, order.sells);
    const auto level = levels.find(key(order));
    std::erase(level->second, id);
    if (level->second.empty()) levels.erase(level);
    close(id);
  }

 private:
  using Levels = std::map<std::int64_t, std::deque<std::uint32_t>>;  // best first

  [[nodiscard]] Levels& side(std::uint32_t symbol, bool sells) { return sides_[2 * symbol + (sells ? 1 : 0)]; }
  [[nodiscard]] static std::int64_t key(const OpenOrder& order) { return order.sells ? order.price : -order.price; }

  void trade(OpenOrder& taker) {
    Levels& makers = side(taker.symbol, !taker.sells);
    while (taker.quantity > 0 && !makers.empty()) {
      const auto level = makers.begin();
      const std::int64_t price = taker.sells ? -level->first : level->first;
      if (taker.sells ? price < taker.price : price > taker.price) return;
      OpenOrder& maker = orders_[level->second.front()];
      const std::uint32_t traded = std::min(taker.quantity, maker.quantity);
      taker.quantity -= traded;
      maker.quantity -= traded;
      if (maker.quantity > 0) return;
      level->second.pop_front();
      if (level->second.empty()) makers.erase(level);
      close(maker.id);
    }
  }

  void close(std::uint32_t id) {
    OpenOrder& order = orders_[id];
    std::vector<std::uint32_t>& open = open_[order.symbol];
    open[order.place] = open.back();
    orders_[open.back()].place = order.place;
    open.pop_back();
    order.quantity = 0;
  }

  std::vector<Levels> sides_;
  std::vector<std::vector<std::uint32_t>> open_;
  std::vector<OpenOrder> orders_;
};

}  // namespace exchange::engine::bench
