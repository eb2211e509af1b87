// Orders that only reduce, in the books half: what a trade of their account leaves of them, and what it would leave.
#include <limits>

#include "books.hpp"

namespace exchange::engine {

// Of two orders of one account neither changes what it holds.
void Books::hold(Slot making, Slot taking, Side taking_side, std::int64_t quantity) {
  if (making == taking) return;
  holdings_.add(making, opposite(taking_side), quantity);
  holdings_.add(taking, taking_side, quantity);
  shorten(making);
  shorten(taking);
}

void Books::restate_holding(Slot holding, std::int64_t quantity) {
  holdings_.set_quantity(holding, quantity);
  shorten(holding);
}

// Those that trade last go first, until no more is open than is held.
void Books::shorten(Slot holding) {
  while (holdings_.excess(holding) > 0) shorten_order(holdings_.last(holding), holdings_.excess(holding));
}

void Books::shorten_order(Slot owner, std::int64_t most) {
  const Reducer reducer = holdings_[owner];
  Book& book = reducer.waits ? waiting_[reducer.instrument] : books_[reducer.instrument];
  const std::int64_t quantity = std::min(most, reducer.leaves);
  holdings_.shrink(owner, quantity);
  book.reduce(reducer.side, reducer.book_slot, quantity);
  if (quantity < reducer.leaves) {
    outbox_.messages.emplace_back(Reduced{owner, quantity});
  } else {
    outbox_.messages.emplace_back(Release{owner, OrderStatus::kCancelled, EndReason::kReducedAway});
  }
}

// The newcomer stands where its price says: those behind it make room, and then it goes short itself.
void Books::rest_reducing(Book& book, const Place& place, std::int64_t leaves) {
  const Slot holding = place.position;
  const Reducer newcomer = reducer_of(place, leaves);
  const std::int64_t held = Holdings::closable(holdings_.quantity(holding), place.side);
  const auto excess = [&] { return holdings_.open(holding) + leaves - held; };
  while (excess() > 0 && holdings_.last(holding) != kNil && holdings_.is_before(newcomer, holdings_.last(holding))) {
    shorten_order(holdings_.last(holding), excess());
  }
  const std::int64_t less = std::clamp<std::int64_t>(excess(), 0, leaves);
  if (less == leaves) {
    outbox_.messages.emplace_back(Release{place.owner, OrderStatus::kCancelled, EndReason::kReducedAway});
    return;
  }
  if (less > 0) outbox_.messages.emplace_back(Reduced{place.owner, less});
  outbox_.messages.emplace_back(Rested{place.owner, put(book, place, leaves - less)});
}

Reducer Books::reducer_of(const Place& place, std::int64_t leaves) noexcept {
  return {.price = place.limit,
          .leaves = leaves,
          .instrument = place.instrument,
          .side = place.side,
          .waits = place.type == OrderType::kMarket};
}

Slot Books::put_reducing(Book& book, const Place& place, std::int64_t leaves) noexcept {
  const Slot marked = (place.is_pegged ? Reserves::pegged(place.owner) : place.owner) | kReducingMark;
  Reducer reducer = reducer_of(place, leaves);
  reducer.book_slot =
      book.rest(place.side, place.limit, {.leaves = leaves, .self_trade_group = place.self_trade_group, .owner = marked});
  reducer.waits = &book == &waiting_[place.instrument];
  holdings_.stand(place.owner, reducer);
  return reducer.book_slot;
}

// Orders that only reduce never hide anything, so at each level all of them trade before anything that is hidden.
std::int64_t Books::count_maker(const Place& taker, const BookOrder& maker, std::int64_t leaves,
                                std::int64_t most) const noexcept {
  const Slot holding = holdings_.holding_of(owner_of(maker));
  const bool reduces = maker.is_reducing();
  const std::int64_t counted = std::min(reduces ? holdings_.left(holding, leaves) : leaves, most);
  if (holding == taker.position) {
    holdings_.count_own(holding, counted, reduces);
  } else {
    holdings_.count(holding, opposite(taker.side), counted, reduces);
  }
  return counted;
}

std::int64_t Books::count_hidden(const Place& taker, Slot level, std::int64_t missing) const noexcept {
  const Book& book = books_[taker.instrument];
  std::int64_t counted = 0;
  for (Slot slot = book.level(level).first; slot != kNil && counted < missing; slot = book.order(slot).next) {
    const BookOrder& maker = book.order(slot);
    if (!Reserves::has(maker) || taker.is_kept_from(maker.self_trade_group)) continue;
    counted += count_maker(taker, maker, reserves_.hidden(maker), missing - counted);
  }
  return counted;
}

bool Books::is_fillable_beside_reducers(const Place& place, std::int64_t bound) const noexcept {
  const Book& book = books_[place.instrument];
  std::int64_t missing = place.min_quantity;
  holdings_.begin_count();
  pairs_.begin_count();
  for (Slot at = book.best(opposite(place.side)); at != kNil; at = book.level(at).worse) {
    if (!crosses(place.side, bound, book.level(at).price)) return false;
    for (Slot slot = book.level(at).first; slot != kNil; slot = book.order(slot).next) {
      const BookOrder& maker = book.order(slot);
      const bool own = place.is_kept_from(maker.self_trade_group);
      if (own && place.mode != SelfTradePrevention::kCancelMaker) return false;
      if (own) continue;
      const std::int64_t left =
          maker.is_linked() ? pairs_.count(owner_of(maker), maker.leaves, missing) : maker.leaves;
      if ((missing -= count_maker(place, maker, left, missing)) == 0) return true;
    }
    if ((missing -= count_hidden(place, at, missing)) == 0) return true;
  }
  return false;
}

namespace {

// A part of an order that trades in an uncross before the next order does.
struct Part {
  Slot holding = kNil;
  Slot leg = kNil;  // the owner, if it is one of a pair; these never reduce only
  std::int64_t quantity = 0;
  bool reduces = false;
};

// What trades of one side in an uncross, in order.
class Queue {
 public:
  Queue(const Holdings& holdings, const Pairs& pairs, Side side) : holdings_(holdings), pairs_(pairs), side_(side) {}

