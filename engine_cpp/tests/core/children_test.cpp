// Orders that come with the fills of a parent: when they are active, how much of them, what they hold, how they end.
#include "family_venue.hpp"

namespace exchange::engine::testing {
namespace {

using ChildrenTest = FamilyVenue;

TEST_F(ChildrenTest, TheyWaitForTheFirstFillOfTheirParentAndAreBackedByIt) {
  const Outcome placed = oto();
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(leg(placed, 0).status, OrderStatus::kNew);
  EXPECT_EQ(leg(placed, 1).status, OrderStatus::kUntriggered);
  EXPECT_EQ(leg(placed, 1).leaves_quantity, 400);
  for (const std::size_t at : {0U, 1U}) {
    const SpecialView& special = placed.result.orders.at(at).order->special;
    EXPECT_EQ(special.link_id, number(placed, 0));
    EXPECT_EQ(special.link_type, LinkType::kOtoPartial);
    EXPECT_EQ(special.parent_order_id, at == 0 ? 0 : number(placed, 0));
  }
  EXPECT_TRUE(depth(Side::kSell).empty());
  EXPECT_EQ(balance(kAlice, kKk99).held, 3'960'000 + 3'960 + 1);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
  expect_saved_as_it_is();
}

TEST_F(ChildrenTest, AChildGrowsWithTheFillsOfItsParent) {
  const Outcome placed = oto();
  const std::uint64_t child = number(placed, 1);
  const Outcome first = sell(200);
  EXPECT_EQ(causes_of(first, child), std::vector{OrderUpdateCause::kActivated});
  EXPECT_EQ(last_of(first, child).quantity, 200);
  EXPECT_EQ(last_of(first, child).status, OrderStatus::kNew);
  EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200);
  submit(limit(kCarol, Side::kSell, 10'200, 600));
  expect_saved_as_it_is();
  EXPECT_EQ(last_of(sell(200), child).quantity, 400);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 1'000}}));
  buy(600);
  EXPECT_EQ(now(child).leaves_quantity, 400) << "it went to the back with what it got last";
  expect_saved_as_it_is();
}

TEST_F(ChildrenTest, OtoFullWaitsForTheEndOfItsParent) {
  const Outcome placed = oto(LinkType::kOtoFull);
  const std::uint64_t child = number(placed, 1);
  EXPECT_TRUE(causes_of(sell(200), child).empty());
  EXPECT_EQ(now(child).status, OrderStatus::kUntriggered);
  EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200) << "what was filled is kept for it";
  expect_saved_as_it_is();
  EXPECT_EQ(last_of(sell(200), child).quantity, 400);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 400}}));
}

TEST_F(ChildrenTest, AParentThatEndsWithoutAFillCancelsThem) {
  const auto expect_gone = [&](const Outcome& outcome, std::uint64_t child) {
    EXPECT_EQ(last_of(outcome, child).status, OrderStatus::kCancelled);
    EXPECT_EQ(last_of(outcome, child).end_reason, EndReason::kParentCancelled);
    EXPECT_EQ(balance(kAlice, kBtc).held + balance(kAlice, kKk99).held, 0);
  };
  const Outcome cancelled = oto();
  expect_gone(submit(cancel(kAlice, number(cancelled, 0))), number(cancelled, 1));
  PlaceOrder killed = entry();
  killed.time_in_force = TimeInForce::kFok;
  const Outcome at_once = group(LinkType::kOtoFull, {killed, profit(), stop()});
  EXPECT_EQ(leg(at_once, 1).status, OrderStatus::kUntriggered) << "as the command was answered";
  expect_gone(at_once, number(at_once, 1));
  expect_gone(at_once, number(at_once, 2));
  const SpecialTerms soon{.expire_time_ns = now_ns_ + 2 * kSecond};
  PlaceOrder expiring = entry();
  expiring.time_in_force = TimeInForce::kGtd;
  expiring.special = &soon;
  const Outcome timed = group(LinkType::kOtoPartial, {expiring, profit()});
  now_ns_ += 3 * kSecond;
  expect_gone(submit(Tick{}), number(timed, 1));
  const Outcome amended = oto();
  AmendOrder away = amend_of(number(amended, 0));
  away.size = AmendSize::kTotal;
  expect_gone(submit(away), number(amended, 1));
}

