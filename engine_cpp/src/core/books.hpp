// The books half: liquidity and crossing. It knows orders, prices and quantities; of accounts only their self-trade
// group, the fee rate of an order with a budget, and how much they hold on margin.
//
// Invariants:
//   1. Every message in has its messages out in `Outbox`, in the order in which they happened; books never wait for an
//      answer from the accounts half.
//   2. Priority is price, then order of arrival; a trade is at the resting order's price.
//   3. An order with a minimum (fill-or-kill: all of it) is counted before it acts: what is counted will trade, what the
//      book hides of it too, and a killed one touches nothing.
//
// Threads: none; owned by one Core.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "auction.hpp"
#include "book.hpp"
#include "holdings.hpp"
#include "instruments.hpp"
#include "pairs.hpp"
#include "messages.hpp"
#include "pegs.hpp"
#include "reserves.hpp"
#include "state.hpp"
#include "triggers.hpp"

namespace exchange::engine {

// What one command caused in the books: for the accounts, and for the public.
struct Outbox {
  static constexpr std::size_t kExpected = 4'096;

  std::vector<BookMessage> messages;
  RecordList<LevelChange> changes{kExpected};
  RecordList<LevelChange> unseen{kExpected};  // of orders that wait beside the books, and of what the books hide

  void clear() noexcept {
    messages.clear();
    changes.clear();
    unseen.clear();
  }
};

class Books {
 public:
  Books(const Limits& limits, std::uint8_t shard, const Instruments& instruments);
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

  // Opens the book of the instrument that was listed last.
  void open(Slot instrument);

  // The instrument's terms changed: its book, empty if the tick did, goes by the new one.
  void regrid(Slot instrument) noexcept;

  [[nodiscard]] Quote inquire(const Inquiry& inquiry) const noexcept {
    const Book& book = books_[inquiry.instrument];
    const Slot best = book.best(opposite(inquiry.side));
    Quote quote{.has_room = !inquiry.may_rest || has_room(), .best = {}, .protection = {}};
    if (best == kNil) return quote;
    quote.best = book.level(best).price;
    if (inquiry.market) quote.protection = protection(inquiry.instrument, inquiry.side, *quote.best);
    return quote;
  }
  // The prices that triggers watch.
  [[nodiscard]] WatchedPrices watched(Slot instrument) const noexcept;
  void place(const Place& place);
  // The same for an order that was accepted before: its trigger came true, or it entered with others.
  void activate(const Place& place);
  // Would an order with this limit trade now, inside the band?
  [[nodiscard]] bool would_take(const Place& place) const noexcept {
    return books_[place.instrument].would_cross(place.side, bound_of(place));
  }
  // Takes an order out that is to enter again.
  void lift(Slot instrument, Side side, Slot book_slot) noexcept { drop(books_[instrument], side, book_slot); }
  void enter_again(const Place& place) { enter(place); }
  // The best prices of the orders that are not pegged.
  [[nodiscard]] PegPrices unpegged_best(Slot instrument) const noexcept;
  void amend(const Amend& amend);
  // A plain order rests that takes nothing; it goes to the back of a level, or gives up all but `leaves`.
  [[nodiscard]] Slot rest(Slot instrument, Side side, std::int64_t price, const BookOrder& order) noexcept {
    return books_[instrument].rest(side, price, order);
  }
  void move(Slot instrument, Side side, Slot book_slot, std::int64_t price, std::int64_t leaves) noexcept {
    books_[instrument].move(side, book_slot, price, leaves);
  }
  void shrink(Slot instrument, Side side, Slot book_slot, std::int64_t leaves) noexcept {
    const std::int64_t less = books_[instrument].order(book_slot).leaves - leaves;
    if (less > 0) books_[instrument].reduce(side, book_slot, less);
  }
  void remove(const Remove& remove);
  void regroup(const Regroup& regroup) noexcept {
    books_[regroup.instrument].regroup(regroup.book_slot, regroup.self_trade_group);
  }

  // What the orders that collected would do if they were uncrossed now.
  [[nodiscard]] AuctionView find_uncross(Slot instrument) const;
  // Makes the next trade of an uncross at `price`; answers how much was traded of `quantity`.
  [[nodiscard]] std::int64_t uncross(Slot instrument, std::int64_t price, std::int64_t quantity);

  // The messages since the last `clear`.
  [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }
  [[nodiscard]] Outbox& outbox() noexcept { return outbox_; }

