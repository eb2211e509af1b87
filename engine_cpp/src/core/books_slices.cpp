// Orders that rest otherwise than plain ones, in the books half. Of those that show a slice at a time, a slice that has
// traded makes room for the next one, which joins the back of its level: so all that was visible there trades before
// anything that was not. Pegged ones are marked, since the best prices that they follow are those of the others.
#include "books.hpp"

namespace exchange::engine {

Slot Books::put_apart(Book& book, const Place& place, std::int64_t leaves) noexcept {
  if (place.position != kNil) holdings_.join(place.owner, place.position);
  if (place.reduces) return put_reducing(book, place, leaves);
  if (place.display > 0) return put_slice(book, place, leaves);
  if (place.linked) return put_leg(book, place, leaves);
  const Slot marked = place.is_pegged ? Reserves::pegged(place.owner) : place.owner;
  return book.rest(place.side, place.limit,
                   {.leaves = leaves, .self_trade_group = place.self_trade_group, .owner = marked});
}

// Pegged orders are few: the walk passes no more than these.
PegPrices Books::unpegged_best(Slot instrument) const noexcept {
  const Book& book = books_[instrument];
  const auto best = [&](Side side) -> std::optional<std::int64_t> {
    for (Slot level = book.best(side); level != kNil; level = book.level(level).worse) {
      for (Slot at = book.level(level).first; at != kNil; at = book.order(at).next) {
        if (!Reserves::is_pegged(book.order(at))) return book.level(level).price;
      }
    }
    return {};
  };
  return {.bid = best(Side::kBuy), .ask = best(Side::kSell)};
}

Slot Books::put_slice(Book& book, const Place& place, std::int64_t leaves) noexcept {
  const std::int64_t slice = std::min(place.slice, leaves);
  BookOrder order{.leaves = slice, .self_trade_group = place.self_trade_group, .owner = place.owner};
  reserves_.begin(order, leaves - slice, place.display);
  const Slot slot = book.rest(place.side, place.limit, order);
  reserves_.stand(book.order(slot));
  return slot;
}

void Books::take_slice(Book& book, Side side, Slot slot, std::int64_t quantity) {
  const BookOrder& order = book.order(slot);
  if (quantity < order.leaves) return book.reduce(side, slot, quantity);
  const std::int64_t slice = reserves_.next_slice(order);
  if (slice == 0) return drop(book, side, slot);
  reserves_.show(order, slice);
  book.renew(side, slot, slice);
  outbox_.messages.emplace_back(Refreshed{reserves_.owner_of(order), slice});
}

// It keeps its place and its slice, but for what is too much of that now. An auction goes by what is hidden too.
void Books::reslice(Book& book, const Amend& amend) {
  const BookOrder& order = book.order(amend.book_slot);
  const std::int64_t slice = std::min({order.leaves, amend.display, amend.leaves});
  reserves_.change(order, amend.leaves - slice, amend.display);
  outbox_.unseen.push_back({.instrument = amend.instrument, .side = amend.side});
  if (slice < order.leaves) book.reduce(amend.side, amend.book_slot, order.leaves - slice);
}

// Nothing is hidden that is not some order's, and every reserve is of an order in a book.
bool Books::reserves_consistent() const noexcept {
  std::uint32_t reserved = 0;
  for (const Book& book : books_) {
    for (const Side side : {Side::kBuy, Side::kSell}) {
      for (Slot at = book.best(side); at != kNil; at = book.level(at).worse) {
        std::int64_t hidden = 0;
        for (Slot slot = book.level(at).first; slot != kNil; slot = book.order(slot).next) {
          if (!Reserves::has(book.order(slot))) continue;
          ++reserved;
          hidden += reserves_.hidden(book.order(slot));
        }
        if (hidden != reserves_.hidden_at(at)) return false;
      }
    }
  }
  return reserved == reserves_.size();
}

}  // namespace exchange::engine
