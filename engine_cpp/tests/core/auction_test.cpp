// Auctions: orders collect, the price at which most trades is found, and all that can trade does, at that price.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class AuctionTest : public Venue {
 protected:
  void SetUp() override {
    Venue::SetUp();
    InstrumentDefinition banded = btc_kk99();
    banded.terms.static_band_bps = 1'000;
    ASSERT_EQ(submit(UpdateInstrument{&banded}).reason(), Reason::kNone);
    state_reference(10'000);  // 9,000 to 11,000
    enter(TradingPhase::kAuction, AuctionKind::kOpening);
  }
  Outcome enter(TradingPhase phase, AuctionKind kind = AuctionKind::kNone) {
    return submit(SetPhase{kBtcKk99, phase, kind});
  }
  Outcome open() { return enter(TradingPhase::kContinuous); }
  Outcome state_reference(std::int64_t price) {
    return submit(SetMarkPrice{.instrument_id = kBtcKk99, .has_reference_price = true, .reference_price = price});
  }
  Outcome buy(std::int64_t price, std::int64_t quantity) { return submit(limit(kAlice, Side::kBuy, price, quantity)); }
  Outcome sell(std::int64_t price, std::int64_t quantity) { return submit(limit(kBob, Side::kSell, price, quantity)); }
  PlaceOrder for_auction(PlaceOrder order, TimeInForce time = TimeInForce::kAtOpen) {
    order.time_in_force = time;
    return order;
  }
  // What the last command made the auction do.
  static AuctionView told(const Outcome& outcome) { return outcome.all<AuctionEvent>().at(0).view; }
};