TEST_F(ChildrenTest, AParentThatEndsWithFillsLeavesThemWhatItFilled) {
  for (const LinkType type : {LinkType::kOtoPartial, LinkType::kOtoFull}) {
    const Outcome placed = oto(type);
    sell(200);
    const Outcome ended = submit(cancel(kAlice, number(placed, 0)));
    const OrderView child = now(number(placed, 1));
    EXPECT_EQ(child.quantity, 200);
    EXPECT_EQ(child.leaves_quantity, 200);
    EXPECT_EQ(causes_of(ended, number(placed, 1)).size(), type == LinkType::kOtoFull ? 1U : 0U);
    EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200);
    submit(cancel(kAlice, number(placed, 1)));
  }
}

TEST_F(ChildrenTest, AMassCancelTakesThemAll) {
  oto();
  group(LinkType::kBracket, {entry(), profit(), stop()});
  MassCancel all{.account_id = kAlice, .valid_until_ns = now_ns_ + kMinute};
  const Outcome cancelled = submit(all);
  EXPECT_EQ(cancelled.result.cancelled_count, 5U);
  for (const OrderEvent& event : of_alice(cancelled)) EXPECT_EQ(event.order.view.end_reason, EndReason::kMassCancel);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(ChildrenTest, WhatNoFillBringsIsHeldFromTheStart) {
  const PlaceOrder more = limit(kAlice, Side::kBuy, 9'800, 400);
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), more});
  constexpr std::int64_t kEntry = 3'960'000 + 3'960 + 1;
  constexpr std::int64_t kMore = 3'920'000 + 3'920 + 1;
  EXPECT_EQ(balance(kAlice, kKk99).held, kEntry + kMore);
  sell(200);
  EXPECT_EQ(balance(kAlice, kKk99).held, kEntry - 1'980'000 - 990 + kMore) << "the rest of the child is still to come";
  submit(cancel(kAlice, number(placed, 0)));
  EXPECT_EQ(balance(kAlice, kKk99).held, 1'960'000 + 1'960 + 1);
  submit(cancel(kAlice, number(placed, 1)));
  const PlaceOrder out = limit(kAlice, Side::kSell, 10'300, 400);
  const PlaceOrder back = limit(kAlice, Side::kBuy, 9'900, 400);
  group(LinkType::kOtoFull, {out, back});
  EXPECT_EQ(balance(kAlice, kKk99).held, kEntry) << "a sell may bring too little";
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
}

TEST_F(ChildrenTest, OneSellIsBackedByABuyAndTheOthersByThemselves) {
  const PlaceOrder second = limit(kAlice, Side::kSell, 10'300, 400);
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), profit(), second});
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  sell(200);
  EXPECT_EQ(balance(kAlice, kBtc).held, 3 * kBaseOf200);
  submit(cancel(kAlice, number(placed, 0)));
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  expect_saved_as_it_is();
}

