// Orders of one self-trade group never trade with each other; the arriving order's mode says what happens instead.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class SelfTradeTest : public Venue {
 protected:
  // Carol offers 100 and Bob behind her 100, both at 10,000; Dave, of Carol's group, buys 150.
  Outcome meet(SelfTradePrevention mode, TimeInForce time_in_force = TimeInForce::kIoc) {
    carols_ = submit(limit(kCarol, Side::kSell, 10'000, 100)).order().order_id;
    submit(limit(kBob, Side::kSell, 10'000, 100));
    PlaceOrder order = limit(kDave, Side::kBuy, 10'000, 150);
    order.time_in_force = time_in_force;
    order.self_trade_prevention = mode;
    return submit(order);
  }

  [[nodiscard]] static std::vector<OrderUpdateCause> causes(const Outcome& outcome, std::uint64_t order_id) {
    std::vector<OrderUpdateCause> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) {
      if (event.order.view.order_id == order_id) out.push_back(event.cause);
    }
    return out;
  }

  std::uint64_t carols_ = 0;
};

TEST_F(SelfTradeTest, CancelMakerGoesOn) {
  const Outcome taker = meet(SelfTradePrevention::kCancelMaker);
  EXPECT_EQ(taker.order().cum_quantity, 100);
  EXPECT_EQ(taker.order().status, OrderStatus::kExpired);
  EXPECT_EQ(causes(taker, carols_), std::vector{OrderUpdateCause::kCancelled});
  const auto prevented = taker.all<PreventedMatchView>();
  ASSERT_EQ(prevented.size(), 1U);
  EXPECT_EQ(prevented[0].quantity, 100);
  EXPECT_EQ(prevented[0].maker_order_id, carols_);
  EXPECT_EQ(balance(kCarol, kBtc).held, 0);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(SelfTradeTest, CancelTakerStops) {
  const Outcome taker = meet(SelfTradePrevention::kCancelTaker);
  EXPECT_EQ(taker.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(taker.order().end_reason, EndReason::kSelfTrade);
  EXPECT_EQ(taker.order().cancelled_quantity, 150);
  EXPECT_TRUE(causes(taker, carols_).empty());
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 200}}));
}

TEST_F(SelfTradeTest, CancelBothEndsBoth) {
  const Outcome taker = meet(SelfTradePrevention::kCancelBoth);
  EXPECT_EQ(taker.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(causes(taker, carols_), std::vector{OrderUpdateCause::kCancelled});
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 100}}));
}

TEST_F(SelfTradeTest, DecrementTakesTheSmallerFromBoth) {
  const Outcome taker = meet(SelfTradePrevention::kDecrement);
  EXPECT_EQ(taker.order().prevented_quantity, 100);
  EXPECT_EQ(taker.order().cum_quantity, 50);
  EXPECT_EQ(taker.order().status, OrderStatus::kFilled);
  EXPECT_EQ(causes(taker, carols_), std::vector{OrderUpdateCause::kCancelled});
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 50}}));
  EXPECT_EQ(balance(kDave, kKk99).held, 0);
}

TEST_F(SelfTradeTest, DecrementToZeroEndsTheTaker) {
  submit(limit(kCarol, Side::kSell, 10'000, 200));
  PlaceOrder order = limit(kDave, Side::kBuy, 10'000, 160);
  order.self_trade_prevention = SelfTradePrevention::kDecrement;
  const Outcome taker = submit(order);
  EXPECT_EQ(taker.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(taker.order().end_reason, EndReason::kSelfTrade);
  EXPECT_EQ(taker.order().prevented_quantity, 160);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 40}}));
}

TEST_F(SelfTradeTest, DecrementUsesUpABudget) {
  submit(limit(kCarol, Side::kSell, 10'000, 100));
  PlaceOrder order = market(kDave, Side::kBuy, 0);
  order.quote_budget = 1'001'000;  // all of the 100 with its fee
  order.self_trade_prevention = SelfTradePrevention::kDecrement;
  const Outcome taker = submit(order);
  EXPECT_EQ(taker.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(taker.order().end_reason, EndReason::kSelfTrade);
  EXPECT_EQ(taker.order().quantity, 100);
  EXPECT_EQ(taker.order().prevented_quantity, 100);
  EXPECT_EQ(balance(kDave, kKk99).available, kFundsKk99);
}

TEST_F(SelfTradeTest, FillOrKillSkipsOwnOrdersOnlyWhenItWouldCancelThem) {
  EXPECT_EQ(meet(SelfTradePrevention::kCancelMaker, TimeInForce::kFok).order().end_reason,
            EndReason::kFokNotFillable);  // 150 wanted, 100 of others
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 200}}));
  PlaceOrder order = limit(kDave, Side::kBuy, 10'000, 100);
  order.time_in_force = TimeInForce::kFok;
  order.self_trade_prevention = SelfTradePrevention::kDecrement;
  EXPECT_EQ(submit(order).order().end_reason, EndReason::kFokNotFillable);
  order.client_order_id = "again";
  order.self_trade_prevention = SelfTradePrevention::kCancelMaker;
  EXPECT_EQ(submit(order).order().status, OrderStatus::kFilled);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

}  // namespace
}  // namespace exchange::engine::testing