TEST_F(AuctionTest, OrdersCollectWithoutMatching) {
  buy(10'000, 200);
  const Outcome crossing = sell(9'900, 200);
  EXPECT_EQ(crossing.order().status, OrderStatus::kNew);
  EXPECT_EQ(depth(Side::kBuy).at(0).price, 10'000);
  EXPECT_EQ(depth(Side::kSell).at(0).price, 9'900);
  PlaceOrder maker = limit(kAlice, Side::kBuy, 10'000, 200);
  maker.post_only = true;
  EXPECT_EQ(submit(maker).reason(), Reason::kNone);
}

TEST_F(AuctionTest, WhatWantsToTradeAtOnceIsRefused) {
  PlaceOrder ioc = limit(kAlice, Side::kBuy, 10'000, 200);
  ioc.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(ioc).reason(), Reason::kPhaseNotAllowed);
  EXPECT_EQ(submit(market(kAlice, Side::kBuy, 200)).reason(), Reason::kPhaseNotAllowed);
}

TEST_F(AuctionTest, TheMostIsTraded) {
  buy(10'010, 200);
  buy(10'000, 300);
  sell(9'990, 200);
  sell(10'000, 200);
  const Outcome uncross = open();
  EXPECT_EQ(told(uncross), (AuctionView{10'000, 400, 100}));
  EXPECT_TRUE(uncross.all<AuctionEvent>().at(0).uncrossed);
  for (const TradeView& trade : uncross.all<TradeView>()) {
    EXPECT_EQ(trade.price, 10'000);
    EXPECT_TRUE(trade.uncross);
  }
  EXPECT_EQ(depth(Side::kBuy).at(0).quantity, 100);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(AuctionTest, ThenTheLeastIsLeftOver) {
  buy(10'010, 200);
  buy(10'000, 200);
  sell(9'990, 200);
  EXPECT_EQ(told(open()), (AuctionView{10'005, 200, 0}));  // at 10,005 and 10,010; the reference is nearer to the first
}

TEST_F(AuctionTest, ASurplusOfBuysTakesTheHighestPriceOneOfSellsTheLowest) {
  buy(10'100, 300);
  sell(9'900, 200);
  EXPECT_EQ(told(open()), (AuctionView{10'100, 200, 100}));
  enter(TradingPhase::kAuction, AuctionKind::kIntraday);
  sell(9'900, 300);
  EXPECT_EQ(told(open()), (AuctionView{9'900, 100, -200}));
}

TEST_F(AuctionTest, ThenThePriceNearestToTheReferenceThenTheHigher) {
  enter(TradingPhase::kClosed);
  InstrumentDefinition coarse = btc_kk99();
  coarse.tick = 10;
  coarse.phase = TradingPhase::kClosed;
  ASSERT_EQ(submit(UpdateInstrument{&coarse}).reason(), Reason::kNone);
  enter(TradingPhase::kAuction, AuctionKind::kOpening);
  buy(10'100, 200);
  EXPECT_EQ(told(sell(9'900, 200)), (AuctionView{10'000, 200, 0}));
  EXPECT_TRUE(state_reference(10'004).all<AuctionEvent>().empty());
  EXPECT_EQ(told(state_reference(10'005)), (AuctionView{10'010, 200, 0}));
}

TEST_F(AuctionTest, TheReferenceMayLieOutside) {
  buy(10'100, 200);
  sell(10'050, 200);
  EXPECT_EQ(told(open()).price, 10'050);
}

TEST_F(AuctionTest, MarketOrdersComeFirstThenPriceThenTime) {
  const std::uint64_t early = buy(10'000, 200).order().order_id;
  const std::uint64_t late = buy(10'000, 200).order().order_id;
  const std::uint64_t better = buy(10'005, 200).order().order_id;
  const std::uint64_t first = submit(for_auction(market(kCarol, Side::kBuy, 200))).order().order_id;
  sell(10'000, 700);
  std::vector<std::uint64_t> buyers;
  for (const TradeView& trade : open().all<TradeView>()) buyers.push_back(trade.taker_order_id);
  EXPECT_EQ(buyers, (std::vector<std::uint64_t>{first, better, early, late}));
}

TEST_F(AuctionTest, AMarketOrderWaitsHeldAtTheBandAndUnseen) {
  const Outcome waiting = submit(for_auction(market(kAlice, Side::kBuy, 200)));
  EXPECT_EQ(waiting.order().status, OrderStatus::kNew);
  EXPECT_EQ(balance(kAlice, kKk99).held, 2'200'000 + 2'200 + 1);  // 200 at 11,000, its fee, a unit
  EXPECT_TRUE(depth(Side::kBuy).empty());
  EXPECT_EQ(told(sell(9'500, 200)), (AuctionView{10'000, 200, 0}));
  EXPECT_EQ(open().all<TradeView>().at(0).price, 10'000);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(AuctionTest, ANewGroupHoldsForWhatWaits) {
  submit(for_auction(market(kAlice, Side::kBuy, 200)));
  buy(9'000, 200);
  AccountSettings settings;
  settings.account_id = kAlice;
  settings.has_self_trade_group = true;
  settings.self_trade_group_id = 33;
  ASSERT_EQ(submit(SetAccount{&settings}).reason(), Reason::kNone);
  submit(limit(kCarol, Side::kSell, 9'500, 200));
  const Outcome uncross = open();
  EXPECT_EQ(uncross.all<TradeView>().size(), 1U);
  EXPECT_EQ(uncross.all<SelfTradeEvent>().at(0).group, 33U);
  const Outcome after = submit(limit(kCarol, Side::kSell, 9'000, 200));  // the limit order, which collected too
  EXPECT_TRUE(after.all<TradeView>().empty());
  EXPECT_EQ(after.all<PreventedMatchView>().size(), 1U);
}

TEST_F(AuctionTest, AMarketOrderNeedsABandToBeHeldAt) {
  InstrumentDefinition bare = btc_kk99();
  bare.phase = TradingPhase::kAuction;
  ASSERT_EQ(submit(UpdateInstrument{&bare}).reason(), Reason::kNone);
  EXPECT_EQ(submit(for_auction(market(kAlice, Side::kBuy, 200))).reason(), Reason::kNoReferencePrice);
}

TEST_F(AuctionTest, ABudgetCannotWait) {
  PlaceOrder order = for_auction(market(kAlice, Side::kBuy, 0));
  order.quote_budget = 5'000'000;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(AuctionTest, BothSidesPayTheMakersFee) {
  buy(10'000, 200);
  sell(10'000, 200);
  const TradeView trade = open().all<TradeView>().at(0);
  EXPECT_EQ(trade.maker_fee, 1'000);
  EXPECT_EQ(trade.taker_fee, 1'000);
}

TEST_F(AuctionTest, AGroupTradesWithItselfAndSurveillanceIsTold) {
  submit(limit(kCarol, Side::kBuy, 10'000, 200));
  submit(limit(kDave, Side::kSell, 10'000, 200));
  const Outcome uncross = open();
  EXPECT_EQ(uncross.all<TradeView>().size(), 1U);
  EXPECT_TRUE(uncross.all<PreventedMatchView>().empty());
  EXPECT_EQ(uncross.all<SelfTradeEvent>().at(0).group, 33U);
}

TEST_F(AuctionTest, WhatIsForTheAuctionAloneExpiresWithIt) {
  submit(for_auction(limit(kAlice, Side::kBuy, 10'000, 300)));
  submit(for_auction(market(kAlice, Side::kBuy, 200)));
  const std::uint64_t stays = buy(9'000, 200).order().order_id;
  sell(10'000, 300);
  std::vector<EndReason> ends;
  for (const OrderEvent& update : open().all<OrderEvent>()) {
    if (update.cause == OrderUpdateCause::kExpired) ends.push_back(update.order.view.end_reason);
  }
  EXPECT_EQ(ends, std::vector<EndReason>{EndReason::kAuctionRemainder});
  EXPECT_EQ(submit(cancel(kAlice, stays)).reason(), Reason::kNone);
}

TEST_F(AuctionTest, EachAuctionHasItsOwnOrders) {
  EXPECT_EQ(submit(for_auction(limit(kAlice, Side::kBuy, 10'000, 200), TimeInForce::kAtClose)).reason(),
            Reason::kPhaseNotAllowed);
  open();
  EXPECT_EQ(submit(for_auction(limit(kAlice, Side::kBuy, 10'000, 200))).reason(), Reason::kPhaseNotAllowed);
  enter(TradingPhase::kPreOpen);
  EXPECT_EQ(submit(for_auction(limit(kAlice, Side::kBuy, 10'000, 200))).reason(), Reason::kNone);
  const Outcome closing = enter(TradingPhase::kAuction, AuctionKind::kClosing);
  EXPECT_EQ(closing.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kAuctionRemainder);
  EXPECT_EQ(submit(for_auction(limit(kAlice, Side::kBuy, 10'000, 200), TimeInForce::kAtClose)).reason(), Reason::kNone);
}

TEST_F(AuctionTest, AHaltKeepsTheOrdersAsTheyAreUntilTheyMatchAgain) {
  buy(10'000, 200);
  sell(9'900, 200);
  for (const TradingPhase phase : {TradingPhase::kHalt, TradingPhase::kCancelOnly, TradingPhase::kClosed}) {
    EXPECT_TRUE(enter(phase).all<TradeView>().empty());
  }
  EXPECT_EQ(open().all<TradeView>().size(), 1U);
}

TEST_F(AuctionTest, ItIsToldWhatWouldHappenWhenThatChanges) {
  buy(10'000, 300);
  const Outcome crossing = sell(9'900, 200);
  EXPECT_EQ(told(crossing), (AuctionView{10'000, 200, 100}));
  EXPECT_FALSE(crossing.all<AuctionEvent>().at(0).uncrossed);
  EXPECT_TRUE(buy(9'000, 200).all<AuctionEvent>().empty());
  const Outcome gone = submit(cancel(kBob, crossing.order().order_id));
  EXPECT_EQ(told(gone), AuctionView{});
}

TEST_F(AuctionTest, AnAmendedOrderGoesToTheBackOfItsLevel) {
  const std::uint64_t early = buy(10'000, 200).order().order_id;
  const std::uint64_t late = buy(10'000, 200).order().order_id;
  AmendOrder amend{.account_id = kAlice, .order_id = early, .quantity = 300, .valid_until_ns = now_ns_ + kMinute};
  amend.size = AmendSize::kTotal;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
  sell(10'000, 200);
  EXPECT_EQ(open().all<TradeView>().at(0).taker_order_id, late);
}

TEST_F(AuctionTest, AWaitingMarketOrderChangesItsQuantityButHasNoPrice) {
  const std::uint64_t waiting = submit(for_auction(market(kAlice, Side::kBuy, 200))).order().order_id;
  AmendOrder amend{.account_id = kAlice, .order_id = waiting, .quantity = 300, .valid_until_ns = now_ns_ + kMinute};
  amend.size = AmendSize::kTotal;
  EXPECT_EQ(submit(amend).order().leaves_quantity, 300);
  amend.has_price = true;
  amend.price = 10'000;
  EXPECT_EQ(submit(amend).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(cancel(kAlice, waiting)).order().status, OrderStatus::kCancelled);
}

TEST_F(AuctionTest, AllOfItIsSaved) {
  submit(for_auction(market(kAlice, Side::kBuy, 200)));
  sell(9'900, 300);
  buy(10'000, 200);
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(save(loaded), saved);
  core_ = std::move(loaded);
  EXPECT_EQ(told(open()).quantity, 300);
}

}  // namespace
}  // namespace exchange::engine::testing
