// Orders that enter all or none: checked with the holds of those before and no matching, then entered in order.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class TogetherTest : public Venue {
 protected:
  explicit TogetherTest(const Limits& limits = small_limits()) : Venue(limits) {}

  Outcome together(const std::vector<PlaceOrder>& orders) { return submit(PlaceOrders{orders}); }

  // Only the order at `place` was refused for its own sake, and nothing is other than before.
  void expect_refused(const std::vector<PlaceOrder>& orders, std::size_t place, Reason reason) {
    const std::string before = save(core_);
    const Outcome outcome = together(orders);
    EXPECT_EQ(outcome.reason(), Reason::kBatchRefused);
    EXPECT_TRUE(outcome.events.empty());
    ASSERT_EQ(outcome.result.orders.size(), orders.size());
    for (std::size_t i = 0; i < orders.size(); ++i) {
      EXPECT_EQ(outcome.result.orders[i].reason, i == place ? reason : Reason::kBatchRefused) << i;
      EXPECT_EQ(outcome.result.orders[i].standing.order_id, 0U);
      EXPECT_FALSE(outcome.result.orders[i].order.has_value());
    }
    const std::string after = save(core_);
    EXPECT_TRUE(before.substr(kStampEnd) == after.substr(kStampEnd)) << "but for the number of the last command";
  }

  static constexpr std::size_t kStampEnd = 8 + 1 + 8 + 8;  // format, shard, number, time
};

