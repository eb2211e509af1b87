#include "auction.hpp"

#include <algorithm>
#include <limits>

namespace exchange::engine {
namespace {

// The levels of one side of both books, in rising order of price.
class RisingLevels {
 public:
  // Sells from the lowest, or buys from the lowest that is not below `from`.
  RisingLevels(const Collected& orders, Side side, std::int64_t from)
      : books_{&orders.book, &orders.waiting}, reserves_(orders.reserves), side_(side) {
    for (std::size_t i = 0; i < books_.size(); ++i) {
      at_[i] = books_[i]->best(side);
      if (side == Side::kBuy) at_[i] = lowest_from(*books_[i], at_[i], from);
    }
  }

  [[nodiscard]] bool done() const noexcept { return at_[0] == kNil && at_[1] == kNil; }
  [[nodiscard]] std::int64_t price() const noexcept { return level(first()).price; }
  // What the level adds or takes away; goes on to the next.
  [[nodiscard]] Int128 take() noexcept {
    const std::size_t i = first();
    const Level& taken = level(i);
    const Int128 quantity = Int128{taken.quantity} + reserves_.hidden_at(at_[i]);
    at_[i] = side_ == Side::kSell ? taken.worse : taken.better;
    return quantity;
  }
  [[nodiscard]] Int128 passed() const noexcept { return passed_; }

 private:
  // Also sums what it passes.
  [[nodiscard]] Slot lowest_from(const Book& book, Slot at, std::int64_t from) noexcept {
    Slot lowest = kNil;
    for (; at != kNil && book.level(at).price >= from; at = book.level(at).worse) {
      passed_ += Int128{book.level(at).quantity} + reserves_.hidden_at(at);
      lowest = at;
    }
    return lowest;
  }
  [[nodiscard]] const Level& level(std::size_t i) const noexcept { return books_[i]->level(at_[i]); }
  [[nodiscard]] std::size_t first() const noexcept {
    if (at_[0] == kNil || at_[1] == kNil) return at_[0] == kNil ? 1 : 0;
    return level(0).price <= level(1).price ? 0 : 1;
  }

  std::array<const Book*, 2> books_;
  const Reserves& reserves_;
  std::array<Slot, 2> at_{};
  Side side_;
  Int128 passed_ = 0;
};

// The prices that are as good as each other, and better than all others so far. They lie side by side.
struct Best {
  Int128 volume = 0;
  Int128 surplus = 0;  // of either side
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t highest_of_buys = 0;  // highest price at which buys are left over
  bool buys = false;                 // left over at any of the prices
  bool sells = false;
  bool even = false;

  // From `low` to `high` there are `demand` and `supply`.
  void consider(Int128 demand, Int128 supply, std::int64_t low, std::int64_t high) noexcept {
    const Int128 volume_here = std::min(demand, supply);
    const Int128 surplus_here = std::max(demand, supply) - volume_here;
    if (volume_here < volume || (volume_here == volume && volume > 0 && surplus_here > surplus)) return;
    if (volume_here > volume || surplus_here < surplus) *this = {.volume = volume_here, .surplus = surplus_here, .lowest = low};
    highest = high;
    buys = buys || demand > supply;
    sells = sells || supply > demand;
    even = even || demand == supply;
    if (demand > supply) highest_of_buys = high;
  }

  [[nodiscard]] std::int64_t price(std::int64_t tick, std::optional<std::int64_t> centre) const noexcept {
    if (!sells && !even) return highest;
    if (!buys && !even) return lowest;
    if (!centre || *centre >= highest) return highest;
    if (*centre <= lowest) return lowest;
    const std::int64_t over = *centre % tick;
    const std::int64_t below = *centre - over - (over < 0 ? tick : 0);
    return *centre - below < below + tick - *centre ? below : below + tick;
  }
};

std::int64_t clamped(Int128 quantity) noexcept {
  return static_cast<std::int64_t>(std::min<Int128>(quantity, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

AuctionView find_uncross(const Collected& orders, std::int64_t tick, std::optional<std::int64_t> centre) {
  RisingLevels sells(orders, Side::kSell, 0);
  if (sells.done()) return {};
  std::int64_t price = sells.price();
  RisingLevels buys(orders, Side::kBuy, price);
  Int128 demand = buys.passed();
  Int128 supply = 0;
  Best best;
  while (!buys.done()) {
    while (!sells.done() && sells.price() <= price) supply += sells.take();
    std::int64_t high = buys.price();
    if (!sells.done()) high = std::min(high, sells.price() - tick);
    best.consider(demand, supply, price, high);
    price = high + tick;
    while (!buys.done() && buys.price() < price) demand -= buys.take();
  }
  if (best.volume == 0) return {};
  const std::int64_t at = best.price(tick, centre);
  const bool left_buys = best.buys && at <= best.highest_of_buys;
  const std::int64_t left = clamped(best.surplus);
  return {.price = at, .quantity = clamped(best.volume), .imbalance = left_buys ? left : -left};
}

}  // namespace exchange::engine
