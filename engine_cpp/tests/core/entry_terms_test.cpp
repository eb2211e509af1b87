// What decides how an order enters: post-only that moves instead of being refused, and the least that an IOC must trade.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class RepriceTest : public Venue {
 protected:
  [[nodiscard]] PlaceOrder behind(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity) {
    static constexpr SpecialTerms kReprice{.post_only_reprice = true};
    PlaceOrder order = limit(account, side, price, quantity);
    order.post_only = true;
    order.special = &kReprice;
    return order;
  }
  [[nodiscard]] AmendOrder reprice(std::uint64_t order_id, std::int64_t price) const {
    return {.account_id = kAlice, .order_id = order_id, .price = price, .valid_until_ns = now_ns_ + kMinute,
            .has_price = true};
  }
};

TEST_F(RepriceTest, AnOrderThatWouldTakeStandsOneTickBehindTheBestOppositePrice) {
  submit(limit(kBob, Side::kSell, 10'100, 100));
  const Outcome placed = submit(behind(kAlice, Side::kBuy, 10'200, 300));
  EXPECT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.order().price, 10'200);
  EXPECT_EQ(placed.result.order->special.working_price, 10'095);
  EXPECT_TRUE(placed.result.fills.empty());
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'095, 300}}));
  const Outcome hit = submit(market(kBob, Side::kSell, 300));
  EXPECT_EQ(hit.all<TradeView>().at(0).price, 10'095);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(RepriceTest, ASellMovesUp) {
  submit(limit(kBob, Side::kBuy, 10'000, 100));
  submit(behind(kAlice, Side::kSell, 9'000, 300));
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'005, 300}}));
}

TEST_F(RepriceTest, AnOrderThatWouldNotTakeStandsAtItsLimit) {
  submit(limit(kBob, Side::kSell, 10'100, 100));
  const Outcome placed = submit(behind(kAlice, Side::kBuy, 10'000, 300));
  EXPECT_FALSE(placed.result.order->special.has_working_price);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 300}}));
}

TEST_F(RepriceTest, WhereNoPriceIsBehindItIsRefused) {
  submit(encode(penny()));
  PlaceOrder lowest = limit(kBob, Side::kSell, 1, 1'000'000'000'000);
  lowest.instrument_id = kPenny;
  ASSERT_EQ(fund(kBob, kEth, 10'000'000'000'000).reason(), Reason::kNone);
  ASSERT_EQ(submit(lowest).reason(), Reason::kNone);
  PlaceOrder order = behind(kAlice, Side::kBuy, 1, 1'000'000'000'000);
  order.instrument_id = kPenny;
  EXPECT_EQ(submit(order).reason(), Reason::kPostOnlyWouldCross);
}

TEST_F(RepriceTest, AnAmendMovesItAgainAndAQuantityAloneLeavesItsPlace) {
  submit(limit(kBob, Side::kSell, 10'100, 100));
  const std::uint64_t id = submit(behind(kAlice, Side::kBuy, 10'000, 300)).order().order_id;
  const Outcome moved = submit(reprice(id, 10'300));
  EXPECT_EQ(moved.order().price, 10'300);
  EXPECT_EQ(moved.result.order->special.working_price, 10'095);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'095, 300}}));
  AmendOrder smaller = reprice(id, 10'300);
  smaller.size = AmendSize::kTotal;
  smaller.quantity = 200;
  EXPECT_EQ(submit(smaller).reason(), Reason::kNone);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'095, 200}}));
  EXPECT_FALSE(submit(reprice(id, 10'090)).result.order->special.has_working_price);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'090, 200}}));
}

TEST_F(RepriceTest, BelongsToPostOnly) {
  PlaceOrder order = behind(kAlice, Side::kBuy, 10'000, 300);
  order.post_only = false;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(RepriceTest, ItStandsWhereItStoodAfterARestart) {
  submit(limit(kBob, Side::kSell, 10'100, 100));
  submit(behind(kAlice, Side::kBuy, 10'200, 300));
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  std::vector<PriceLevel> levels(1);
  EXPECT_EQ(loaded.depth(kBtcKk99, Side::kBuy, levels), 1U);
  EXPECT_EQ(levels[0].price, 10'095);
  EXPECT_EQ(loaded.state_hash(), core_.state_hash());
}

class MinQuantityTest : public Venue {
 protected:
  [[nodiscard]] PlaceOrder at_least(std::int64_t least, std::int64_t quantity) {
    terms_.min_quantity = least;
    PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, quantity);
    order.time_in_force = TimeInForce::kIoc;
    order.special = &terms_;
    return order;
  }
  SpecialTerms terms_;
};

TEST_F(MinQuantityTest, TradesWhatItCanIfTheMinimumCan) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  const Outcome done = submit(at_least(200, 300));
  EXPECT_EQ(done.order().cum_quantity, 200);
  EXPECT_EQ(done.order().end_reason, EndReason::kIocRemainder);
}

TEST_F(MinQuantityTest, TradesNothingIfTheMinimumCannot) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  submit(limit(kBob, Side::kSell, 10'005, 200));
  const Outcome done = submit(at_least(210, 300));
  EXPECT_EQ(done.order().status, OrderStatus::kExpired);
  EXPECT_EQ(done.order().end_reason, EndReason::kMinQuantityNotMet);
  EXPECT_EQ(done.order().cum_quantity, 0);
  EXPECT_EQ(depth(Side::kSell).at(0).quantity, 200);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(MinQuantityTest, CountsAsTheMatchWouldGo) {
  submit(limit(kBob, Side::kSell, 9'990, 200));
  submit(limit(kAlice, Side::kSell, 9'995, 200));
  submit(limit(kBob, Side::kSell, 10'000, 200));
  PlaceOrder order = at_least(250, 500);
  order.self_trade_prevention = SelfTradePrevention::kCancelTaker;  // only what is ahead of the own order counts
  EXPECT_EQ(submit(order).order().end_reason, EndReason::kMinQuantityNotMet);
  EXPECT_EQ(depth(Side::kSell).size(), 3U);
  order = at_least(250, 500);  // CANCEL_MAKER: the own order is stepped over
  EXPECT_EQ(submit(order).order().cum_quantity, 400);
}

TEST_F(MinQuantityTest, AMarketOrderMayHaveOne) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  PlaceOrder order = at_least(300, 300);
  order.type = OrderType::kMarket;
  order.price = 0;
  EXPECT_EQ(submit(order).order().end_reason, EndReason::kMinQuantityNotMet);
}

TEST_F(MinQuantityTest, IsOnTheLotAndWithinTheQuantityAndForIocAlone) {
  EXPECT_EQ(submit(at_least(310, 300)).reason(), Reason::kMinQuantityOutOfRange);
  EXPECT_EQ(submit(at_least(15, 300)).reason(), Reason::kMinQuantityOutOfRange);
  EXPECT_EQ(submit(at_least(-10, 300)).reason(), Reason::kMinQuantityOutOfRange);
  PlaceOrder resting = at_least(100, 300);
  resting.time_in_force = TimeInForce::kGtc;
  EXPECT_EQ(submit(resting).reason(), Reason::kOrderFieldsConflict);
  PlaceOrder budget = at_least(100, 0);
  budget.type = OrderType::kMarket;
  budget.price = 0;
  budget.quote_budget = 5'000'000;
  EXPECT_EQ(submit(budget).reason(), Reason::kOrderFieldsConflict);
}

}  // namespace
}  // namespace exchange::engine::testing
