// What the book does not show: the rest of each order that shows a slice at a time.
//
// Invariants:
//   1. A BookOrder whose owner has the top bit set shows a slice: the rest of its owner names its reserve, and the reserve
//      names its owner. Its leaves are the slice alone. One whose owner has the next bit set is pegged.
//   2. What is hidden of a level is the sum over its orders; a level that closes hides nothing.
//   3. There is a reserve for each order with special terms, so one is never missing.
//
// Threads: none; owned by the books half of one Core.
#pragma once

#include "book.hpp"
#include "exchange/engine/core.hpp"

namespace exchange::engine {

class Reserves {
 public:
  explicit Reserves(const Limits& limits) : reserves_(limits.special_orders), by_level_(limits.levels) {}

  [[nodiscard]] static bool has(const BookOrder& order) noexcept { return (order.owner & kMark) != 0; }
  [[nodiscard]] static bool is_pegged(const BookOrder& order) noexcept { return !has(order) && order.owner >= kPegged; }
  [[nodiscard]] static Slot pegged(Slot owner) noexcept { return owner | kPegged; }
  // Of an order that has no reserve.
  [[nodiscard]] static Slot unpegged(Slot owner) noexcept { return owner & ~kPegged; }
  // The accounts' handle of any order.
  [[nodiscard]] Slot owner_of(const BookOrder& order) const noexcept {
    if (order.owner < kPegged) return order.owner;
    return has(order) ? reserves_[order.owner & ~kMark].owner : order.owner & ~kPegged;
  }
  // What is open of any order.
  [[nodiscard]] std::int64_t leaves_of(const BookOrder& order) const noexcept {
    return has(order) ? order.leaves + hidden(order) : order.leaves;
  }

  // Of an order that has a reserve.
  [[nodiscard]] std::int64_t hidden(const BookOrder& order) const noexcept {
    return reserves_[order.owner & ~kMark].hidden;
  }
  [[nodiscard]] std::int64_t display(const BookOrder& order) const noexcept {
    return reserves_[order.owner & ~kMark].display;
  }
  [[nodiscard]] std::int64_t next_slice(const BookOrder& order) const noexcept {
    const Reserve& reserve = reserves_[order.owner & ~kMark];
    return std::min(reserve.display, reserve.hidden);
  }
  // The order, whose leaves are its slice, hides so much besides, and shows `display` of it at a time.
  void begin(BookOrder& order, std::int64_t hidden, std::int64_t display) noexcept;
  // The order stands in its level from here on.
  void stand(const BookOrder& order) noexcept { by_level_[order.level] += hidden(order); }
  void change(const BookOrder& order, std::int64_t hidden, std::int64_t display) noexcept;
  // The order shows so much of what it hid.
  void show(const BookOrder& order, std::int64_t slice) noexcept;
  // The order leaves its level.
  void end(const BookOrder& order) noexcept;

  // What is hidden at a level, of all orders there.
  [[nodiscard]] std::int64_t hidden_at(Slot level) const noexcept { return by_level_[level]; }
  [[nodiscard]] std::uint32_t size() const noexcept { return reserves_.size(); }
  [[nodiscard]] bool has_room() const noexcept { return reserves_.room() > 0; }

 private:
  static constexpr Slot kMark = Slot{1} << 31;
  static constexpr Slot kPegged = Slot{1} << 30;

  struct Reserve {
    std::int64_t hidden = 0;
    std::int64_t display = 0;
    Slot owner = kNil;
  };

  Pool<Reserve> reserves_;
  FlatArray<std::int64_t> by_level_;
};

}  // namespace exchange::engine
