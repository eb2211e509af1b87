#include "books.hpp"

#include "bands.hpp"
#include "phases.hpp"
#include "quantities.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint32_t kExpectedMessages = 4'096;

// Levels may lie far apart: nodes for every level to have one of its own, and for both sides of both books to be high.
std::uint32_t node_capacity(const Limits& limits) noexcept {
  return limits.levels * 2 + limits.instruments * 4 + PriceIndex::kMaxNodesPerInsert;
}

bool may_rest(const Place& place) noexcept {
  return place.type == OrderType::kLimit && may_rest(place.time_in_force);
}

}  // namespace

// The arriving order while it trades.
struct Books::Taker {
  const Place& place;
  Book& book;
  const Instrument& instrument;
  std::int64_t bound = 0;       // worst price it may trade at: its limit, or the dynamic band's edge
  std::int64_t leaves = 0;      // of an order with a quantity
  std::int64_t used = 0;        // notional traded or prevented, of an order with a budget
  std::int64_t spendable = 0;   // largest notional that the budget covers with its fee
  bool stopped = false;         // ended by self-trade prevention, or by the trade that left its budget under one lot
  bool exhausted = false;       // its budget buys no lot at the next price

  [[nodiscard]] bool has_budget() const noexcept { return place.budget > 0; }
};

Books::Books(const Limits& limits, std::uint8_t shard, const Instruments& instruments)
    : instruments_(instruments),
      pools_{Pool<BookOrder>(std::min(limits.open_orders, kMaxBookOrders)), Pool<Level>(limits.levels),
             Pool<PriceNode>(node_capacity(limits))},
      reserves_(limits),
      pairs_(limits),
      holdings_(limits),
      first_trade_id_(std::uint64_t{shard} << 56) {
  books_.reserve(limits.instruments);
  waiting_.reserve(limits.instruments);
  outbox_.messages.reserve(kExpectedMessages);
}

void Books::open(Slot instrument) {
  assert(instrument == books_.size() && books_.size() < books_.capacity());
  books_.emplace_back(instrument, instruments_[instrument].tick, pools_).report_to(outbox_.changes);
  waiting_.emplace_back(instrument, instruments_[instrument].tick, pools_).report_to(outbox_.unseen);
}

void Books::regrid(Slot instrument) noexcept {
  books_[instrument].set_tick(instruments_[instrument].tick);
  waiting_[instrument].set_tick(instruments_[instrument].tick);
}

std::int64_t Books::protection(Slot slot, Side side, std::int64_t best) const noexcept {
  return band_edge(instruments_[slot], side, best, instruments_[slot].market_protection_bps);
}

WatchedPrices Books::watched(Slot instrument) const noexcept {
  const Book& book = books_[instrument];
  const StatedPrices& stated = instruments_[instrument].prices;
  const auto best = [&](Side side) {
    const Slot level = book.best(side);
    return level == kNil ? kNoPrice : book.level(level).price;
  };
  return {book.has_traded() ? book.last_price() : kNoPrice, stated.has_mark ? stated.mark : kNoPrice,
          stated.has_index ? stated.index : kNoPrice, best(Side::kSell), best(Side::kBuy)};
}

void Books::prefetch(Slot instrument) const noexcept {
  const auto* book = reinterpret_cast<const char*>(&books_[instrument]);
  for (std::size_t line = 0; line < sizeof(Book); line += 64) __builtin_prefetch(book + line, 1);
}

void Books::prefetch_best(Slot instrument, Side side) const noexcept {
  const Slot level = books_[instrument].best(side);
  if (level != kNil) __builtin_prefetch(pools_.levels.place(level), 1);
}

void Books::prefetch_first(Slot instrument, Side side) const noexcept {
  const Slot level = books_[instrument].best(side);
  if (level != kNil) prefetch_order(pools_.levels[level].first);
}

void Books::prefetch_order(Slot book_slot) const noexcept { __builtin_prefetch(pools_.orders.place(book_slot), 1); }

void Books::prefetch_neighbours(Slot book_slot) const noexcept {
  const BookOrder& order = pools_.orders[book_slot];
  if (order.next != kNil) __builtin_prefetch(pools_.orders.place(order.next), 1);
  if (order.previous != kNil) __builtin_prefetch(pools_.orders.place(order.previous), 1);
  if (order.level != kNil) __builtin_prefetch(pools_.levels.place(order.level), 1);
}

void Books::place(const Place& place) {
  const Instrument& instrument = instruments_[place.instrument];
  if (is_kept_from_taking(instrument, place.post_only) && books_[place.instrument].would_cross(place.side, place.limit)) {
    outbox_.messages.emplace_back(Refused{place.owner, Reason::kPostOnlyWouldCross});
    return;
  }
  outbox_.messages.emplace_back(Accepted{place.owner});
  if (instrument.collects()) return collect(place);
  enter(place);
}

