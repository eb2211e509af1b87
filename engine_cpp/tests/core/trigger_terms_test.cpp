// Orders that wait for a price: amended while they wait, validated alone, moved behind the market when they go on.
#include "trigger_venue.hpp"

namespace exchange::engine::testing {
namespace {

class TriggerTermsTest : public TriggerVenue {
 protected:
  AmendOrder amend(const Outcome& placed) const {
    return {.account_id = kAlice, .order_id = placed.order().order_id, .valid_until_ns = now_ns_ + kMinute};
  }
  AmendOrder to_trigger(const Outcome& placed, std::int64_t price) const {
    AmendOrder out = amend(placed);
    out.trigger_price = price;
    out.has_trigger_price = true;
    return out;
  }
  AmendOrder to_quantity(const Outcome& placed, std::int64_t quantity) const {
    AmendOrder out = amend(placed);
    out.quantity = quantity;
    out.size = AmendSize::kTotal;
    return out;
  }
  void leave_alice(std::int64_t amount) {
    const std::int64_t rest = balance(kAlice, kKk99).available - amount;
    ASSERT_EQ(submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kKk99, rest}).reason(), Reason::kNone);
  }
  Outcome validated(PlaceOrder order) {
    SpecialTerms terms = *order.special;
    terms.validate_only = true;
    order.special = &terms;
    return submit(order);
  }
};

