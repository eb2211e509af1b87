// Orders that only reduce a position: what they enter with, what is left of them when it is smaller, what is counted.
#include <deque>

#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

class ReduceOnlyTest : public MarginVenue {
 protected:
  // Alice holds ten contracts that Bob is short of.
  void SetUp() override {
    MarginVenue::SetUp();
    ASSERT_EQ(trade(kAlice, kBob, 50, 10).reason(), Reason::kNone);
  }
  PlaceOrder only_reducing(PlaceOrder order, SpecialTerms terms = {}) {
    terms.reduce_only = true;
    terms_.push_back(terms);
    order.special = &terms_.back();
    return order;
  }
  Outcome reduce(std::int64_t price, std::int64_t quantity) {
    return submit(only_reducing(oil(kAlice, Side::kSell, price, quantity)));
  }
  // Waits for the mark to fall to `trigger`.
  Outcome stop(std::int64_t trigger, std::int64_t quantity) {
    PlaceOrder order = only_reducing(on(kOilFuture, market(kAlice, Side::kSell, quantity)),
                                     {.trigger_price = trigger, .has_trigger_price = true});
    order.type = OrderType::kStop;
    return submit(order);
  }
  // Alice sells otherwise, to Carol.
  Outcome sell(std::int64_t quantity) {
    submit(oil(kCarol, Side::kBuy, 50, quantity));
    return submit(oil(kAlice, Side::kSell, 50, quantity));
  }
  // What has become of an order: what is open of it, and how it ended.
  using Left = std::pair<std::int64_t, EndReason>;
  static std::vector<Left> updates(const Outcome& outcome, std::uint64_t order_id) {
    std::vector<Left> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) {
      if (event.order.view.order_id != order_id) continue;
      out.emplace_back(event.order.view.leaves_quantity, event.order.view.end_reason);
    }
    return out;
  }
  static std::vector<Left> left(std::int64_t quantity) { return {{quantity, EndReason::kNone}}; }
  static std::vector<Left> gone() { return {{0, EndReason::kReducedAway}}; }

  std::deque<SpecialTerms> terms_;
};

TEST_F(ReduceOnlyTest, ItTakesAnOppositePosition) {
  EXPECT_EQ(submit(only_reducing(oil(kAlice, Side::kBuy, 40, 1))).reason(), Reason::kReduceOnlyNoPosition);
  EXPECT_EQ(submit(only_reducing(oil(kCarol, Side::kSell, 60, 1))).reason(), Reason::kReduceOnlyNoPosition);
  EXPECT_EQ(submit(only_reducing(oil(kBob, Side::kBuy, 40, 1))).reason(), Reason::kNone);
}

TEST_F(ReduceOnlyTest, ItEntersWithNoMoreThanThePosition) {
  const Outcome placed = reduce(60, 25);
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.order().quantity, 10);
  EXPECT_EQ(placed.order().leaves_quantity, 10);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, ItNeedsNoMarginAndEntersInReducing) {
  leave(kAlice, 5'000'000);  // the initial margin of the position
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 40, 1)).reason(), Reason::kInsufficientMargin);
  AccountSettings settings;
  settings.account_id = kAlice;
  settings.trading_state = TradingState::kReducing;
  submit(SetAccount{&settings});
  EXPECT_EQ(reduce(60, 10).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 65, 10)).reason(), Reason::kNone);  // the other one exposes nothing
  settings.trading_state = TradingState::kHalted;
  submit(SetAccount{&settings});
  EXPECT_EQ(reduce(60, 1).reason(), Reason::kTradingState);
}

