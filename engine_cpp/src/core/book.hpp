// The liquidity of one instrument: two sides of price levels, each a queue of orders in order of time.
//
// Invariants:
//   1. A level's quantity is the sum of its orders' leaves, all above zero; an empty level does not exist.
//   2. Levels of a side form a list from best to worst; the best bid is below the best offer, unless
//      orders collect for an auction.
//   3. Every trade gets the next number of the instrument's trades, from 1.
//   4. Every change of a level gets the next number of the book, from 1; a run of changes of one level within one
//      command is one change, reported with the quantity at its end.
//
// Threads: none; owned by the books half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "messages.hpp"
#include "money.hpp"
#include "price_index.hpp"

namespace exchange::engine {

struct Level {
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  Slot first = kNil;
  Slot last = kNil;
  Slot better = kNil;
  Slot worse = kNil;
};

// Set in the owner of an order that is a leg of a pair. The bits above it are those of reserves.hpp.
inline constexpr Slot kLinkedMark = Slot{1} << 29;
// Set in the owner of an order that only reduces what its account holds.
inline constexpr Slot kReducingMark = Slot{1} << 28;
inline constexpr Slot kTiedMarks = kLinkedMark | kReducingMark;

// An order as the book needs it while matching.
struct BookOrder {
  std::int64_t leaves = 0;
  std::uint64_t self_trade_group = 0;
  Slot next = kNil;
  Slot previous = kNil;
  Slot level = kNil;
  Slot owner = kNil;  // with marks

  [[nodiscard]] bool is_linked() const noexcept { return (owner & kLinkedMark) != 0; }
  [[nodiscard]] bool is_reducing() const noexcept { return (owner & kReducingMark) != 0; }
  // Is it known apart from its book, which it has to leave then too?
  [[nodiscard]] bool is_tied() const noexcept { return (owner & kTiedMarks) != 0; }
};
static_assert(sizeof(BookOrder) == 32 && sizeof(Level) == 32);

// The storage that all books of a Core share.
struct LiquidityPools {
  Pool<BookOrder> orders;
  Pool<Level> levels;
  Pool<PriceNode> nodes;
};

class Book {
 public:
  Book(Slot instrument, std::int64_t tick, LiquidityPools& pools) noexcept
      : pools_(&pools), instrument_(instrument), by_tick_(tick) {}

  [[nodiscard]] Slot best(Side side) const noexcept { return half(side).best; }
  [[nodiscard]] const Level& level(Slot slot) const noexcept { return pools_->levels[slot]; }
  void regroup(Slot slot, std::uint64_t self_trade_group) noexcept {
    pools_->orders[slot].self_trade_group = self_trade_group;
  }
  [[nodiscard]] const BookOrder& order(Slot slot) const noexcept { return pools_->orders[slot]; }

  [[nodiscard]] bool would_cross(Side side, std::int64_t limit) const noexcept {
    const Slot best_level = best(opposite(side));
    return best_level != kNil && crosses(side, limit, level(best_level).price);
  }

  // Puts an order at the back of its level.
  Slot rest(Side side, std::int64_t price, const BookOrder& order) noexcept;
  // Takes `quantity` off an order; it leaves the book when nothing is left.
  void reduce(Side side, Slot order, std::int64_t quantity) noexcept;
  // Takes an order to the back of the level at `price`, with another open quantity; it keeps its slot.
  void move(Side side, Slot order, std::int64_t price, std::int64_t leaves) noexcept;

  // An order that showed a slice shows the next one, at the back of its level.
  void renew(Side side, Slot order, std::int64_t slice) noexcept;

  // Takes another tick; only while the book is empty.
  void set_tick(std::int64_t tick) noexcept { by_tick_ = Divisor(tick); }

  [[nodiscard]] std::uint64_t seq() const noexcept { return seq_; }
  void set_seq(std::uint64_t seq) noexcept { seq_ = seq; }

  // Number of the newest trade, and of the one that is made now.
  [[nodiscard]] std::uint64_t trade_seq() const noexcept { return trade_seq_; }
  std::uint64_t next_trade_seq() noexcept { return ++trade_seq_; }
  void set_trade_seq(std::uint64_t trade_seq) noexcept { trade_seq_ = trade_seq; }

  [[nodiscard]] bool has_traded() const noexcept { return trade_seq_ > 0; }
  // Price of the newest trade; 0 before the first.
  [[nodiscard]] std::int64_t last_price() const noexcept { return last_price_; }
  void set_last_price(std::int64_t price) noexcept { last_price_ = price; }

  // Where changes of levels are reported.
  void report_to(RecordList<LevelChange>& changes) noexcept { changes_ = &changes; }

  [[nodiscard]] bool is_empty() const noexcept { return best(Side::kBuy) == kNil && best(Side::kSell) == kNil; }
  // As only a book can be whose orders collect for an auction.
  [[nodiscard]] bool is_crossed() const noexcept {
    return best(Side::kBuy) != kNil && would_cross(Side::kBuy, level(best(Side::kBuy)).price);
  }
  [[nodiscard]] bool consistent(Side side) const noexcept;

  void prefetch_root(Side side, std::int64_t price) const noexcept {
    half(side).index.prefetch_root(pools_->nodes, key(price));
  }
  void prefetch_level(Side side, std::int64_t price) const noexcept {
    half(side).index.prefetch_below_root(pools_->nodes, key(price));
  }

 private:
  struct Half {
    PriceIndex index;
    Slot best = kNil;
  };
  [[nodiscard]] Half& half(Side side) noexcept { return halves_[side == Side::kBuy ? 0 : 1]; }
  [[nodiscard]] const Half& half(Side side) const noexcept { return halves_[side == Side::kBuy ? 0 : 1]; }
  [[nodiscard]] std::uint64_t key(std::int64_t price) const noexcept {
    return static_cast<std::uint64_t>(by_tick_.quotient(price)) ^ kSignBit;
  }

  [[nodiscard]] Slot open_level(Side side, std::int64_t price) noexcept;
  void close_level(Side side, Slot level) noexcept;
  // Puts an order at the back of its level; takes one out of it, and `quantity` with it.
  void link(Side side, std::int64_t price, Slot order) noexcept;
  void unlink(Side side, const BookOrder& order, std::int64_t quantity) noexcept;
  void report(Side side, const Level& level) noexcept;

  LiquidityPools* pools_;
  RecordList<LevelChange>* changes_ = nullptr;
  Slot instrument_;
  Divisor by_tick_;
  std::uint64_t seq_ = 0;
  std::uint64_t trade_seq_ = 0;
  std::int64_t last_price_ = 0;
  std::array<Half, 2> halves_;
};

}  // namespace exchange::engine