TEST_F(TriggerTermsTest, AnAmendChangesQuantityLimitAndTriggerAndHoldsForThem) {
  const Outcome placed = submit(waiting(OrderType::kStopLimit, Side::kBuy, 11'000, 11'000));
  AmendOrder change = to_trigger(placed, 10'500);
  change.quantity = 400;
  change.size = AmendSize::kTotal;
  change.price = 10'600;
  change.has_price = true;
  const Outcome amended = submit(change);
  ASSERT_EQ(amended.reason(), Reason::kNone);
  EXPECT_EQ(amended.order().status, OrderStatus::kUntriggered);
  EXPECT_EQ(amended.order().version, placed.order().version + 1);
  EXPECT_EQ(amended.order().price, 10'600);
  EXPECT_EQ(amended.order().leaves_quantity, 400);
  EXPECT_EQ(amended.result.order->special.trigger_price, 10'500);
  const std::int64_t held = balance(kAlice, kKk99).held;
  submit(cancel(kAlice, placed.order().order_id));
  submit(limit(kAlice, Side::kBuy, 10'600, 400));
  EXPECT_EQ(balance(kAlice, kKk99).held, held);
}

TEST_F(TriggerTermsTest, ANewTriggerOfAStopBuyHoldsWithItsProtection) {
  const Outcome placed = submit(waiting(OrderType::kStop, Side::kBuy, 11'000));
  ASSERT_EQ(submit(to_trigger(placed, 10'100)).reason(), Reason::kNone);
  const std::int64_t held = balance(kAlice, kKk99).held;
  submit(cancel(kAlice, placed.order().order_id));
  submit(limit(kAlice, Side::kBuy, 10'150, 200));  // 50 basis points above the trigger
  EXPECT_EQ(balance(kAlice, kKk99).held, held);
}

TEST_F(TriggerTermsTest, AnAmendedOrderWaitsForItsNewTriggerAlone) {
  const Outcome placed = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 9'000));
  ASSERT_EQ(submit(to_trigger(placed, 10'200)).reason(), Reason::kNone);
  trade_at(10'100);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  trade_at(10'200);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'000, 200}}));
}

TEST_F(TriggerTermsTest, AnAmendKeepsTheTurnOfItsEntry) {
  const Outcome first = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'300, 9'000));
  const Outcome second = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 9'000));
  ASSERT_EQ(submit(to_trigger(first, 10'100)).reason(), Reason::kNone);
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].order.view.order_id, first.order().order_id);
  EXPECT_EQ(events[1].order.view.order_id, second.order().order_id);
}

TEST_F(TriggerTermsTest, ARefusedAmendLeavesTheOrderAsItWas) {
  leave_alice(3'000'000'000);
  const Outcome placed = submit(waiting(OrderType::kStop, Side::kBuy, 11'000));
  const std::int64_t held = balance(kAlice, kKk99).held;
  EXPECT_EQ(submit(to_trigger(placed, 10'000)).reason(), Reason::kWouldTriggerImmediately);
  EXPECT_EQ(submit(to_trigger(placed, 10'501)).reason(), Reason::kPriceNotOnTick);
  EXPECT_EQ(submit(to_quantity(placed, 15)).reason(), Reason::kQuantityNotOnLot);
  EXPECT_EQ(submit(to_quantity(placed, 900'000)).reason(), Reason::kInsufficientFunds);
  AmendOrder priced = amend(placed);
  priced.price = 11'000;
  priced.has_price = true;
  EXPECT_EQ(submit(priced).reason(), Reason::kOrderFieldsConflict);
  AmendOrder requeued = amend(placed);
  requeued.requeue = true;
  EXPECT_EQ(submit(requeued).reason(), Reason::kOrderFieldsConflict);
  AmendOrder versioned = to_quantity(placed, 100);
  versioned.expected_version = 7;
  EXPECT_EQ(submit(versioned).reason(), Reason::kVersionMismatch);
  EXPECT_EQ(balance(kAlice, kKk99).held, held);
}

TEST_F(TriggerTermsTest, ATotalOfNothingEndsTheOrder) {
  const Outcome placed = submit(waiting(OrderType::kStop, Side::kSell, 9'000));
  const Outcome amended = submit(to_quantity(placed, 0));
  EXPECT_EQ(amended.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(amended.order().end_reason, EndReason::kAmendedAway);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(TriggerTermsTest, ATriggerIsNotForAnOrderThatDoesNotWait) {
  const Outcome placed = submit(limit(kAlice, Side::kBuy, 9'000, 200));
  EXPECT_EQ(submit(to_trigger(placed, 10'500)).reason(), Reason::kOrderFieldsConflict);
}

// A thousand go on with the command that made them due, a thousand before the next one: one is due still when that acts.
TEST_F(TriggerTermsTest, WhatIsDueCanBeSentBackToWait) {
  Outcome last;
  for (int n = 0; n < 2'001; ++n) last = submit(waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 9'000));
  submit(limit(kCarol, Side::kSell, 10'100, 200));
  submit(limit(kBob, Side::kBuy, 10'100, 200));
  const Outcome back = submit(to_trigger(last, 10'500));
  ASSERT_EQ(back.reason(), Reason::kNone);
  EXPECT_EQ(back.order().status, OrderStatus::kUntriggered);
  EXPECT_EQ(of_alice(submit(Tick{})).size(), 0U);
  trade_at(10'500);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'000, 200 * 2'001}}));
}

TEST_F(TriggerTermsTest, AStopLimitThatWouldTakeMovesBehindTheMarketIfItAskedForThat) {
  PlaceOrder order = waiting(OrderType::kStopLimit, Side::kBuy, 10'100, 10'200);
  order.post_only = true;
  terms_.back().post_only_reprice = true;
  ASSERT_EQ(submit(order).reason(), Reason::kNone);
  submit(limit(kCarol, Side::kSell, 10'100, 400));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'100, 200)));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].cause, OrderUpdateCause::kTriggered);
  EXPECT_EQ(events[0].order.special.working_price, 10'095);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'095, 200}}));
}

TEST_F(TriggerTermsTest, ValidationAnswersAllThatSpeaksAgainstAStop) {
  leave_alice(3'000'000'000);
  EXPECT_TRUE(validated(waiting(OrderType::kStop, Side::kBuy, 11'000)).result.all_reasons.empty());
  EXPECT_EQ(validated(waiting(OrderType::kStop, Side::kBuy, 10'000)).result.all_reasons,
            (std::vector{Reason::kWouldTriggerImmediately}));
  PlaceOrder order = waiting(OrderType::kStopLimit, Side::kBuy, 11'001, 10'002);
  order.quantity = 15;
  EXPECT_EQ(validated(order).result.all_reasons,
            (std::vector{Reason::kPriceNotOnTick, Reason::kPriceNotOnTick, Reason::kQuantityNotOnLot}));
  order = waiting(OrderType::kStop, Side::kBuy, 11'000, 0, TriggerReference::kMark);
  order.quantity = 900'000;
  EXPECT_EQ(validated(order).result.all_reasons,
            (std::vector{Reason::kNoReferencePrice, Reason::kInsufficientFunds}));
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(TriggerTermsTest, WhatWaitsForAPriceIsForNoAuction) {
  for (const TimeInForce time : {TimeInForce::kAtOpen, TimeInForce::kAtClose}) {
    PlaceOrder order = waiting(OrderType::kStopLimit, Side::kBuy, 11'000, 11'000);
    order.time_in_force = time;
    EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
  }
}

}  // namespace
}  // namespace exchange::engine::testing