TEST_F(ChildrenTest, WhatAFillBringsIsTheirsAtOnce) {
  submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kBtc, balance(kAlice, kBtc).available});
  oto(LinkType::kOtoFull);
  sell(300);
  EXPECT_EQ(balance(kAlice, kBtc).available, 0);
  EXPECT_EQ(submit(limit(kAlice, Side::kSell, 10'300, 200)).reason(), Reason::kInsufficientFunds);
}

TEST_F(ChildrenTest, ATriggerCountsFromTheFirstFillOn) {
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), stop(10'050)});
  ASSERT_EQ(placed.reason(), Reason::kNone) << "at 10,000 it would trigger now";
  EXPECT_EQ(now(number(placed, 1)).status, OrderStatus::kUntriggered);
  submit(limit(kBob, Side::kBuy, 9'895, 600));
  const Outcome filled = sell(400);
  const std::vector causes = {OrderUpdateCause::kActivated, OrderUpdateCause::kTriggered, OrderUpdateCause::kFilled};
  EXPECT_EQ(causes_of(filled, number(placed, 1)), causes);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(ChildrenTest, AStopThatWaitsGrowsWhereItIs) {
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), stop()});
  sell(200);
  EXPECT_EQ(now(number(placed, 1)).quantity, 200);
  EXPECT_EQ(now(number(placed, 1)).status, OrderStatus::kUntriggered);
  sell(200);
  EXPECT_EQ(now(number(placed, 1)).quantity, 400);
  expect_saved_as_it_is();
  submit(limit(kBob, Side::kBuy, 9'800, 1'000));
  submit(cancel(kAlice, number(placed, 0)));
  const Outcome down = submit(limit(kCarol, Side::kSell, 9'800, 200));
  EXPECT_EQ(last_of(down, number(placed, 1)).cum_quantity, 400);
}

TEST_F(ChildrenTest, WhatAChildDoesChangesNothingAboutItsParent) {
  const Outcome placed = oto();
  sell(200);
  EXPECT_EQ(last_of(buy(200), number(placed, 1)).status, OrderStatus::kFilled);
  EXPECT_EQ(now(number(placed, 0)).leaves_quantity, 200);
  EXPECT_TRUE(causes_of(sell(200), number(placed, 1)).empty()) << "what has ended grows no more";
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
  expect_saved_as_it_is();
}

TEST_F(ChildrenTest, AChildThatEndsGivesBackWhatItMightHaveGot) {
  const PlaceOrder second = limit(kAlice, Side::kSell, 10'200, 400);
  group(LinkType::kOtoPartial, {entry(), stop(), second});
  sell(200);
  EXPECT_EQ(balance(kAlice, kBtc).held, 3 * kBaseOf200);
  buy(200);
  EXPECT_EQ(balance(kAlice, kBtc).held, kBaseOf200);
}

TEST_F(ChildrenTest, AnAmendMovesAChildThatWaitsButNotItsQuantity) {
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), profit(), stop()});
  AmendOrder price = amend_of(number(placed, 1));
  price.price = 10'300;
  price.has_price = true;
  EXPECT_EQ(submit(price).reason(), Reason::kNone);
  AmendOrder trigger = amend_of(number(placed, 2));
  trigger.trigger_price = 10'100;
  trigger.has_trigger_price = true;
  EXPECT_EQ(submit(trigger).reason(), Reason::kNone) << "it counts from the first fill on";
  AmendOrder quantity = amend_of(number(placed, 1));
  quantity.quantity = 200;
  quantity.size = AmendSize::kTotal;
  EXPECT_EQ(submit(quantity).reason(), Reason::kOrderFieldsConflict);
  trigger.order_id = number(placed, 1);
  EXPECT_EQ(submit(trigger).reason(), Reason::kOrderFieldsConflict);
  trigger.order_id = number(placed, 2);
  trigger.trigger_price = 9'700;
  EXPECT_EQ(submit(trigger).reason(), Reason::kNone);
  sell(200);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'300, 200}}));
  EXPECT_EQ(submit(quantity).reason(), Reason::kNone) << "from then on it is its own";
}

TEST_F(ChildrenTest, AParentIsAmendedDownButNotUp) {
  const Outcome placed = oto();
  AmendOrder amend = amend_of(number(placed, 0));
  amend.size = AmendSize::kTotal;
  amend.quantity = 420;
  EXPECT_EQ(submit(amend).reason(), Reason::kOrderFieldsConflict);
  amend.quantity = 200;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
  sell(200);
  EXPECT_EQ(now(number(placed, 1)).quantity, 200);
}

TEST_F(ChildrenTest, AFillInAnUncrossIsPassedOnAfterIt) {
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kAuction, .auction_kind = AuctionKind::kIntraday});
  const Outcome placed = oto();
  sell(200, 9'800);
  const Outcome open = submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kContinuous});
  EXPECT_EQ(last_of(open, number(placed, 1)).quantity, 200);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 200}}));
}

