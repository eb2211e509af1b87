// Orders that follow the best prices: where they stand, when they move, what they never do.
#include "pegged_venue.hpp"

namespace exchange::engine::testing {
namespace {

using PeggedTest = PeggedVenue;

TEST_F(PeggedTest, ItStandsAtItsReferenceAndOffset) {
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kPrimary, -1)), 9'985);
  EXPECT_EQ(working(pegged(Side::kSell, PegReference::kPrimary, 2)), 10'020);
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kMarket, -3)), 9'995);
  EXPECT_EQ(working(pegged(Side::kSell, PegReference::kMarket, 3)), 10'005);
  EXPECT_EQ(balance(kAlice, kKk99).held, 2 * 2'202'201);  // at its limit
}

TEST_F(PeggedTest, TheMiddleIsRoundedToThePassiveSide) {
  submit(cancel(kBob, ask_));
  submit(limit(kBob, Side::kSell, 10'005, 200));
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kMid, 0)), 9'995);
  EXPECT_EQ(working(pegged(Side::kSell, PegReference::kMid, 0)), 10'000);
}

TEST_F(PeggedTest, ItStandsNeverBeyondItsLimit) {
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kPrimary, 0, 9'900)), 9'900);
  EXPECT_EQ(working(pegged(Side::kSell, PegReference::kPrimary, 0, 10'100)), 10'100);
}

TEST_F(PeggedTest, WithoutAReferenceThereIsNoPrice) {
  submit(cancel(kBob, ask_));
  for (const PegReference reference : {PegReference::kMarket, PegReference::kMid}) {
    const Outcome refused = submit(pegged(Side::kBuy, reference, 0));
    EXPECT_EQ(refused.reason(), Reason::kNoReferencePrice);
    EXPECT_EQ(refused.order().status, OrderStatus::kRejected);
  }
  EXPECT_EQ(submit(pegged(Side::kBuy, PegReference::kPrimary, -5'000)).reason(), Reason::kNoReferencePrice);
}

TEST_F(PeggedTest, ItFollowsOnceTheCommandIsCompleteAndLosesItsPlace) {
  const std::uint64_t peg = submit(pegged(Side::kBuy, PegReference::kPrimary, -1)).order().order_id;
  submit(limit(kCarol, Side::kBuy, 9'990, 110));
  const Outcome moved = submit(limit(kCarol, Side::kBuy, 9'995, 200));
  const std::vector<OrderEvent> updates = restated(moved);
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].order.view.order_id, peg);
  EXPECT_EQ(updates[0].order.special.working_price, 9'990);
  EXPECT_EQ(updates[0].order.view.version, 2U);
  EXPECT_EQ(moved.order().order_id, peg + 2);  // the answer is to the command
  const Outcome sold = submit(limit(kBob, Side::kSell, 9'990, 600));
  std::vector<std::uint64_t> makers;
  for (const TradeView& trade : sold.all<TradeView>()) makers.push_back(trade.maker_order_id);
  EXPECT_EQ(makers, (std::vector{peg + 2, bid_, peg + 1, peg}));  // the last at its level
}

TEST_F(PeggedTest, PeggedOrdersMoveNoReference) {
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kPrimary, 1)), 9'995);
  EXPECT_EQ(working(pegged(Side::kBuy, PegReference::kPrimary, 1)), 9'995);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'995, 400}, {9'990, 200}}));
}

TEST_F(PeggedTest, WhereTheReferenceGoesItWaitsOutsideTheBookUntilThereIsOne) {
  const std::uint64_t peg = submit(pegged(Side::kBuy, PegReference::kPrimary, -1)).order().order_id;
  const Outcome gone = submit(cancel(kCarol, bid_));
  ASSERT_EQ(restated(gone).size(), 1U);
  EXPECT_FALSE(restated(gone)[0].order.special.has_working_price);
  EXPECT_EQ(restated(gone)[0].order.view.status, OrderStatus::kNew);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  EXPECT_EQ(balance(kAlice, kKk99).held, 2'202'201);
  const Outcome back = submit(limit(kCarol, Side::kBuy, 9'950, 200));
  ASSERT_EQ(restated(back).size(), 1U);
  EXPECT_EQ(restated(back)[0].order.special.working_price, 9'945);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'950, 200}, {9'945, 200}}));
  EXPECT_EQ(submit(cancel(kAlice, peg)).reason(), Reason::kNone);
}

TEST_F(PeggedTest, OutsideTheBookItCanBeCancelledAndSurvivesARestart) {
  const std::uint64_t peg = submit(pegged(Side::kBuy, PegReference::kPrimary, -1)).order().order_id;
  submit(cancel(kCarol, bid_));
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(save(loaded), saved);
  std::vector<std::uint64_t> shown;
  loaded.snapshot_parts(1, [&](std::string_view part) {
    for (const auto& order : read_part(part).orders) shown.push_back(order.view.order_id);
  });
  EXPECT_EQ(shown, (std::vector{ask_, peg}));
  core_ = std::move(loaded);
  EXPECT_EQ(submit(cancel(kAlice, peg)).order().status, OrderStatus::kCancelled);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(PeggedTest, AMoveThatCrossesTakes) {
  submit(pegged(Side::kBuy, PegReference::kPrimary, 3));
  EXPECT_EQ(depth(Side::kBuy).front(), (PriceLevel{10'005, 200}));
  const Outcome moved = submit(limit(kCarol, Side::kBuy, 9'995, 200));
  ASSERT_EQ(moved.all<TradeView>().size(), 1U);
  EXPECT_EQ(moved.all<TradeView>()[0].price, 10'010);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(PeggedTest, APostOnlyOneThatWouldTakeAtEntryIsRefusedOrMoved) {
  PlaceOrder order = pegged(Side::kBuy, PegReference::kMarket, 0);
  order.post_only = true;
  const Outcome refused = submit(order);
  EXPECT_EQ(refused.reason(), Reason::kPostOnlyWouldCross);
  EXPECT_FALSE(refused.result.order->special.has_working_price);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  PlaceOrder moved = pegged(Side::kBuy, PegReference::kMarket, 0);
  moved.post_only = true;
  terms_.back().post_only_reprice = true;
  EXPECT_EQ(working(moved), 10'005);
}

TEST_F(PeggedTest, APostOnlyOneNeverTakesAsItFollows) {
  PlaceOrder order = pegged(Side::kBuy, PegReference::kPrimary, 3);
  order.post_only = true;
  EXPECT_EQ(working(order), 10'005);
  const Outcome moved = submit(limit(kCarol, Side::kBuy, 9'995, 200));
  EXPECT_TRUE(moved.all<TradeView>().empty());
  EXPECT_TRUE(restated(moved).empty());  // one tick behind the offer it stood already
  EXPECT_EQ(depth(Side::kBuy).front(), (PriceLevel{10'005, 200}));
}

TEST_F(PeggedTest, ThoseThatRetreatGoFirstSoNoneMeetsAnotherWhereThatStandsNoLonger) {
  submit(pegged(Side::kBuy, PegReference::kMid, 0));
  submit(pegged(Side::kSell, PegReference::kMid, 1));
  EXPECT_EQ(depth(Side::kBuy).front(), (PriceLevel{10'000, 200}));
  EXPECT_EQ(depth(Side::kSell).front(), (PriceLevel{10'005, 200}));
  const Outcome up = submit(limit(kCarol, Side::kBuy, 10'000, 200));
  EXPECT_TRUE(up.all<TradeView>().empty());
  EXPECT_EQ(depth(Side::kBuy).front(), (PriceLevel{10'005, 200}));
  EXPECT_EQ(depth(Side::kSell).front(), (PriceLevel{10'010, 400}));
}

TEST_F(PeggedTest, AnAmendMovesItsLimitAndShrinksItInItsPlace) {
  const std::uint64_t peg = submit(pegged(Side::kBuy, PegReference::kPrimary, 0, 9'900)).order().order_id;
  AmendOrder higher = amend(peg);
  higher.price = 9'985;
  higher.has_price = true;
  const Outcome moved = submit(higher);
  EXPECT_EQ(moved.result.order->special.working_price, 9'985);
  EXPECT_EQ(balance(kAlice, kKk99).held, 1'998'998);
  AmendOrder smaller = amend(peg);
  smaller.quantity = 150;
  smaller.size = AmendSize::kTotal;
  EXPECT_EQ(submit(smaller).reason(), Reason::kNone);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'990, 200}, {9'985, 150}}));
}

TEST_F(PeggedTest, ItFollowsOnlyWhileTheMarketMatches) {
  const std::uint64_t peg = submit(pegged(Side::kBuy, PegReference::kPrimary, -1)).order().order_id;
  submit(SetPhase{kBtcKk99, TradingPhase::kPostOnly, AuctionKind::kNone});
  EXPECT_TRUE(restated(submit(limit(kCarol, Side::kBuy, 9'995, 200))).empty());
  EXPECT_EQ(submit(pegged(Side::kBuy, PegReference::kPrimary, -1)).reason(), Reason::kPhaseNotAllowed);
  AmendOrder smaller = amend(peg);
  smaller.quantity = 150;
  smaller.size = AmendSize::kTotal;
  EXPECT_EQ(submit(smaller).reason(), Reason::kPhaseNotAllowed);
  const Outcome open = submit(SetPhase{kBtcKk99, TradingPhase::kContinuous, AuctionKind::kNone});
  ASSERT_EQ(restated(open).size(), 1U);
  EXPECT_EQ(restated(open)[0].order.special.working_price, 9'990);
}

TEST_F(PeggedTest, ItRestsAndSaysWhatItFollowsAndNothingElseDoes) {
  PlaceOrder at_once = pegged(Side::kBuy, PegReference::kPrimary, 0);
  at_once.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(at_once).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(pegged(Side::kBuy, PegReference::kNone, 1)).reason(), Reason::kOrderFieldsConflict);
  PlaceOrder plain = pegged(Side::kBuy, PegReference::kPrimary, 1);
  plain.type = OrderType::kLimit;
  EXPECT_EQ(submit(plain).reason(), Reason::kOrderFieldsConflict);
  PlaceOrder unlimited = pegged(Side::kBuy, PegReference::kPrimary, 1);
  unlimited.price = 0;
  EXPECT_EQ(submit(unlimited).reason(), Reason::kPriceOutOfRange);
}

TEST_F(PeggedTest, OneCommandMovesAThousandAndTheNextTheRest) {
  for (std::uint32_t i = 0; i < kMaxTriggersPerCommand + 10; ++i) {
    PlaceOrder order = pegged(Side::kBuy, PegReference::kPrimary, -1);
    order.quantity = 110;
    ASSERT_EQ(submit(order).reason(), Reason::kNone);
  }
  const Outcome moved = submit(limit(kCarol, Side::kBuy, 9'995, 200));
  EXPECT_EQ(restated(moved).size(), kMaxTriggersPerCommand);
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  core_ = std::move(loaded);
  EXPECT_EQ(restated(submit(Tick{})).size(), 10U);
  EXPECT_TRUE(restated(submit(Tick{})).empty());
}

}  // namespace
}  // namespace exchange::engine::testing
