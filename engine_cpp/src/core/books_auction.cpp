// Auctions in the books half: orders collect, then all that can trade does, at one price.
#include "bands.hpp"
#include "books.hpp"

namespace exchange::engine {

void Books::collect(const Place& place) {
  const bool waits = place.type == OrderType::kMarket;
  Book& book = waits ? waiting_[place.instrument] : books_[place.instrument];
  rest(book, place, place.quantity);
}

AuctionView Books::find_uncross(Slot instrument) const {
  const Book& book = books_[instrument];
  const StatedPrices& prices = instruments_[instrument].prices;
  std::optional<std::int64_t> centre;
  if (book.has_traded()) centre = book.last_price();
  if (prices.has_reference) centre = prices.reference;
  AuctionView view =
      engine::find_uncross({book, waiting_[instrument], reserves_}, instruments_[instrument].tick, centre);
  count_links(instrument, view);
  count_reducers(instrument, view);
  return view;
}

// A MARKET order stands at the edge of the band, which no limit passes, before the limits there.
Books::Front Books::front(Slot instrument, Side side) noexcept {
  Book& book = books_[instrument];
  Book& waiting = waiting_[instrument];
  const Slot limits = book.best(side);
  const Slot markets = waiting.best(side);
  const bool market = markets != kNil &&
                      (limits == kNil || !is_beyond(side, book.level(limits).price, waiting.level(markets).price));
  if (market) return {&waiting, waiting.level(markets).first};
  assert(limits != kNil);
  return {&book, book.level(limits).first};
}

// In the order in which they trade: MARKET orders stand at the edge of the band, before the limits there.
void Books::for_each_level(Slot instrument, Side side, std::int64_t price, const LevelVisitor& visit) const {
  const Book& book = books_[instrument];
  const Book& waiting = waiting_[instrument];
  Slot limits = book.best(side);
  Slot markets = waiting.best(side);
  while (limits != kNil || markets != kNil) {
    const bool market = markets != kNil && (limits == kNil || !is_beyond(side, book.level(limits).price,
                                                                         waiting.level(markets).price));
    const Book& from = market ? waiting : book;
    Slot& level = market ? markets : limits;
    if (!crosses(side, from.level(level).price, price)) return;
    visit(from, level);
    level = from.level(level).worse;
  }
}

// Neither takes; the trade names the buy where it has to name one.
std::int64_t Books::uncross(Slot instrument, std::int64_t price, std::int64_t quantity) {
  const Front buy = front(instrument, Side::kBuy);
  const Front sell = front(instrument, Side::kSell);
  const BookOrder& buyer = buy.book->order(buy.order);
  const BookOrder& seller = sell.book->order(sell.order);
  const std::int64_t traded = std::min({quantity, buyer.leaves, seller.leaves});
  const Slot marked_buyer = buyer.owner;
  const Slot marked_seller = seller.owner;
  Book& book = books_[instrument];
  outbox_.messages.emplace_back(Fill{.trade_id = first_trade_id_ + ++trades_,
                                     .trade_seq = book.next_trade_seq(),
                                     .price = price,
                                     .quantity = traded,
                                     .notional = instruments_[instrument].notional(price, traded),
                                     .maker = owner_of(seller),
                                     .taker = owner_of(buyer),
                                     .instrument = instrument,
                                     .taker_side = Side::kBuy,
                                     .uncross = true});
  book.set_last_price(price);
  const bool on_margin = instruments_[instrument].on_margin;
  const Slot buying = on_margin ? holdings_.holding_of(owner_of(buyer)) : kNil;
  const Slot selling = on_margin ? holdings_.holding_of(owner_of(seller)) : kNil;
  take(*buy.book, Side::kBuy, buy.order, traded);
  take(*sell.book, Side::kSell, sell.order, traded);
  if ((marked_seller & kLinkedMark) != 0) act_on_link(leg_of(marked_seller), instrument, Side::kSell, traded);
  if ((marked_buyer & kLinkedMark) != 0) act_on_link(leg_of(marked_buyer), instrument, Side::kBuy, traded);
  if (on_margin) hold(selling, buying, Side::kBuy, traded);
  return traded;
}

}  // namespace exchange::engine