void Books::activate(const Place& place) {
  const Instrument& instrument = instruments_[place.instrument];
  if (is_kept_from_taking(instrument, place.post_only) && books_[place.instrument].would_cross(place.side, place.limit)) {
    outbox_.messages.emplace_back(Release{place.owner, OrderStatus::kCancelled, EndReason::kPostOnlyWouldCross});
    return;
  }
  if (instrument.collects()) return collect(place);
  enter(place);
}

void Books::enter(const Place& place) {
  Book& book = books_[place.instrument];
  const Instrument& instrument = instruments_[place.instrument];
  if (may_rest(place) && meets_nothing(place.instrument, place.side, place.limit)) {
    return rest(book, place, place.quantity);
  }
  if (place.min_quantity > 0 && !is_fillable(place)) {
    const bool all = place.time_in_force == TimeInForce::kFok;
    const EndReason end_reason = all ? EndReason::kFokNotFillable : EndReason::kMinQuantityNotMet;
    outbox_.messages.emplace_back(Release{place.owner, OrderStatus::kExpired, end_reason});
    return;
  }
  Taker taker{.place = place, .book = book, .instrument = instrument, .bound = bound_of(place), .leaves = place.quantity};
  if (taker.has_budget()) taker.spendable = notional_within(place.budget, place.taker_fee_ppm);
  cross(taker);
  assert(place.quantity == 0 || place.quantity - taker.leaves >= place.min_quantity);
  finish(taker);
}

// An order that gives up its place enters the book anew, under the numbers it has.
void Books::amend(const Amend& amend) {
  Book& book = amend.waits ? waiting_[amend.instrument] : books_[amend.instrument];
  const std::int64_t leaves = book.order(amend.book_slot).leaves;
  const bool linked = book.order(amend.book_slot).is_linked();
  if (amend.leaves <= 0) {
    drop(book, amend.side, amend.book_slot);
    outbox_.messages.emplace_back(Release{amend.owner, OrderStatus::kCancelled, EndReason::kAmendedAway});
    return;
  }
  if (amend.keeps_priority) {
    if (amend.display > 0) [[unlikely]] return reslice(book, amend);
    if (leaves > amend.leaves) take(book, amend.side, amend.book_slot, leaves - amend.leaves);
    return;
  }
  const Instrument& instrument = instruments_[amend.instrument];
  const bool takes = !instrument.collects() && !meets_nothing(amend.instrument, amend.side, amend.limit);
  const bool reduces = book.order(amend.book_slot).is_reducing();
  if (!takes && amend.display == 0 && !reduces) {
    return book.move(amend.side, amend.book_slot, amend.limit, amend.leaves);
  }
  drop(book, amend.side, amend.book_slot);
  const Place place{.order_id = amend.order_id,
                    .self_trade_group = amend.self_trade_group,
                    .limit = amend.limit,
                    .quantity = amend.leaves,
                    .display = amend.display,
                    .slice = std::min(leaves, amend.display),
                    .owner = amend.owner,
                    .instrument = amend.instrument,
                    .position = instrument.on_margin ? holdings_.holding_of(amend.owner) : kNil,
                    .side = amend.side,
                    .type = amend.waits ? OrderType::kMarket : OrderType::kLimit,
                    .time_in_force = TimeInForce::kGtc,
                    .mode = amend.mode,
                    .linked = linked,
                    .reduces = reduces};
  if (instrument.collects()) return collect(place);
  Taker taker{
      .place = place, .book = book, .instrument = instrument, .bound = bound_of(place), .leaves = amend.leaves};
  cross(taker);
  finish(taker);
}

// Nothing of the other side is within its limit, and no band holds it back.
bool Books::meets_nothing(Slot instrument, Side side, std::int64_t limit) const noexcept {
  return !instruments_[instrument].has_dynamic_band && !books_[instrument].would_cross(side, limit);
}

void Books::remove(const Remove& remove) {
  Book& book = remove.waits ? waiting_[remove.instrument] : books_[remove.instrument];
  assert(owner_of(book.order(remove.book_slot)) == remove.owner);
  drop(book, remove.side, remove.book_slot);
  outbox_.messages.emplace_back(Release{remove.owner, remove.status, remove.end_reason});
}