  void add(const Part& part) { parts_.push_back(part); }
  // How much the first part that has anything left can trade; 0 if none has.
  [[nodiscard]] std::int64_t first() noexcept {
    for (; next_ < parts_.size(); ++next_) {
      if (const std::int64_t left = left_of(parts_[next_]); left > 0) return left;
    }
    return 0;
  }
  [[nodiscard]] Slot holding() const noexcept { return parts_[next_].holding; }
  void trade(std::int64_t quantity, bool with_itself) noexcept {
    Part& part = parts_[next_];
    part.quantity -= quantity;
    if (part.leg != kNil) pairs_.count_more(part.leg, quantity);
    if (with_itself) return holdings_.count_own(part.holding, quantity, part.reduces);
    holdings_.count(part.holding, side_, quantity, part.reduces);
  }
  [[nodiscard]] Int128 rest() noexcept {
    Int128 sum = 0;
    for (std::int64_t left = first(); left > 0; left = first()) {
      trade(left, true);
      ++next_;
      sum += left;
    }
    return sum;
  }

 private:
  [[nodiscard]] std::int64_t left_of(const Part& part) const noexcept {
    if (part.leg != kNil) return pairs_.left(part.leg, part.quantity);
    return part.reduces ? holdings_.left(part.holding, part.quantity) : part.quantity;
  }

  const Holdings& holdings_;
  const Pairs& pairs_;
  Side side_;
  std::vector<Part> parts_;
  std::size_t next_ = 0;
};

}  // namespace

// The price was found with all that is open; what trades at it is less where orders only reduce, so it is counted trade
// by trade.
void Books::count_reducers(Slot instrument, AuctionView& view) const {
  if (!instruments_[instrument].on_margin || holdings_.standing() == 0 || !view.price) return;
  Queue buys(holdings_, pairs_, Side::kBuy);
  Queue sells(holdings_, pairs_, Side::kSell);
  const auto add_to = [this](Queue& queue) {
    return [this, &queue](const BookOrder& order, std::int64_t quantity) {
      const Slot owner = owner_of(order);
      queue.add({holdings_.holding_of(owner), order.is_linked() ? owner : kNil, quantity, order.is_reducing()});
    };
  };
  for_each_part(instrument, Side::kBuy, *view.price, add_to(buys));
  for_each_part(instrument, Side::kSell, *view.price, add_to(sells));
  holdings_.begin_count();
  pairs_.begin_count();
  Int128 traded = 0;
  for (;;) {
    const std::int64_t quantity = std::min(buys.first(), sells.first());
    if (quantity == 0) break;
    const bool with_itself = buys.holding() == sells.holding();
    buys.trade(quantity, with_itself);
    sells.trade(quantity, with_itself);
    traded += quantity;
  }
  const Int128 most = std::numeric_limits<std::int64_t>::max();
  view.quantity = static_cast<std::int64_t>(std::min(traded, most));
  view.imbalance = static_cast<std::int64_t>(std::clamp(buys.rest() - sells.rest(), -most, most));
}

// All that is visible at a level, then what it hides, slice by slice.
void Books::for_each_part(Slot instrument, Side side, std::int64_t price, const PartVisitor& visit) const {
  for_each_level(instrument, side, price, [&](const Book& book, Slot level) {
    std::vector<std::pair<Slot, std::int64_t>> hidden;
    for (Slot at = book.level(level).first; at != kNil; at = book.order(at).next) {
      const BookOrder& order = book.order(at);
      visit(order, order.leaves);
      if (Reserves::has(order)) hidden.emplace_back(at, reserves_.hidden(order));
    }
    for (bool more = !hidden.empty(); more;) {
      more = false;
      for (auto& [at, left] : hidden) {
        const std::int64_t slice = std::min(left, reserves_.display(book.order(at)));
        if (slice > 0) visit(book.order(at), slice);
        left -= slice;
        more = more || left > 0;
      }
    }
  });
}

}  // namespace exchange::engine