TEST_F(ReduceOnlyTest, WhatIsPaidInFullHasNothingToReduce) {
  const Outcome refused = submit(only_reducing(limit(kDave, Side::kSell, 10'000, 100)));
  EXPECT_EQ(refused.reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(refused.order().status, OrderStatus::kRejected);
  PlaceOrder spends = only_reducing(on(kOilFuture, market(kBob, Side::kBuy, 0)));
  spends.quote_budget = 5'000'000;
  EXPECT_EQ(submit(spends).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(only_reducing(oil(kAlice, Side::kSell, 60, 10), {.display_quantity = 1})).reason(),
            Reason::kOrderFieldsConflict);
}

TEST_F(ReduceOnlyTest, TheLeastAggressiveGoFirstAndOfThemTheNewest) {
  const std::uint64_t near = reduce(55, 4).order().order_id;
  const std::uint64_t older = reduce(60, 3).order().order_id;
  const std::uint64_t newer = reduce(60, 3).order().order_id;
  Outcome outcome = sell(2);
  EXPECT_EQ(updates(outcome, newer), left(1));
  EXPECT_EQ(outcome.all<OrderEvent>().back().cause, OrderUpdateCause::kRestatedReduceOnly);
  outcome = sell(3);
  EXPECT_EQ(updates(outcome, newer), gone());
  EXPECT_EQ(updates(outcome, older), left(1));
  EXPECT_TRUE(updates(outcome, near).empty());
  outcome = sell(5);
  EXPECT_EQ(updates(outcome, older), gone());
  EXPECT_EQ(updates(outcome, near), gone());
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, ABetterPriceMakesTheOthersGiveWay) {
  const std::uint64_t far = reduce(65, 10).order().order_id;
  const Outcome better = reduce(55, 6);
  EXPECT_EQ(better.order().leaves_quantity, 6);
  EXPECT_EQ(updates(better, far), left(4));
  const Outcome worse = reduce(70, 6);  // nothing is left for it
  EXPECT_EQ(worse.reason(), Reason::kNone);
  EXPECT_EQ(worse.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(worse.order().end_reason, EndReason::kReducedAway);
}

TEST_F(ReduceOnlyTest, WhatWaitsForAPriceMayCoverThePositionAgain) {
  const std::uint64_t profit = reduce(60, 10).order().order_id;
  const std::uint64_t first = stop(45, 10).order().order_id;
  const std::uint64_t second = stop(40, 6).order().order_id;
  const Outcome outcome = sell(5);
  EXPECT_EQ(updates(outcome, profit), left(5));
  EXPECT_EQ(updates(outcome, first), left(5));
  EXPECT_EQ(updates(outcome, second), left(5));
  submit(oil(kCarol, Side::kBuy, 45, 5));
  const Outcome triggered = mark(kOilFuture, 45);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(updates(triggered, profit), gone());
  EXPECT_EQ(updates(triggered, second), gone());
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, AFlipLeavesNone) {
  const std::uint64_t order = reduce(60, 10).order().order_id;
  EXPECT_EQ(updates(sell(12), order), gone());
  EXPECT_EQ(position(kAlice).quantity, -2);
}

TEST_F(ReduceOnlyTest, AFillOrKillCountsWhatIsLeftOfThemOnTheWay) {
  submit(oil(kAlice, Side::kSell, 55, 7));
  const std::uint64_t order = reduce(60, 10).order().order_id;  // of which three are left behind the others
  const auto all_or_nothing = [&](std::int64_t quantity) {
    PlaceOrder buy = oil(kCarol, Side::kBuy, 60, quantity);
    buy.time_in_force = TimeInForce::kFok;
    return submit(buy);
  };
  EXPECT_EQ(all_or_nothing(11).order().end_reason, EndReason::kFokNotFillable);
  const Outcome filled = all_or_nothing(10);
  EXPECT_EQ(filled.order().status, OrderStatus::kFilled);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(updates(filled, order), (std::vector<Left>{{3, EndReason::kNone}, {0, EndReason::kNone}}));
}

TEST_F(ReduceOnlyTest, AMinimumCountsThemLikewise) {
  submit(oil(kAlice, Side::kSell, 55, 7));
  reduce(60, 10);
  SpecialTerms terms{.min_quantity = 11};
  PlaceOrder buy = oil(kCarol, Side::kBuy, 60, 20);
  buy.time_in_force = TimeInForce::kIoc;
  buy.special = &terms;
  EXPECT_EQ(submit(buy).order().end_reason, EndReason::kMinQuantityNotMet);
  terms.min_quantity = 10;
  buy = oil(kCarol, Side::kBuy, 60, 20);
  buy.time_in_force = TimeInForce::kIoc;
  buy.special = &terms;
  EXPECT_EQ(submit(buy).order().cum_quantity, 10);
}

TEST_F(ReduceOnlyTest, AnAmendRaisesItNoFurtherThanThePosition) {
  const std::uint64_t order = reduce(60, 4).order().order_id;
  AmendOrder amend{.account_id = kAlice,
                   .order_id = order,
                   .quantity = 50,
                   .valid_until_ns = now_ns_ + kMinute,
                   .size = AmendSize::kTotal};
  const Outcome amended = submit(amend);
  ASSERT_EQ(amended.reason(), Reason::kNone);
  EXPECT_EQ(amended.order().quantity, 10);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, AnUncrossTradesWhatIsLeftOfThem) {
  submit(SetPhase{kOilFuture, TradingPhase::kAuction, AuctionKind::kIntraday});
  submit(oil(kAlice, Side::kSell, 45, 7));
  reduce(50, 10);
  const Outcome bought = submit(oil(kCarol, Side::kBuy, 50, 20));
  EXPECT_EQ(bought.all<AuctionEvent>().back().view.quantity, 10);
  EXPECT_EQ(bought.all<AuctionEvent>().back().view.imbalance, 10);
  const Outcome uncrossed = submit(SetPhase{kOilFuture, TradingPhase::kContinuous, AuctionKind::kNone});
  EXPECT_EQ(uncrossed.all<AuctionEvent>().front().view.quantity, 10);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, WhatAnUncrossLeavesCrossedIsUncrossedAgain) {
  submit(SetPhase{kOilFuture, TradingPhase::kAuction, AuctionKind::kIntraday});
  submit(oil(kBob, Side::kBuy, 60, 10));
  submit(only_reducing(oil(kBob, Side::kBuy, 60, 10)));  // raises the price, and goes with the order before it
  submit(oil(kAlice, Side::kBuy, 55, 3));
  submit(oil(kCarol, Side::kSell, 45, 10));
  submit(oil(kCarol, Side::kSell, 50, 10));
  const Outcome uncrossed = submit(SetPhase{kOilFuture, TradingPhase::kContinuous, AuctionKind::kNone});
  const auto told = uncrossed.all<AuctionEvent>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].view.price, 60);
  EXPECT_EQ(told[0].view.quantity, 10);
  EXPECT_EQ(told[1].view.quantity, 3);
  EXPECT_EQ(position(kBob).quantity, 0);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, OrdersThatEnterTogetherTakeTheirTurns) {
  submit(oil(kCarol, Side::kBuy, 50, 8));
  std::vector<PlaceOrder> orders;
  for (int i = 0; i < 2; ++i) orders.push_back(only_reducing(oil(kAlice, Side::kSell, 50, 10)));
  orders.front().time_in_force = TimeInForce::kIoc;
  const Outcome outcome = submit(PlaceOrders{orders});
  ASSERT_EQ(outcome.reason(), Reason::kNone);
  EXPECT_EQ(outcome.result.orders.at(0).standing.cum_quantity, 8);
  EXPECT_EQ(outcome.all<OrderEvent>().back().order.view.quantity, 2);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, AnAssignmentReducesThemToo) {
  submit(on(kOilOption, oil(kBob, Side::kSell, 30, 4)));
  submit(on(kOilOption, oil(kAlice, Side::kBuy, 30, 4)));
  const std::uint64_t order = submit(only_reducing(on(kOilOption, oil(kBob, Side::kBuy, 10, 4)))).order().order_id;
  const Outcome outcome = submit(ExerciseOption{kAlice, kOilOption, 20'260'101, 3, "exercise"});
  ASSERT_EQ(outcome.reason(), Reason::kNone);
  EXPECT_EQ(updates(outcome, order), left(1));
  EXPECT_TRUE(core_.consistent());
}

TEST_F(ReduceOnlyTest, TheyAreBounded) {
  for (std::uint32_t i = 0; i < 32; ++i) ASSERT_EQ(stop(40, 1).reason(), Reason::kNone);
  EXPECT_EQ(stop(40, 1).reason(), Reason::kTooManyOpenOrders);
  EXPECT_EQ(submit(only_reducing(on(kOilFuture, market(kAlice, Side::kSell, 1)))).reason(), Reason::kNoLiquidity);
}

TEST_F(ReduceOnlyTest, TheySurviveARestart) {
  submit(oil(kAlice, Side::kSell, 55, 7));
  const std::uint64_t standing = reduce(60, 10).order().order_id;
  const std::uint64_t waiting = stop(45, 10).order().order_id;
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(save(core_), saved);
  const Outcome outcome = submit(oil(kCarol, Side::kBuy, 55, 7));
  EXPECT_EQ(updates(outcome, standing), left(3));
  EXPECT_EQ(updates(outcome, waiting), left(3));
}

TEST_F(ReduceOnlyTest, ASessionThatIsLostLeavesThoseThatAreToSurvive) {
  submit(KeepGateway{1, 60'000, {}});
  const Outcome opened = submit(OpenSession{.account_id = kAlice,
                                            .session_id = 7,
                                            .gateway_id = 1,
                                            .connection_id = 1,
                                            .scope = DisconnectScope::kAccount,
                                            .grace_ms = 5'000,
                                            .heartbeat_timeout_ms = 10'000,
                                            .valid_until_ns = now_ns_ + kMinute});
  ASSERT_EQ(opened.reason(), Reason::kNone);
  PlaceOrder order = only_reducing(oil(kAlice, Side::kSell, 60, 5), {.survive_disconnect = true});
  order.session_id = 7;
  const std::uint64_t survives = submit(order).order().order_id;
  order = only_reducing(oil(kAlice, Side::kSell, 65, 5), {});
  order.session_id = 7;
  const std::uint64_t falls = submit(order).order().order_id;
  submit(EndSession{kAlice, opened.result.engine_seq, SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  const Outcome lost = submit(Tick{});
  EXPECT_TRUE(updates(lost, survives).empty());
  EXPECT_EQ(updates(lost, falls), (std::vector<Left>{{0, EndReason::kDisconnected}}));
}

}  // namespace
}  // namespace exchange::engine::testing