TEST_F(ChildrenTest, AChildIsKeptFromItsParentLikeAnyOrder) {
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), limit(kAlice, Side::kSell, 9'900, 400)});
  const Outcome filled = sell(200);
  EXPECT_EQ(filled.all<PreventedMatchView>().size(), 1U);
  EXPECT_EQ(now(number(placed, 0)).order_id, 0U);
  EXPECT_EQ(now(number(placed, 1)).leaves_quantity, 200);
  expect_saved_as_it_is();
}

TEST_F(ChildrenTest, OrdersThatDoNotGoTogetherAreRefused) {
  const auto refused = [&](const PlaceOrder& child, LinkType type = LinkType::kOtoPartial) {
    const Outcome outcome = group(type, {entry(), child});
    EXPECT_EQ(outcome.reason(), Reason::kLinkInvalid);
    EXPECT_TRUE(outcome.events.empty());
  };
  refused(profit(200));
  refused(limit(kBob, Side::kSell, 10'200, 400));
  refused(market(kAlice, Side::kSell, 400));
  PlaceOrder at_once = profit();
  at_once.time_in_force = TimeInForce::kIoc;
  refused(at_once);
  const SpecialTerms slices{.display_quantity = 200};
  PlaceOrder iceberg = profit();
  iceberg.special = &slices;
  refused(iceberg);
  refused(profit(), LinkType::kBracket);
}

TEST_F(ChildrenTest, OneThatFailsRefusesAllAndUsesNoId) {
  const PlaceOrder good = entry();
  const Outcome refused = group(LinkType::kOtoPartial, {good, limit(kAlice, Side::kSell, 10'201, 400)});
  EXPECT_EQ(refused.reason(), Reason::kBatchRefused);
  EXPECT_EQ(refused.result.orders.at(1).reason, Reason::kPriceNotOnTick);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_FALSE(submit(good).result.replayed);
  const PlaceOrder too_much = limit(kAlice, Side::kBuy, 9'900, 1'000'000);
  const Outcome dear = group(LinkType::kOtoPartial, {too_much, limit(kAlice, Side::kBuy, 1'000'000, 1'000'000)});
  EXPECT_EQ(dear.result.orders.at(1).reason, Reason::kInsufficientFunds);
}

TEST_F(ChildrenTest, ARepeatIsAnsweredAsAtFirst) {
  const std::vector<PlaceOrder> orders = {entry(), profit()};
  const Outcome first = group(LinkType::kOtoPartial, orders);
  sell(400);
  const Outcome again = group(LinkType::kOtoPartial, orders);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(leg(again, 1).status, OrderStatus::kUntriggered);
  EXPECT_EQ(number(again, 1), number(first, 1));
  EXPECT_TRUE(again.events.empty());
}

TEST_F(ChildrenTest, OneCommandPassesOnAThousandAndTheNextTheRest) {
  for (int n = 0; n < 1'003; ++n) group(LinkType::kOtoPartial, {entry(200), profit(200)});
  sell(200'600);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 200'000}}));
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  EXPECT_EQ(loaded.next_deadline(), core_.next_deadline());
  EXPECT_EQ(of_alice(submit(Tick{})).size(), 3U);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'200, 200'600}}));
  EXPECT_GT(core_.next_deadline().value(), now_ns_);
}

TEST_F(ChildrenTest, ADamagedStateIsRefusedOrConsistent) {
  oto(LinkType::kOtoFull);
  bracket();
  group(LinkType::kOtoPartial, {entry(), limit(kAlice, Side::kBuy, 9'800, 400), stop()});
  sell(600);
  const std::string saved = save(core_);
  for (std::size_t at = 0; at < saved.size(); at += 7) {
    std::string damaged = saved;
    damaged[at] ^= static_cast<char>(1U << (at % 8));
    Core core(small_limits(), 0);
    if (load(core, damaged)) {
      EXPECT_TRUE(core.consistent()) << at;
    }
  }
}

}  // namespace
}  // namespace exchange::engine::testing
