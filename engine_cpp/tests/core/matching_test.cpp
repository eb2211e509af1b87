// Who trades with whom, at what price, how much, and what becomes of the rest.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

using MatchingTest = Venue;

TEST_F(MatchingTest, RestsAnOrderThatMeetsNothing) {
  const Outcome placed = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.order().status, OrderStatus::kNew);
  EXPECT_EQ(placed.order().leaves_quantity, 100);
  EXPECT_EQ(placed.order().version, 1U);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 100}}));
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(MatchingTest, TradesAtTheRestingPriceInOrderOfPriceThenTime) {
  const auto dear = submit(limit(kBob, Side::kSell, 10'010, 100)).order().order_id;
  const auto first = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  const auto second = submit(limit(kCarol, Side::kSell, 10'000, 100)).order().order_id;
  const Outcome taker = submit(limit(kAlice, Side::kBuy, 10'010, 250));
  const auto trades = taker.all<TradeView>();
  ASSERT_EQ(trades.size(), 3U);
  EXPECT_EQ(trades[0].maker_order_id, first);
  EXPECT_EQ(trades[1].maker_order_id, second);
  EXPECT_EQ(trades[2].maker_order_id, dear);
  EXPECT_EQ(trades[0].price, 10'000);
  EXPECT_EQ(trades[2].price, 10'010);
  EXPECT_EQ(trades[2].quantity, 50);
  EXPECT_EQ(trades[2].taker_side, Side::kBuy);
  EXPECT_EQ(taker.order().status, OrderStatus::kFilled);
  EXPECT_EQ(taker.result.fills.size(), 3U);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'010, 50}}));
}

TEST_F(MatchingTest, RestsWhatALimitOrderLeaves) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome taker = submit(limit(kAlice, Side::kBuy, 10'005, 150));
  EXPECT_EQ(taker.order().status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(taker.order().leaves_quantity, 50);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'005, 50}}));
}

TEST_F(MatchingTest, ExpiresWhatAnImmediateOrCancelLeaves) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 150);
  order.time_in_force = TimeInForce::kIoc;
  const Outcome taker = submit(order);
  EXPECT_EQ(taker.order().status, OrderStatus::kExpired);
  EXPECT_EQ(taker.order().end_reason, EndReason::kIocRemainder);
  EXPECT_EQ(taker.order().cum_quantity, 100);
  EXPECT_EQ(taker.order().cancelled_quantity, 50);
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(MatchingTest, FillsOrKillsInFull) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kBob, Side::kSell, 10'010, 100));
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'005, 150);
  order.time_in_force = TimeInForce::kFok;
  const Outcome killed = submit(order);
  EXPECT_EQ(killed.order().status, OrderStatus::kExpired);
  EXPECT_EQ(killed.order().end_reason, EndReason::kFokNotFillable);
  EXPECT_TRUE(killed.all<TradeView>().empty());
  EXPECT_TRUE(killed.all<BookChangeView>().empty());
  order = limit(kAlice, Side::kBuy, 10'010, 150);
  order.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(order).order().status, OrderStatus::kFilled);
}

TEST_F(MatchingTest, RefusesAPostOnlyThatWouldTake) {
  submit(limit(kAlice, Side::kSell, 10'000, 100));
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);  // own orders count as crossing
  order.post_only = true;
  const Outcome refused = submit(order);
  EXPECT_EQ(refused.reason(), Reason::kPostOnlyWouldCross);
  EXPECT_EQ(refused.order().status, OrderStatus::kRejected);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  order = limit(kAlice, Side::kBuy, 9'995, 110);
  order.post_only = true;
  EXPECT_EQ(submit(order).order().status, OrderStatus::kNew);
}

TEST_F(MatchingTest, MarketTradesInsideItsProtectionAndNeverRests) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kBob, Side::kSell, 10'050, 100));  // 50 bps: the last price inside
  submit(limit(kBob, Side::kSell, 10'055, 100));
  const Outcome swept = submit(market(kAlice, Side::kBuy, 300));
  EXPECT_EQ(swept.order().status, OrderStatus::kExpired);
  EXPECT_EQ(swept.order().end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(swept.order().cum_quantity, 200);
  EXPECT_EQ(swept.order().price, 0);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'055, 100}}));
}

TEST_F(MatchingTest, MarketNeedsAnOppositeSide) {
  const Outcome refused = submit(market(kAlice, Side::kSell, 100));
  EXPECT_EQ(refused.reason(), Reason::kNoLiquidity);
  EXPECT_EQ(refused.order().status, OrderStatus::kRejected);
}

TEST_F(MatchingTest, BudgetBuysTheMostLotsWithTheirFee) {
  submit(limit(kBob, Side::kSell, 10'000, 1'000));
  PlaceOrder order = market(kAlice, Side::kBuy, 0);
  order.quote_budget = 5'005'000;  // 50 lots cost 5,000,000 and a fee of 5,000
  const Outcome bought = submit(order);
  EXPECT_EQ(bought.order().status, OrderStatus::kFilled);
  EXPECT_EQ(bought.order().cum_quantity, 500);
  EXPECT_EQ(bought.order().quantity, 500);
  EXPECT_EQ(bought.order().cum_notional + bought.order().cum_fee, 5'005'000);
  order = market(kAlice, Side::kBuy, 0);
  order.quote_budget = 5'004'999;
  EXPECT_EQ(submit(order).order().cum_quantity, 490);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(MatchingTest, BudgetBeyondTheBookExpires) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  PlaceOrder order = market(kAlice, Side::kBuy, 0);
  order.quote_budget = 9'000'000;
  const Outcome bought = submit(order);
  EXPECT_EQ(bought.order().status, OrderStatus::kExpired);
  EXPECT_EQ(bought.order().end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(bought.order().quantity, 100);
  EXPECT_EQ(bought.order().leaves_quantity, 0);
}

// 10^10 lots of 10^9: more than an integer of 64 bits counts.
TEST_F(MatchingTest, BudgetBeyondAnyQuantityTakesTheBook) {
  constexpr std::int64_t kSold = 4'000'000'000'000;
  submit(penny());
  fund(kBob, kEth, 10 * kSold);
  PlaceOrder offer = limit(kBob, Side::kSell, 1, kSold);
  offer.instrument_id = kPenny;
  ASSERT_EQ(submit(offer).reason(), Reason::kNone);
  PlaceOrder order = market(kAlice, Side::kBuy, 0);
  order.instrument_id = kPenny;
  order.quote_budget = 10'010'000'000;
  const Outcome bought = submit(order);
  EXPECT_EQ(bought.order().status, OrderStatus::kExpired);
  EXPECT_EQ(bought.order().cum_quantity, kSold);
  EXPECT_EQ(bought.order().cum_notional, 4'000);
}

TEST_F(MatchingTest, ALevelOfTheLargestOrdersIsCounted) {
  InstrumentDefinition vast = penny();
  vast.max_quantity = (std::int64_t{1} << 42) + 1;
  EXPECT_EQ(submit(vast).reason(), Reason::kInstrumentInvalid);
  vast.max_quantity = std::int64_t{1} << 42;
  ASSERT_EQ(submit(vast).reason(), Reason::kNone);
  for (int i = 0; i < 3; ++i) {
    PlaceOrder order = limit(kAlice, Side::kBuy, 1, 4'398'000'000'000);
    order.instrument_id = kPenny;
    ASSERT_EQ(submit(order).reason(), Reason::kNone);
  }
  std::vector<PriceLevel> levels(1);
  ASSERT_EQ(core_.depth(kPenny, Side::kBuy, levels), 1U);
  EXPECT_EQ(levels[0], (PriceLevel{1, 13'194'000'000'000}));
}

TEST_F(MatchingTest, CancelTakesAnOrderOutOnce) {
  const auto id = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  EXPECT_EQ(submit(cancel(kBob, id)).reason(), Reason::kOrderNotFound);
  const Outcome gone = submit(cancel(kAlice, id));
  EXPECT_EQ(gone.reason(), Reason::kNone);
  EXPECT_EQ(gone.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(gone.order().end_reason, EndReason::kRequested);
  EXPECT_EQ(gone.order().version, 2U);
  const Outcome again = submit(cancel(kAlice, id));
  EXPECT_EQ(again.reason(), Reason::kOrderNotOpen);
  EXPECT_EQ(again.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(submit(cancel(kAlice, 0)).reason(), Reason::kOrderNotFound);
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(MatchingTest, CancelFindsAnOrderByTheOwnersId) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  submit(order);
  CancelOrder request = cancel(kAlice, 0);
  request.client_order_id = order.client_order_id;
  EXPECT_EQ(submit(request).order().status, OrderStatus::kCancelled);
  request.client_order_id = "never-used";
  EXPECT_EQ(submit(request).reason(), Reason::kOrderNotFound);
}

TEST_F(MatchingTest, TellsOwnersBeforeThePublicAndTheBookLast) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome taker = submit(limit(kAlice, Side::kBuy, 10'005, 150));
  std::vector<std::size_t> kinds;
  for (const ReadEvent& event : taker.events) kinds.push_back(event.index());
  const std::vector<std::size_t> expected{
      3, 5,              // accepted, held
      3, 3,              // filled: maker, taker
      5, 5, 5, 5,        // buyer: notional, fee, hold released, base received
      5, 5, 5,           // seller: base delivered, proceeds, fee
      5,                 // fees collected
      6,                 // the trade
      7, 7,              // the offer gone, the bid there
  };
  EXPECT_EQ(kinds, expected);
  const auto changes = taker.all<BookChangeView>();
  EXPECT_EQ(changes[0].quantity, 0);
  EXPECT_EQ(changes[1].quantity, 50);
  EXPECT_EQ(changes[1].book_seq, changes[0].book_seq + 1);
}

TEST_F(MatchingTest, ReportsALevelOnceForARunOfChanges) {
  for (int i = 0; i < 3; ++i) submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome taker = submit(limit(kAlice, Side::kBuy, 10'000, 250));
  const auto changes = taker.all<BookChangeView>();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].quantity, 50);
  EXPECT_EQ(changes[0].book_seq, 4U);
}

TEST_F(MatchingTest, AFarPriceCostsNoMoreThanANearOne) {
  InstrumentDefinition wide = btc_kk99();
  wide.instrument_id = 99;
  wide.symbol = "WIDE-KK99";
  wide.tick = 1;
  wide.lot = 1;
  wide.min_quantity = 1;
  wide.max_notional = std::int64_t{1} << 61;
  ASSERT_EQ(submit(encode(wide)).reason(), Reason::kNone);
  PlaceOrder near = limit(kAlice, Side::kSell, 1'000'000, 1);
  PlaceOrder far = limit(kAlice, Side::kSell, 1'000'000'000'000'000'000, 1);
  near.instrument_id = far.instrument_id = 99;
  EXPECT_EQ(submit(far).order().status, OrderStatus::kNew);
  EXPECT_EQ(submit(near).order().status, OrderStatus::kNew);
  std::vector<PriceLevel> levels(4);
  ASSERT_EQ(core_.depth(99, Side::kSell, levels), 2U);
  EXPECT_EQ(levels[0].price, 1'000'000);
  EXPECT_EQ(levels[1].price, 1'000'000'000'000'000'000);
}

}  // namespace
}  // namespace exchange::engine::testing