// The band stands still while a command is matched, or many small steps would lead anywhere.
std::int64_t Books::bound_of(const Place& place) const noexcept {
  const Instrument& instrument = instruments_[place.instrument];
  if (!instrument.has_dynamic_band) return place.limit;
  const Book& book = books_[place.instrument];
  if (!book.has_traded()) return place.limit;
  const std::int64_t edge = band_edge(instrument, place.side, book.last_price(), instrument.terms.dynamic_band_bps);
  return less_aggressive(place.side, place.limit, edge);
}

bool Books::is_fillable(const Place& place) const noexcept {
  const Book& book = books_[place.instrument];
  const std::int64_t bound = bound_of(place);
  if (place.position != kNil && holdings_.standing() > 0) return is_fillable_beside_reducers(place, bound);
  std::int64_t missing = place.min_quantity;
  pairs_.begin_count();
  for (Slot at = book.best(opposite(place.side)); at != kNil; at = book.level(at).worse) {
    if (!crosses(place.side, bound, book.level(at).price)) return false;
    std::int64_t hidden = 0;  // at this level: it trades after all that is visible there
    for (Slot slot = book.level(at).first; slot != kNil; slot = book.order(slot).next) {
      const BookOrder& maker = book.order(slot);
      const bool own = place.is_kept_from(maker.self_trade_group);
      if (own && place.mode != SelfTradePrevention::kCancelMaker) return false;
      if (own) continue;
      const std::int64_t left =
          maker.is_linked() ? pairs_.count(owner_of(maker), maker.leaves, missing) : maker.leaves;
      if ((missing -= std::min(missing, left)) == 0) return true;
      if (Reserves::has(maker)) hidden += reserves_.hidden(maker);
    }
    if ((missing -= std::min(missing, hidden)) == 0) return true;
  }
  return false;
}

void Books::cross(Taker& taker) {
  const Side other = opposite(taker.place.side);
  while (!taker.stopped && !taker.exhausted && (taker.has_budget() || taker.leaves > 0)) {
    const Slot best = taker.book.best(other);
    if (best == kNil) return;
    const std::int64_t price = taker.book.level(best).price;
    if (!crosses(taker.place.side, taker.bound, price)) return;
    const std::int64_t wanted = taker.has_budget() ? affordable(taker, price) : taker.leaves;
    if (wanted == 0) {
      taker.exhausted = true;
    } else {
      meet(taker, taker.book.level(best).first, price, wanted);
    }
  }
}

std::int64_t Books::affordable(const Taker& taker, std::int64_t price) const noexcept {
  const std::int64_t lot_notional = taker.instrument.notional(price, taker.instrument.lot);
  assert(lot_notional > 0 && taker.used <= taker.spendable);
  const std::int64_t lots = (taker.spendable - taker.used) / lot_notional;
  // What no order can hold is as good as without end, and the product would not fit.
  return lots > kMaxAmount / taker.instrument.lot ? kMaxAmount + 1 : lots * taker.instrument.lot;
}

void Books::meet(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted) {
  const BookOrder& order = taker.book.order(maker);
  if (taker.place.is_kept_from(order.self_trade_group)) {
    prevent(taker, maker, price, wanted);
  } else {
    trade(taker, maker, price, std::min(wanted, order.leaves));
  }
}

void Books::trade(Taker& taker, Slot maker, std::int64_t price, std::int64_t quantity) {
  const std::int64_t notional = taker.instrument.notional(price, quantity);
  if (taker.has_budget()) {
    taker.used += notional;
    taker.stopped = affordable(taker, price) == 0;  // and so at every later, worse price
  }
  const Slot marked = taker.book.order(maker).owner;
  const Slot making = taker.place.position == kNil ? kNil : holdings_.holding_of(owner_of(taker.book.order(maker)));
  outbox_.messages.emplace_back(Fill{.trade_id = first_trade_id_ + ++trades_,
                                     .trade_seq = taker.book.next_trade_seq(),
                                     .price = price,
                                     .quantity = quantity,
                                     .notional = notional,
                                     .maker = owner_of(taker.book.order(maker)),
                                     .taker = taker.place.owner,
                                     .instrument = taker.place.instrument,
                                     .taker_side = taker.place.side,
                                     .taker_done = taker.stopped});
  taker.book.set_last_price(price);
  take(taker.book, opposite(taker.place.side), maker, quantity);
  if ((marked & kLinkedMark) != 0 || taker.place.linked) [[unlikely]] act_on_links(marked, taker.place, quantity);
  if (making != kNil) [[unlikely]] hold(making, taker.place.position, taker.place.side, quantity);
  if (!taker.has_budget()) taker.leaves -= quantity;
}