TEST_F(TogetherTest, AllEnterInTheirOrderAndEachIsAnswered) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome placed = together({limit(kAlice, Side::kBuy, 10'000, 300), limit(kCarol, Side::kSell, 10'100, 100),
                                   limit(kAlice, Side::kBuy, 9'995, 200)});
  EXPECT_EQ(placed.reason(), Reason::kNone);
  const auto& results = placed.result.orders;
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[1].standing.order_id, results[0].standing.order_id + 1);
  EXPECT_EQ(results[2].standing.order_id, results[0].standing.order_id + 2);
  EXPECT_EQ(results[0].standing.status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(results[0].standing.cum_quantity, 100);
  EXPECT_EQ(results[0].standing.leaves_quantity, 200);
  ASSERT_EQ(results[0].fills.size(), 1U);
  EXPECT_EQ(results[0].fills[0].fee, 1'000);  // 0.1 % of 1 KK99
  EXPECT_TRUE(results[1].fills.empty());
  EXPECT_EQ(results[1].order.value().view.account_id, kCarol);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 200}, {9'995, 200}}));
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'100, 100}}));
}

TEST_F(TogetherTest, TheyMayMeetEachOther) {
  const Outcome placed = together({limit(kAlice, Side::kBuy, 10'000, 300), limit(kBob, Side::kSell, 10'000, 100)});
  const auto& results = placed.result.orders;
  EXPECT_EQ(results.at(0).standing.status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(results.at(1).standing.status, OrderStatus::kFilled);
  ASSERT_EQ(results[0].fills.size(), 1U);
  EXPECT_EQ(results[0].fills[0].liquidity, Liquidity::kMaker);
  EXPECT_EQ(results[0].fills[0].fee, 500);
  EXPECT_EQ(results[1].fills.at(0).fee, 1'000);
  EXPECT_EQ(results[1].fills.at(0).trade_id, results[0].fills[0].trade_id);
}

TEST_F(TogetherTest, OneGroupIsKeptApartAmongThemToo) {
  const Outcome placed = together({limit(kCarol, Side::kBuy, 10'000, 300), limit(kDave, Side::kSell, 10'000, 100)});
  EXPECT_EQ(placed.result.orders.at(0).standing.status, OrderStatus::kCancelled);
  EXPECT_EQ(placed.result.orders.at(0).standing.end_reason, EndReason::kSelfTrade);
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kNew);
  EXPECT_EQ(placed.all<PreventedMatchView>().size(), 1U);
}

TEST_F(TogetherTest, HoldsAddUp) {
  std::vector<PlaceOrder> ten;
  for (int i = 0; i < 10; ++i) ten.push_back(limit(kAlice, Side::kSell, 1'000, 1'000'000));  // all there is
  std::vector<PlaceOrder> eleven = ten;
  eleven.push_back(limit(kAlice, Side::kSell, 10'000, 100));
  expect_refused(eleven, 10, Reason::kInsufficientFunds);
  EXPECT_EQ(together(ten).reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).available, 0);
  EXPECT_EQ(balance(kAlice, kBtc).held, kFundsBtc);
}

TEST_F(TogetherTest, NothingMatchesWhileTheyAreChecked) {
  // Alone, the first would rest and give the second its liquidity.
  expect_refused({limit(kAlice, Side::kBuy, 10'000, 300), market(kBob, Side::kSell, 100)}, 1, Reason::kNoLiquidity);
  // Alone, what the first sells would pay for the second.
  submit(limit(kBob, Side::kBuy, 10'000, 1'000'000));
  const std::int64_t rest = balance(kAlice, kKk99).available;
  submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kKk99, rest});
  expect_refused({limit(kAlice, Side::kSell, 10'000, 1'000), limit(kAlice, Side::kBuy, 9'000, 1'000)}, 1,
                 Reason::kInsufficientFunds);
}

TEST_F(TogetherTest, AMarketOrderKeepsThePriceThatItWasCheckedAt) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kBob, Side::kSell, 10'100, 100));
  const Outcome placed = together({limit(kAlice, Side::kBuy, 10'000, 100), market(kCarol, Side::kBuy, 100)});
  EXPECT_EQ(placed.result.orders.at(0).standing.status, OrderStatus::kFilled);
  // 0.5 % above 10,000 ends at 10,050: what the first left is beyond it.
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kExpired);
  EXPECT_EQ(placed.result.orders.at(1).standing.end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(balance(kCarol, kKk99).held, 0);
}

TEST_F(TogetherTest, ABudgetUnderOneLotIsReleased) {
  submit(limit(kBob, Side::kSell, 1'000'000, 1'000));
  PlaceOrder budget = market(kAlice, Side::kBuy, 0);
  budget.quote_budget = 1'000'000;  // a lot costs ten times as much
  const Outcome placed = together({budget});
  EXPECT_EQ(placed.result.orders.at(0).standing.status, OrderStatus::kFilled);
  EXPECT_EQ(placed.result.orders.at(0).standing.cum_quantity, 0);
  EXPECT_EQ(balance(kAlice, kKk99).available, kFundsKk99);
}

TEST_F(TogetherTest, APostOnlyThatAnEarlierOneStandsAgainstEnds) {
  PlaceOrder post = limit(kBob, Side::kSell, 10'000, 100);
  post.post_only = true;
  const Outcome placed = together({limit(kAlice, Side::kBuy, 10'000, 300), post});
  EXPECT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kCancelled);
  EXPECT_EQ(placed.result.orders.at(1).standing.end_reason, EndReason::kPostOnlyWouldCross);
  PlaceOrder again = limit(kBob, Side::kSell, 10'000, 100);
  again.post_only = true;
  expect_refused({limit(kAlice, Side::kBuy, 9'000, 300), again}, 1, Reason::kPostOnlyWouldCross);
  const SpecialTerms moves{.post_only_reprice = true};
  again.special = &moves;
  const Outcome moved = together({limit(kAlice, Side::kBuy, 10'005, 300), again});
  EXPECT_EQ(moved.result.orders.at(1).standing.price, 10'010);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'010, 100}}));
}

TEST_F(TogetherTest, AStopAmongThemIsTakenByATradeOfTheOthers) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kAlice, Side::kBuy, 10'000, 100));  // the last price
  submit(limit(kBob, Side::kSell, 10'100, 300));
  const SpecialTerms at{.trigger_price = 10'100, .has_trigger_price = true};
  PlaceOrder stop = market(kCarol, Side::kBuy, 100);
  stop.type = OrderType::kStop;
  stop.special = &at;
  const Outcome placed = together({stop, limit(kAlice, Side::kBuy, 10'100, 100)});
  EXPECT_EQ(placed.result.orders.at(0).standing.status, OrderStatus::kUntriggered);
  EXPECT_EQ(placed.all<OrderEvent>().back().order.view.status, OrderStatus::kFilled);
  EXPECT_EQ(placed.all<OrderEvent>().back().order.view.account_id, kCarol);
  expect_refused({limit(kAlice, Side::kBuy, 9'000, 200), stop}, 1, Reason::kClientOrderIdReused);
}

TEST_F(TogetherTest, TheFirstThatFailsIsNamedWithItsReason) {
  PlaceOrder off_tick = limit(kAlice, Side::kBuy, 10'001, 100);
  PlaceOrder unknown = limit(99, Side::kBuy, 10'000, 100);
  expect_refused({limit(kAlice, Side::kBuy, 10'000, 100), off_tick, unknown}, 1, Reason::kPriceNotOnTick);
  expect_refused({unknown, off_tick}, 0, Reason::kUnknownAccount);
  PlaceOrder late = limit(kAlice, Side::kBuy, 10'000, 100);
  late.valid_until_ns = now_ns_ - 1;
  expect_refused({limit(kAlice, Side::kBuy, 10'000, 100), late}, 1, Reason::kRequestExpired);
  const SpecialTerms only{.validate_only = true};
  PlaceOrder judged = limit(kAlice, Side::kBuy, 10'000, 100);
  judged.special = &only;
  expect_refused({judged}, 0, Reason::kOrderFieldsConflict);
}

TEST_F(TogetherTest, ARefusedBatchUsesNoId) {
  const PlaceOrder good = limit(kAlice, Side::kBuy, 10'000, 100);
  expect_refused({good, limit(kAlice, Side::kBuy, 10'001, 100)}, 1, Reason::kPriceNotOnTick);
  const Outcome alone = submit(good);
  EXPECT_FALSE(alone.result.replayed);
  EXPECT_EQ(alone.reason(), Reason::kNone);
}

TEST_F(TogetherTest, AnIdTwiceIsRefusedAtItsSecondPlace) {
  PlaceOrder one = limit(kAlice, Side::kBuy, 10'000, 100);
  PlaceOrder two = one;
  expect_refused({one, limit(kBob, Side::kBuy, 9'000, 200), two}, 2, Reason::kClientOrderIdReused);
  two.account_id = kBob;
  EXPECT_EQ(together({one, two}).reason(), Reason::kNone);  // ids belong to accounts
}

TEST_F(TogetherTest, ARepeatGivesEachFirstAnswer) {
  const std::vector<PlaceOrder> orders = {limit(kAlice, Side::kBuy, 10'000, 300),
                                          limit(kBob, Side::kSell, 10'000, 100)};
  const Outcome first = together(orders);
  submit(limit(kCarol, Side::kSell, 10'000, 200));
  now_ns_ += 2 * kMinute;  // past their time
  const Outcome again = together(orders);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  ASSERT_EQ(again.result.orders.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again.result.orders[i].standing.order_id, first.result.orders[i].standing.order_id);
    EXPECT_EQ(again.result.orders[i].standing.status, first.result.orders[i].standing.status);
    EXPECT_EQ(again.result.orders[i].standing.cum_quantity, 100);
    EXPECT_TRUE(again.result.orders[i].fills.empty());
  }
}

TEST_F(TogetherTest, WhatIsKnownInPartIsNoRepeat) {
  const std::vector<PlaceOrder> orders = {limit(kAlice, Side::kBuy, 10'000, 300), limit(kAlice, Side::kBuy, 9'000, 200)};
  submit(orders[1]);
  expect_refused(orders, 1, Reason::kClientOrderIdReused);
  submit(orders[0]);
  expect_refused(orders, 0, Reason::kClientOrderIdReused);  // answered one by one, not together
  EXPECT_TRUE(together({orders[0]}).result.replayed);
}

TEST_F(TogetherTest, ItSurvivesARestart) {
  const std::vector<PlaceOrder> orders = {limit(kAlice, Side::kBuy, 10'000, 300), limit(kBob, Side::kSell, 10'000, 100)};
  together(orders);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  core_ = std::move(loaded);
  EXPECT_TRUE(together(orders).result.replayed);
}

TEST_F(TogetherTest, InAnAuctionTheyCollect) {
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kAuction, .auction_kind = AuctionKind::kIntraday});
  const Outcome placed = together({limit(kAlice, Side::kBuy, 10'000, 300), limit(kBob, Side::kSell, 9'000, 200)});
  EXPECT_EQ(placed.reason(), Reason::kNone);
  EXPECT_TRUE(placed.all<TradeView>().empty());
  EXPECT_EQ(placed.result.orders.at(1).standing.leaves_quantity, 200);
}

Limits wide() {
  Limits limits = small_limits();
  limits.levels = 8'192;
  limits.balances = 1'024;
  return limits;
}

class WideTogetherTest : public TogetherTest {
 protected:
  WideTogetherTest() : TogetherTest(wide()) {}
};

TEST_F(WideTogetherTest, AsManyAsOneCommandMayCarry) {
  std::vector<PlaceOrder> orders;
  for (std::size_t i = 0; i < kMaxAtomicOrders; ++i) {
    orders.push_back(limit(i % 2 == 0 ? kAlice : kBob, i % 2 == 0 ? Side::kBuy : Side::kSell, 10'000, 100));
  }
  const Outcome placed = together(orders);
  EXPECT_EQ(placed.all<TradeView>().size(), kMaxAtomicOrders / 2);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  EXPECT_TRUE(depth(Side::kSell).empty());
}

Limits tight() {
  Limits limits = small_limits();
  limits.open_orders_per_account = 3;
  limits.ids_per_account = 5;
  limits.orders = 8;
  limits.levels = 128;
  return limits;
}

class TightTogetherTest : public TogetherTest {
 protected:
  TightTogetherTest() : TogetherTest(tight()) {}
};

TEST_F(TightTogetherTest, OpenOrdersAndIdsAndRoomAddUp) {
  const auto buys = [&](std::uint64_t account, std::size_t count) {
    std::vector<PlaceOrder> orders;
    for (std::size_t i = 0; i < count; ++i) orders.push_back(limit(account, Side::kBuy, 10'000, 100));
    return orders;
  };
  expect_refused(buys(kAlice, 4), 3, Reason::kTooManyOpenOrders);
  submit(limit(kBob, Side::kSell, 20'000, 100));
  std::vector<PlaceOrder> at_once = buys(kAlice, 6);
  for (PlaceOrder& order : at_once) order.time_in_force = TimeInForce::kIoc;
  expect_refused(at_once, 5, Reason::kIdempotencyWindowFull);
  std::vector<PlaceOrder> many = buys(kAlice, 3);
  for (const std::uint64_t account : {kCarol, kDave}) {
    for (const PlaceOrder& order : buys(account, account == kCarol ? 3 : 2)) many.push_back(order);
  }
  expect_refused(many, 7, Reason::kEngineFull);  // one of eight records is Bob's
  EXPECT_EQ(together(buys(kAlice, 3)).reason(), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
