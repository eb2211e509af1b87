// Orders that wait for a price: what they watch, when they go on, in which order, and what is held for them.
#include "trigger_venue.hpp"

namespace exchange::engine::testing {
namespace {

class TriggerTest : public TriggerVenue {};

TEST_F(TriggerTest, AStopWaitsOutsideTheBookAndIsShownAsUntriggered) {
  const Outcome placed = submit(waiting(OrderType::kStop, Side::kBuy, 11'000));
  EXPECT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.order().status, OrderStatus::kUntriggered);
  EXPECT_EQ(placed.result.order->special.trigger_price, 11'000);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  ByteBuffer bytes;
  ASSERT_TRUE(core_.query(kAlice, bytes));
  EXPECT_EQ(read_account(bytes.view()).open_orders.at(0).view.status, OrderStatus::kUntriggered);
}

TEST_F(TriggerTest, ABuyStopTriggersAtOrAboveItsPriceAndASellStopAtOrBelow) {
  submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 10'100));
  submit(waiting(OrderType::kStopLimit, Side::kSell, 9'900, 9'900));
  trade_at(10'050);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  const Outcome up = submit(limit(kBob, Side::kBuy, 10'100, 200));
  ASSERT_EQ(of_alice(up).size(), 1U);
  EXPECT_EQ(of_alice(up)[0].cause, OrderUpdateCause::kTriggered);
  EXPECT_EQ(of_alice(up)[0].order.view.status, OrderStatus::kNew);
  EXPECT_EQ(of_alice(up)[0].order.special.triggered_time_ns, now_ns_);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'100, 200}}));
}

TEST_F(TriggerTest, ABuyTakeProfitTriggersAtOrBelowAndASellTakeProfitAtOrAbove) {
  submit(waiting(OrderType::kTakeProfitLimit, Side::kBuy, 9'900, 9'900));
  submit(waiting(OrderType::kTakeProfitLimit, Side::kSell, 10'100, 10'200));
  trade_at(9'900);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'900, 200}}));
  submit(limit(kDave, Side::kSell, 9'900, 200));
  trade_at(10'100);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 200}}));
}

TEST_F(TriggerTest, WhatIsTrueAtEntryIsRefusedAndSoIsAPriceThatDoesNotExist) {
  EXPECT_EQ(submit(waiting(OrderType::kStop, Side::kBuy, 10'000)).reason(), Reason::kWouldTriggerImmediately);
  EXPECT_EQ(submit(waiting(OrderType::kStop, Side::kSell, 10'000)).reason(), Reason::kWouldTriggerImmediately);
  EXPECT_EQ(submit(waiting(OrderType::kTakeProfit, Side::kBuy, 10'000)).reason(), Reason::kWouldTriggerImmediately);
  const PlaceOrder on_mark = waiting(OrderType::kStop, Side::kBuy, 11'000, 0, TriggerReference::kMark);
  EXPECT_EQ(submit(on_mark).reason(), Reason::kNoReferencePrice);
}

TEST_F(TriggerTest, AMarkPriceTriggersWhatWatchesIt) {
  submit(mark_at(10'000));
  submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'500, 9'000, TriggerReference::kMark));
  EXPECT_TRUE(of_alice(submit(mark_at(10'495))).empty());
  EXPECT_EQ(of_alice(submit(mark_at(10'500))).size(), 1U);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'000, 200}}));
}

TEST_F(TriggerTest, BidAskWatchesTheBestAskForABuyAndTheBestBidForASell) {
  const auto bid_ask = TriggerReference::kBidAsk;
  const Outcome offer = submit(limit(kCarol, Side::kSell, 10'200, 200));
  submit(limit(kBob, Side::kBuy, 9'800, 200));
  submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'300, 9'000, bid_ask));
  EXPECT_EQ(submit(waiting(OrderType::kStopLimit, Side::kSell, 9'800, 12'000, bid_ask)).reason(),
            Reason::kWouldTriggerImmediately);
  submit(limit(kCarol, Side::kSell, 10'300, 200));
  EXPECT_EQ(of_alice(submit(cancel(kCarol, offer.order().order_id))).size(), 1U);
}

TEST_F(TriggerTest, AStopGoesOnAsAMarketOrder) {
  submit(waiting(OrderType::kStop, Side::kBuy, 10'100));
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  submit(limit(kCarol, Side::kSell, 10'150, 120));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200)));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].fill->price, 10'150);
  EXPECT_EQ(events[2].order.view.status, OrderStatus::kExpired);
  EXPECT_EQ(events[2].order.view.end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(TriggerTest, AStopBuyLocksItsTriggerWithTheProtectionAndNeverTradesBeyond) {
  const std::int64_t before = balance(kAlice, kKk99).held;
  submit(waiting(OrderType::kStop, Side::kBuy, 10'100));
  const std::int64_t held = balance(kAlice, kKk99).held - before;
  const Outcome twin = submit(limit(kAlice, Side::kBuy, 10'150, 200));  // 50 basis points above the trigger
  EXPECT_EQ(balance(kAlice, kKk99).held, before + 2 * held);
  submit(cancel(kAlice, twin.order().order_id));
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  submit(limit(kCarol, Side::kSell, 10'155, 200));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].order.view.end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(balance(kAlice, kKk99).held, before);
}

TEST_F(TriggerTest, ActivationIsInOrderOfEntryWhateverTheTriggers) {
  const auto first = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'200, 9'000)).order().order_id;
  const auto second = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 9'000)).order().order_id;
  submit(limit(kCarol, Side::kSell, 10'200, 200));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'200, 200)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].order.view.order_id, first);
  EXPECT_EQ(events[1].order.view.order_id, second);
}

TEST_F(TriggerTest, OneCommandTakesAThousandStepsAndATickTheRest) {
  for (int n = 0; n < 1'003; ++n) submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 9'000));
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  EXPECT_EQ(of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200))).size(), 1'000U);
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(loaded.next_deadline(), core_.next_deadline());
  EXPECT_EQ(of_alice(submit(Tick{})).size(), 3U);
  EXPECT_GT(core_.next_deadline().value(), now_ns_);
}

TEST_F(TriggerTest, CancelAndAgeTakeAWaitingOrderOutAndFreeItsHold) {
  const Outcome placed = submit(waiting(OrderType::kStop, Side::kSell, 9'000));
  EXPECT_GT(balance(kAlice, kBtc).held, 0);
  EXPECT_EQ(submit(cancel(kAlice, placed.order().order_id)).order().status, OrderStatus::kCancelled);
  submit(waiting(OrderType::kStop, Side::kSell, 9'000));
  now_ns_ += 90 * kDay;
  const std::vector<OrderEvent> events = of_alice(submit(Tick{}));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].order.view.end_reason, EndReason::kTooOld);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(TriggerTest, APostOnlyStopLimitThatWouldTakeIsCancelledAtItsTrigger) {
  PlaceOrder order = waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 10'200);
  order.post_only = true;
  submit(order);
  submit(limit(kCarol, Side::kSell, 10'100, 400));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].order.view.end_reason, EndReason::kPostOnlyWouldCross);
}

TEST_F(TriggerTest, NothingTriggersWhileTheMarketDoesNotMatch) {
  submit(mark_at(10'000));
  submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'500, 9'000, TriggerReference::kMark));
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kHalt});
  EXPECT_TRUE(of_alice(submit(mark_at(10'600))).empty());
  EXPECT_EQ(of_alice(submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kContinuous})).size(), 1U);
}

TEST_F(TriggerTest, ATriggerBelongsToAnOrderThatWaitsForIt) {
  PlaceOrder order = waiting(OrderType::kStopLimit, Side::kBuy, 11'000, 11'000);
  order.type = OrderType::kLimit;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
  order.type = OrderType::kStopLimit;
  order.special = nullptr;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(waiting(OrderType::kStop, Side::kBuy, 11'001)).reason(), Reason::kPriceNotOnTick);
}

}  // namespace
}  // namespace exchange::engine::testing