void Books::prevent(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted) {
  const BookOrder& order = taker.book.order(maker);
  const SelfTradePrevention mode = taker.place.mode;
  outbox_.messages.emplace_back(Prevented{.price = price,
                                          .quantity = std::min(wanted, order.leaves),
                                          .maker = owner_of(order),
                                          .taker = taker.place.owner,
                                          .instrument = taker.place.instrument,
                                          .mode = mode});
  if (mode == SelfTradePrevention::kDecrement) return decrement(taker, maker, price, wanted);
  if (mode != SelfTradePrevention::kCancelTaker) cancel_maker(taker, maker);
  if (mode == SelfTradePrevention::kCancelMaker) return;
  outbox_.messages.emplace_back(Release{taker.place.owner, OrderStatus::kCancelled, EndReason::kSelfTrade});
  taker.stopped = true;
}

void Books::cancel_maker(const Taker& taker, Slot maker) {
  const Slot owner = owner_of(taker.book.order(maker));
  outbox_.messages.emplace_back(Release{owner, OrderStatus::kCancelled, EndReason::kSelfTrade});
  drop(taker.book, opposite(taker.place.side), maker);
}

// The accounts half ends an order whose open quantity is all prevented; an order with a budget has none to tell by, so
// it is released here when this encounter used up what it could still afford.
void Books::decrement(Taker& taker, Slot maker, std::int64_t price, std::int64_t wanted) {
  const std::int64_t quantity = std::min(wanted, taker.book.order(maker).leaves);
  take(taker.book, opposite(taker.place.side), maker, quantity);
  if (!taker.has_budget()) {
    taker.leaves -= quantity;
    taker.stopped = taker.leaves == 0;
    return;
  }
  taker.used += taker.instrument.notional(price, quantity);
  if (quantity < wanted) return;
  outbox_.messages.emplace_back(Release{taker.place.owner, OrderStatus::kCancelled, EndReason::kSelfTrade});
  taker.stopped = true;
}

void Books::finish(Taker& taker) {
  if (taker.stopped) return;
  if (taker.has_budget()) return finish_budget(taker);
  if (taker.leaves == 0) return;
  const bool banded = taker.bound != taker.place.limit;
  if (may_rest(taker.place)) {
    if (!banded) return rest(taker.book, taker.place, taker.leaves);
    outbox_.messages.emplace_back(Release{taker.place.owner, OrderStatus::kExpired, EndReason::kPriceBand});
    return;
  }
  const bool market = taker.place.type == OrderType::kMarket;
  expire_rest(taker, market ? EndReason::kMarketRemainder : EndReason::kIocRemainder);
}

// What the dynamic band alone kept from trading says so.
void Books::expire_rest(const Taker& taker, EndReason otherwise) {
  const bool banded = taker.bound != taker.place.limit && taker.book.would_cross(taker.place.side, taker.place.limit);
  outbox_.messages.emplace_back(
      Release{taker.place.owner, OrderStatus::kExpired, banded ? EndReason::kPriceBand : otherwise});
}

void Books::finish_budget(Taker& taker) {
  if (!taker.exhausted) return expire_rest(taker, EndReason::kMarketRemainder);
  outbox_.messages.emplace_back(Release{taker.place.owner, OrderStatus::kFilled, EndReason::kNone});
}

void Books::rest(Book& book, const Place& place, std::int64_t leaves) {
  if (place.reduces) [[unlikely]] return rest_reducing(book, place, leaves);
  outbox_.messages.emplace_back(Rested{place.owner, put(book, place, leaves)});
}

Slot Books::restore(const Place& place, bool waits) {
  assert(has_room());
  Book& book = waits ? waiting_[place.instrument] : books_[place.instrument];
  const std::uint64_t seq = book.seq();
  const Slot slot = put(book, place, place.quantity);
  book.set_seq(seq);
  outbox_.clear();
  return slot;
}

void Books::save_counters(StateWriter& out) const {
  out.put(trades_, static_cast<std::uint32_t>(books_.size()));
  for (const Book& book : books_) out.put(book.seq(), book.trade_seq(), book.last_price());
}

bool Books::load_counters(StateReader& in) {
  in.get(trades_);
  in.require(trades_ < std::uint64_t{1} << 56);
  in.require(in.get_count(instruments_.size()) == instruments_.size());
  for (Slot slot = 0; in.ok() && slot < instruments_.size(); ++slot) {
    std::uint64_t seq = 0;
    std::uint64_t trade_seq = 0;
    std::int64_t last_price = 0;
    in.get(seq, trade_seq, last_price);
    in.require(trade_seq > 0 ? instruments_[slot].is_price(last_price) : last_price == 0);
    open(slot);
    books_[slot].set_seq(seq);
    books_[slot].set_trade_seq(trade_seq);
    books_[slot].set_last_price(last_price);
  }
  return in.ok();
}

}  // namespace exchange::engine
