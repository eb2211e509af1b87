// Orders that are linked in pairs, in the books half: what a fill does to the other leg, and what it would do.
#include <limits>

#include "bands.hpp"
#include "books.hpp"

namespace exchange::engine {

std::int64_t Pairs::count(Slot owner, std::int64_t leaves, std::int64_t most) const noexcept {
  const Leg& leg = legs_[owner];
  const Leg& other = legs_[leg.other];
  if (other.other == owner && other.count == count_ && other.counted > 0) {
    leaves = leg.cancels ? 0 : leaves - std::min(leaves, other.counted);
  }
  leg.count = count_;
  leg.counted = std::min(leaves, most);
  return leg.counted;
}

std::int64_t Pairs::left(Slot owner, std::int64_t open) const noexcept {
  const Leg& leg = legs_[owner];
  const Leg& other = legs_[leg.other];
  if (other.other != owner || other.count != count_ || other.counted == 0) return open;
  return leg.cancels ? 0 : std::max(open - other.counted, std::int64_t{0});
}

void Pairs::count_more(Slot owner, std::int64_t quantity) const noexcept {
  const Leg& leg = legs_[owner];
  leg.counted = leg.count == count_ ? leg.counted + quantity : quantity;
  leg.count = count_;
}

Slot Books::put_leg(Book& book, const Place& place, std::int64_t leaves) noexcept {
  const Slot marked = (place.is_pegged ? Reserves::pegged(place.owner) : place.owner) | kLinkedMark;
  const Slot slot = book.rest(place.side, place.limit,
                              {.leaves = leaves, .self_trade_group = place.self_trade_group, .owner = marked});
  pairs_.stand(place.owner, slot, &book == &waiting_[place.instrument]);
  return slot;
}

// The other leg is of the same side, so it is no part of the encounter that fills this one.
void Books::act_on_link(Slot owner, Slot instrument, Side side, std::int64_t quantity) {
  const Pairs::Place other = pairs_.other(owner);
  if (other.book_slot == kNil) return;
  Book& book = other.waits ? waiting_[instrument] : books_[instrument];
  const std::int64_t leaves = book.order(other.book_slot).leaves;
  take(book, side, other.book_slot, other.cancels ? leaves : std::min(leaves, quantity));
}

void Books::act_on_links(Slot maker, const Place& taker, std::int64_t quantity) {
  if ((maker & kLinkedMark) != 0) act_on_link(leg_of(maker), taker.instrument, opposite(taker.side), quantity);
  if (taker.linked) act_on_link(taker.owner, taker.instrument, taker.side, quantity);
}

// Both legs of a pair have their part in the search for the price; what trades at it is what is left of each once those
// before it have traded.
void Books::count_links(Slot instrument, AuctionView& view) const {
  if (pairs_.standing() == 0 || !view.price) return;
  const Int128 demand = willing(instrument, Side::kBuy, *view.price);
  const Int128 supply = willing(instrument, Side::kSell, *view.price);
  const Int128 surplus = demand - supply;
  const Int128 most = std::numeric_limits<std::int64_t>::max();
  view.quantity = static_cast<std::int64_t>(std::min({demand, supply, most}));
  view.imbalance = static_cast<std::int64_t>(std::clamp(surplus, -most, most));
}

Int128 Books::willing(Slot instrument, Side side, std::int64_t price) const {
  Int128 sum = 0;
  pairs_.begin_count();
  for_each_level(instrument, side, price, [&](const Book& book, Slot level) {
    for (Slot at = book.level(level).first; at != kNil; at = book.order(at).next) {
      const BookOrder& order = book.order(at);
      sum += order.is_linked() ? pairs_.count(owner_of(order), order.leaves, order.leaves) : leaves_of(order);
    }
  });
  return sum;
}

}  // namespace exchange::engine
