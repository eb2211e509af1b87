// Brackets: an entry and the two exits that its fills activate, of which one takes what the other trades.
#include "family_venue.hpp"

namespace exchange::engine::testing {
namespace {

using BracketTest = FamilyVenue;

TEST_F(BracketTest, ItsExitsGrowWithTheEntryAndHoldWhatItFilledOnce) {
  const Outcome placed = bracket();
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
  sell(200);
  EXPECT_EQ(now(number(placed, 1)).quantity, 200);
  EXPECT_EQ(now(number(placed, 2)).quantity, 200);
  EXPECT_EQ(now(number(placed, 2)).status, OrderStatus::kUntriggered);
  EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200);
  sell(200);
  EXPECT_EQ(now(number(placed, 2)).quantity, 400);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  expect_saved_as_it_is();
}

TEST_F(BracketTest, AFillOfOneExitReducesTheOther) {
  const Outcome placed = bracket();
  sell(400);
  buy(100);
  EXPECT_EQ(now(number(placed, 2)).leaves_quantity, 300);
  EXPECT_EQ(balance(kAlice, kBtc).held, 3 * kBaseOf200 / 2);
  const Outcome done = buy(300);
  EXPECT_EQ(last_of(done, number(placed, 2)).end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(BracketTest, BothGoOnGrowingAfterAFillOfOne) {
  const Outcome placed = bracket();
  sell(200);
  buy(100);
  sell(200);
  EXPECT_EQ(now(number(placed, 1)).leaves_quantity, 300);
  EXPECT_EQ(now(number(placed, 2)).leaves_quantity, 300);
  EXPECT_EQ(balance(kAlice, kBtc).held, 3 * kBaseOf200 / 2);
}

TEST_F(BracketTest, AnExitThatTradesAllEndsTheEntry) {
  const Outcome placed = bracket();
  sell(200);
  const Outcome left = buy(200);
  EXPECT_EQ(last_of(left, number(placed, 0)).status, OrderStatus::kCancelled);
  EXPECT_EQ(last_of(left, number(placed, 0)).end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(last_of(left, number(placed, 0)).cum_quantity, 200);
  EXPECT_EQ(balance(kAlice, kBtc).held + balance(kAlice, kKk99).held, 0);
  expect_saved_as_it_is();
}

TEST_F(BracketTest, WhatEntersBeforeAnExitFillsInOneCommandIsProtected) {
  const Outcome placed = bracket();
  sell(200);
  const std::vector<PlaceOrder> both = {limit(kBob, Side::kSell, 9'900, 200), limit(kCarol, Side::kBuy, 10'200, 200)};
  ASSERT_EQ(submit(PlaceOrders{both}).reason(), Reason::kNone);
  EXPECT_EQ(now(number(placed, 1)).leaves_quantity, 200);
  EXPECT_EQ(now(number(placed, 2)).leaves_quantity, 200);
  EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200);
  expect_saved_as_it_is();
}

TEST_F(BracketTest, WhatEntersByATriggerIsProtectedBeforeTheNextOneGoesOn) {
  const Outcome placed = bracket();
  sell(200);
  trade_at(10'150);
  PlaceOrder down = waiting(OrderType::kStop, Side::kSell, 10'100);
  PlaceOrder up = waiting(OrderType::kTakeProfitLimit, Side::kBuy, 10'100, 10'200);
  down.account_id = kBob;
  up.account_id = kCarol;
  ASSERT_EQ(submit(down).reason(), Reason::kNone);
  ASSERT_EQ(submit(up).reason(), Reason::kNone);
  trade_at(10'100);
  EXPECT_EQ(now(number(placed, 0)).order_id, 0U);
  EXPECT_EQ(now(number(placed, 1)).leaves_quantity, 200);
  EXPECT_EQ(now(number(placed, 2)).leaves_quantity, 200);
}

TEST_F(BracketTest, AnExitThatItsOwnerCancelsLeavesTheRestAlone) {
  const Outcome placed = bracket();
  submit(cancel(kAlice, number(placed, 1)));
  sell(400);
  EXPECT_EQ(now(number(placed, 2)).quantity, 400);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
}

TEST_F(BracketTest, AStopThatTriggersTakesTheProfitWithIt) {
  const Outcome placed = bracket();
  sell(400);
  submit(limit(kBob, Side::kBuy, 9'790, 400));
  submit(limit(kBob, Side::kBuy, 9'800, 400));
  const Outcome down = submit(limit(kCarol, Side::kSell, 9'800, 400));
  EXPECT_EQ(last_of(down, number(placed, 2)).status, OrderStatus::kFilled);
  EXPECT_EQ(last_of(down, number(placed, 1)).end_reason, EndReason::kLinkedOrder);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(BracketTest, AFillOrKillCountsAnExitOnce) {
  group(LinkType::kBracket, {entry(), profit(), exit(OrderType::kStopLimit, Side::kSell, 9'800, 10'210)});
  sell(400);
  submit(limit(kCarol, Side::kSell, 9'750, 200));
  submit(limit(kBob, Side::kBuy, 9'750, 200));
  ASSERT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 400}, {10'210, 400}}));
  PlaceOrder order = limit(kBob, Side::kBuy, 10'210, 420);
  order.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(order).order().end_reason, EndReason::kFokNotFillable);
}

TEST_F(BracketTest, AShortOneHoldsTheDearerExitFromTheStart) {
  PlaceOrder sold = limit(kAlice, Side::kSell, 10'200, 400);
  PlaceOrder take = limit(kAlice, Side::kBuy, 9'800, 400);
  PlaceOrder protect = exit(OrderType::kStopLimit, Side::kBuy, 10'400, 10'500);
  const Outcome placed = group(LinkType::kBracket, {sold, take, protect});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kKk99).held, 4'200'000 + 4'200 + 1);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  buy(200);
  EXPECT_EQ(now(number(placed, 1)).quantity, 200);
  submit(cancel(kAlice, number(placed, 0)));
  EXPECT_EQ(balance(kAlice, kKk99).held, 2'100'000 + 2'100 + 1);
}

TEST_F(BracketTest, ItIsAnEntryATakeProfitAndAStop) {
  const auto reason = [&](const std::vector<PlaceOrder>& orders) { return group(LinkType::kBracket, orders).reason(); };
  EXPECT_EQ(reason({entry(), profit()}), Reason::kLinkInvalid);
  EXPECT_EQ(reason({entry(), stop(), profit()}), Reason::kLinkInvalid);
  EXPECT_EQ(reason({entry(), profit(), limit(kAlice, Side::kSell, 9'700, 400)}), Reason::kLinkInvalid);
  EXPECT_EQ(reason({entry(), limit(kAlice, Side::kBuy, 9'700, 400), stop()}), Reason::kLinkInvalid);
  EXPECT_EQ(reason({entry(), profit(), stop(), stop()}), Reason::kLinkInvalid);
  const PlaceOrder taking = exit(OrderType::kTakeProfit, Side::kSell, 10'200);
  EXPECT_EQ(reason({entry(), taking, exit(OrderType::kStopLimit, Side::kSell, 9'800, 9'700)}), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
