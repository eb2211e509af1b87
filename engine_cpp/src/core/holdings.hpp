// What accounts hold on margin, as the books need it while they match: an order that only reduces trades no more than
// what is held, whatever the same match has done to that before.
//
// Invariants:
//   1. A holding is the books' side of a position and has its number. Its quantity follows the trades of the books at
//      once, and is stated anew when anything else changes the position.
//   2. The reduce-only orders of a holding that stand in books are in the order in which they trade: the better price,
//      MARKET orders first at one price, then time. Together they are open for no more than the holding is.
//   3. A BookOrder whose owner has kReducingMark is one of them. They lie by the accounts' handle of their orders, so they
//      cost no memory that other orders use.
//
// Threads: none; owned by the books half of one Core.
#pragma once

#include <cstdint>

#include "book.hpp"
#include "exchange/engine/core.hpp"
#include "messages.hpp"
#include "pool.hpp"

namespace exchange::engine {

// A reduce-only order where it stands.
struct Reducer {
  std::int64_t price = 0;
  std::int64_t leaves = 0;
  Slot book_slot = kNil;
  Slot instrument = kNil;
  Side side{};
  bool waits = false;  // beside the book, for an uncross
};

class Holdings {
 public:
  explicit Holdings(const Limits& limits) : holdings_(limits.positions), orders_(limits.orders) {
    assert(limits.orders < kReducingMark);
  }

  // Whose order it is that enters, on margin.
  void join(Slot owner, Slot holding) noexcept { orders_[owner].holding = holding; }
  [[nodiscard]] Slot holding_of(Slot owner) const noexcept { return orders_[owner].holding; }

  [[nodiscard]] std::int64_t quantity(Slot holding) const noexcept { return holdings_[holding].quantity; }
  void set_quantity(Slot holding, std::int64_t quantity) noexcept { holdings_[holding].quantity = quantity; }
  void add(Slot holding, Side side, std::int64_t quantity) noexcept {
    holdings_[holding].quantity += side == Side::kBuy ? quantity : -quantity;
  }
  // How much an order of this side can close.
  [[nodiscard]] static std::int64_t closable(std::int64_t quantity, Side side) noexcept {
    return std::max(side == Side::kSell ? quantity : -quantity, std::int64_t{0});
  }

  void stand(Slot owner, const Reducer& reducer) noexcept;
  // It traded, or lost, so much; it stands no more when that was all.
  void shrink(Slot owner, std::int64_t quantity) noexcept;
  [[nodiscard]] const Reducer& operator[](Slot owner) const noexcept { return orders_[owner].reducer; }

  // What the orders that stand are open for together, and how much of that is more than is held.
  [[nodiscard]] std::int64_t open(Slot holding) const noexcept { return holdings_[holding].open; }
  [[nodiscard]] std::int64_t excess(Slot holding) const noexcept {
    const Holding& h = holdings_[holding];
    return h.last == 0 ? 0 : h.open - closable(h.quantity, orders_[h.last - 1].reducer.side);
  }
  // The order that trades last; kNil if none stands.
  [[nodiscard]] Slot last(Slot holding) const noexcept { return holdings_[holding].last - 1; }
  // Does one that would stand there trade before the order?
  [[nodiscard]] bool is_before(const Reducer& newcomer, Slot owner) const noexcept;
  [[nodiscard]] std::uint32_t standing() const noexcept { return standing_; }

  // A count of what would trade touches nothing: it begins, learns of each trade, and knows how much of an order that
  // only reduces would then be left.
  void begin_count() const noexcept { ++count_; }
  [[nodiscard]] std::int64_t left(Slot holding, std::int64_t leaves) const noexcept {
    return std::min(leaves, counted(holding).open);
  }
  void count(Slot holding, Side side, std::int64_t quantity, bool reduces) const noexcept;
  // The same of one side alone of a trade with itself: what is held stays.
  void count_own(Slot holding, std::int64_t quantity, bool reduces) const noexcept {
    if (reduces) counted(holding).open -= quantity;
  }
  [[nodiscard]] bool consistent(Slot holding) const noexcept;

 private:
  struct Counted {
    std::uint64_t count = 0;
    std::int64_t quantity = 0;
    std::int64_t open = 0;
  };
  struct Holding {
    std::int64_t quantity = 0;  // negative: short
    std::int64_t open = 0;
    Slot first = 0;  // one more than the owner; 0: none
    Slot last = 0;
    mutable Counted counted{};
  };
  struct Order {
    Reducer reducer;
    Slot holding = 0;
    Slot previous = 0;  // as of Holding
    Slot next = 0;
  };

  [[nodiscard]] Counted& counted(Slot holding) const noexcept;

  FlatArray<Holding> holdings_;
  FlatArray<Order> orders_;
  std::uint32_t standing_ = 0;
  mutable std::uint64_t count_ = 0;
};

}  // namespace exchange::engine