  // Told to come nearer: a book, the best level of a side, the order that trades first there; an order in its queue, and
  // what lies beside it.
  void prefetch(Slot instrument) const noexcept;
  void prefetch_best(Slot instrument, Side side) const noexcept;
  void prefetch_first(Slot instrument, Side side) const noexcept;
  void prefetch_order(Slot book_slot) const noexcept;
  void prefetch_neighbours(Slot book_slot) const noexcept;
  // The way to a level, in two steps.
  void prefetch_root(Slot instrument, Side side, std::int64_t price) const noexcept {
    books_[instrument].prefetch_root(side, price);
  }
  void prefetch_level(Slot instrument, Side side, std::int64_t price) const noexcept {
    books_[instrument].prefetch_level(side, price);
  }
  // Owner of the order that trades first on a side; kNil if there is none.
  [[nodiscard]] Slot first_owner(Slot instrument, Side side) const noexcept {
    const Slot level = books_[instrument].best(side);
    return level == kNil ? kNil : owner_of(pools_.orders[pools_.levels[level].first]);
  }
  [[nodiscard]] Slot owner_of(const BookOrder& order) const noexcept { return reserves_.owner_of(order) & ~kTiedMarks; }
  // What is open of an order, shown or not.
  [[nodiscard]] std::int64_t leaves_of(const BookOrder& order) const noexcept { return reserves_.leaves_of(order); }
  [[nodiscard]] bool may_hide_one_more() const noexcept { return reserves_.has_room(); }
  [[nodiscard]] bool reserves_consistent() const noexcept;

  // An order has more to trade, at the back of its level.
  void grow(Slot instrument, Side side, Slot book_slot, std::int64_t leaves) noexcept {
    Book& book = books_[instrument];
    book.move(side, book_slot, book.level(book.order(book_slot).level).price, leaves);
  }

  // Two orders, neither of which stands in a book, are a pair from here on.
  void link(Slot one, Slot other, bool cancels) noexcept { pairs_.join(one, other, cancels); }
  [[nodiscard]] const Pairs& pairs() const noexcept { return pairs_; }

  // Something else than a trade changed what is held.
  void restate_holding(Slot holding, std::int64_t quantity);
  [[nodiscard]] const Holdings& holdings() const noexcept { return holdings_; }

  [[nodiscard]] const Book& book(Slot instrument) const noexcept { return books_[instrument]; }
  // The MARKET orders that wait for an uncross, at the worst price that each may trade at.
  [[nodiscard]] const Book& waiting(Slot instrument) const noexcept { return waiting_[instrument]; }
  // The number of the last trade, and the one before the first.
  [[nodiscard]] std::uint64_t last_trade_id() const noexcept { return first_trade_id_ + trades_; }
  [[nodiscard]] std::uint64_t before_first_trade_id() const noexcept { return first_trade_id_; }
  [[nodiscard]] std::uint32_t open_orders() const noexcept { return pools_.orders.size(); }

  // Puts an order of a saved state back at the end of its queue.
  [[nodiscard]] Slot restore(const Place& place, bool waits);
  [[nodiscard]] bool has_room(std::uint32_t orders = 1) const noexcept {
    return pools_.orders.room() >= orders && pools_.levels.room() >= orders &&
           pools_.nodes.room() >= std::uint64_t{orders} * PriceIndex::kMaxNodesPerInsert;
  }
  void save_counters(StateWriter& out) const;
  [[nodiscard]] bool load_counters(StateReader& in);

 private:
  struct Taker;

  // Rests an order while its market collects.
  void collect(const Place& place);
  // Orders that only reduce: what a trade leaves of them, how one comes to rest, and what would trade beside them.
  void hold(Slot making, Slot taking, Side taking_side, std::int64_t quantity);
  void shorten(Slot holding);
  void shorten_order(Slot owner, std::int64_t most);
  void rest_reducing(Book& book, const Place& place, std::int64_t leaves);
  [[nodiscard]] Slot put_reducing(Book& book, const Place& place, std::int64_t leaves) noexcept;
  [[nodiscard]] static Reducer reducer_of(const Place& place, std::int64_t leaves) noexcept;
  [[nodiscard]] bool is_fillable_beside_reducers(const Place& place, std::int64_t bound) const noexcept;
  [[nodiscard]] std::int64_t count_maker(const Place& taker, const BookOrder& maker, std::int64_t leaves,
                                         std::int64_t most) const noexcept;
  [[nodiscard]] std::int64_t count_hidden(const Place& taker, Slot level, std::int64_t missing) const noexcept;
  void count_reducers(Slot instrument, AuctionView& view) const;
  // What would trade of a side in an uncross at `price`, in order: by levels, and by the parts that trade at a time.
  using LevelVisitor = std::function<void(const Book&, Slot level)>;
  void for_each_level(Slot instrument, Side side, std::int64_t price, const LevelVisitor& visit) const;
  using PartVisitor = std::function<void(const BookOrder& order, std::int64_t quantity)>;
  void for_each_part(Slot instrument, Side side, std::int64_t price, const PartVisitor& visit) const;
  struct Front {
    Book* book = nullptr;
    Slot order = kNil;
  };
  // The first order of a side in an uncross.
  [[nodiscard]] Front front(Slot instrument, Side side) noexcept;
  // Worst price of a MARKET order against this best one.
  [[nodiscard]] std::int64_t protection(Slot instrument, Side side, std::int64_t best) const noexcept;
  void enter(const Place& place);
  // What a fill of one leg does to the other; what the fills of an uncross come to with that.
  [[nodiscard]] static Slot leg_of(Slot marked) noexcept { return Reserves::unpegged(marked) & ~kLinkedMark; }
  void act_on_link(Slot owner, Slot instrument, Side side, std::int64_t quantity);
  void act_on_links(Slot maker, const Place& taker, std::int64_t quantity);
  void count_links(Slot instrument, AuctionView& view) const;
  [[nodiscard]] Int128 willing(Slot instrument, Side side, std::int64_t price) const;
  [[nodiscard]] bool meets_nothing(Slot instrument, Side side, std::int64_t limit) const noexcept;
  [[nodiscard]] std::int64_t affordable(const Taker& taker, std::int64_t price) const noexcept;
  [[nodiscard]] std::int64_t bound_of(const Place& place) const noexcept;
  [[nodiscard]] bool is_fillable(const Place& place) const noexcept;
  void cross(Taker& taker);
  // One encounter with the order at the front of the opposite side; `wanted` is above zero.
  void meet(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted);
  void trade(Taker& taker, Slot maker, std::int64_t price, std::int64_t quantity);
  void prevent(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted);
  void decrement(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted);
  void cancel_maker(const Taker& taker, Slot maker);
  void finish(Taker& taker);
  void finish_budget(Taker& taker);
  void expire_rest(const Taker& taker, EndReason otherwise);
  void rest(Book& book, const Place& place, std::int64_t leaves);
  // Puts so much of an order at the back of its level.
  [[nodiscard]] Slot put(Book& book, const Place& place, std::int64_t leaves) noexcept {
    if (!place.is_plain()) [[unlikely]] return put_apart(book, place, leaves);
    return book.rest(place.side, place.limit,
                     {.leaves = leaves, .self_trade_group = place.self_trade_group, .owner = place.owner});
  }
  [[nodiscard]] Slot put_apart(Book& book, const Place& place, std::int64_t leaves) noexcept;
  [[nodiscard]] Slot put_leg(Book& book, const Place& place, std::int64_t leaves) noexcept;
  [[nodiscard]] Slot put_slice(Book& book, const Place& place, std::int64_t leaves) noexcept;
  // Takes what traded, or was prevented, off a resting order.
  void take(Book& book, Side side, Slot order, std::int64_t quantity) {
    const BookOrder& from = book.order(order);
    if (Reserves::has(from)) [[unlikely]] return take_slice(book, side, order, quantity);
    if (from.is_tied()) [[unlikely]] untie(from, quantity);
    book.reduce(side, order, quantity);
  }
  void take_slice(Book& book, Side side, Slot order, std::int64_t quantity);
  // Takes an order out whole.
  void drop(Book& book, Side side, Slot slot) noexcept {
    const BookOrder& order = book.order(slot);
    if (Reserves::has(order)) [[unlikely]] reserves_.end(order);
    if (order.is_tied()) [[unlikely]] untie(order, order.leaves);
    book.reduce(side, slot, order.leaves);
  }
  // So much of it is about to leave the book.
  void untie(const BookOrder& order, std::int64_t quantity) noexcept {
    if (order.is_reducing()) return holdings_.shrink(owner_of(order), quantity);
    if (quantity == order.leaves) pairs_.leave(owner_of(order));
  }
  void reslice(Book& book, const Amend& amend);

  const Instruments& instruments_;
  LiquidityPools pools_;
  Reserves reserves_;
  Pairs pairs_;
  Holdings holdings_;
  std::vector<Book> books_;
  std::vector<Book> waiting_;
  Outbox outbox_;
  std::uint64_t first_trade_id_;
  std::uint64_t trades_ = 0;
};

}  // namespace exchange::engine
