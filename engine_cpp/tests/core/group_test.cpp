// Pairs of orders: what the fills of one leg do to the other, what they hold, and what has no effect on the other.
#include "trigger_venue.hpp"

namespace exchange::engine::testing {
namespace {

class GroupTest : public TriggerVenue {
 protected:
  Outcome pair(LinkType type, const PlaceOrder& one, const PlaceOrder& other) {
    const std::vector<PlaceOrder> legs{one, other};
    return submit(PlaceOrderGroup{.link_type = type, .orders = legs});
  }
  // A take-profit at 10,200 and a stop at 9,800, for what Alice has.
  Outcome exits(LinkType type, std::int64_t quantity = 200) {
    PlaceOrder profit = limit(kAlice, Side::kSell, 10'200, quantity);
    PlaceOrder stop = waiting(OrderType::kStop, Side::kSell, 9'800);
    stop.quantity = quantity;
    return pair(type, profit, stop);
  }
  static const OrderView& leg(const Outcome& placed, std::size_t at) { return placed.result.orders.at(at).order->view; }
  OrderView now(std::uint64_t order_id) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    for (const auto& order : read_account(bytes.view()).open_orders) {
      if (order.view.order_id == order_id) return order.view;
    }
    return {};
  }
  void expect_saved_as_it_is() {
    const std::string saved = save(core_);
    Core loaded(small_limits(), 0);
    ASSERT_TRUE(load(loaded, saved));
    EXPECT_TRUE(save(loaded) == saved);
  }
};

TEST_F(GroupTest, BothLegsEnterAndSayWhatTheyBelongTo) {
  const Outcome placed = exits(LinkType::kOco);
  ASSERT_EQ(placed.reason(), Reason::kNone);
  ASSERT_EQ(placed.result.orders.size(), 2U);
  EXPECT_EQ(leg(placed, 0).status, OrderStatus::kNew);
  EXPECT_EQ(leg(placed, 1).status, OrderStatus::kUntriggered);
  for (const auto& result : placed.result.orders) {
    EXPECT_EQ(result.order->special.link_id, leg(placed, 0).order_id);
    EXPECT_EQ(result.order->special.link_type, LinkType::kOco);
  }
  expect_saved_as_it_is();
}

TEST_F(GroupTest, TheyHoldTheLargerOfWhatTheyNeedOnce) {
  const std::int64_t before = balance(kAlice, kBtc).held;
  submit(limit(kAlice, Side::kSell, 12'000, 200));
  const std::int64_t one = balance(kAlice, kBtc).held - before;
  exits(LinkType::kOco);
  EXPECT_EQ(balance(kAlice, kBtc).held, before + 2 * one);

  const std::int64_t quote = balance(kAlice, kKk99).held;
  const Outcome dearer = submit(limit(kAlice, Side::kBuy, 9'900, 200));
  const std::int64_t larger = balance(kAlice, kKk99).held - quote;
  submit(cancel(kAlice, dearer.order().order_id));
  pair(LinkType::kOuo, limit(kAlice, Side::kBuy, 9'000, 200), limit(kAlice, Side::kBuy, 9'900, 200));
  EXPECT_EQ(balance(kAlice, kKk99).held, quote + larger);
}

TEST_F(GroupTest, TheFirstFillOfAnOcoLegCancelsTheOther) {
  const Outcome placed = exits(LinkType::kOco);
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'200, 100)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].fill->quantity, 100);
  EXPECT_EQ(events[1].order.view.order_id, leg(placed, 1).order_id);
  EXPECT_EQ(events[1].order.view.status, OrderStatus::kCancelled);
  EXPECT_EQ(events[1].order.view.end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(now(leg(placed, 0).order_id).leaves_quantity, 100);
  trade_at(9'700);
  EXPECT_EQ(now(leg(placed, 0).order_id).leaves_quantity, 100);
  expect_saved_as_it_is();
}

TEST_F(GroupTest, AFillOfAnOuoLegReducesTheOther) {
  const Outcome placed = exits(LinkType::kOuo);
  const std::int64_t held = balance(kAlice, kBtc).held;
  const std::vector<OrderEvent> events = of_alice(submit(limit(kBob, Side::kBuy, 10'200, 100)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].cause, OrderUpdateCause::kRestatedLink);
  EXPECT_EQ(events[1].order.view.quantity, 100);
  EXPECT_EQ(events[1].order.view.leaves_quantity, 100);
  EXPECT_EQ(balance(kAlice, kBtc).held, held / 200 * 100);
  const std::vector<OrderEvent> rest = of_alice(submit(limit(kBob, Side::kBuy, 10'200, 100)));
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[1].order.view.order_id, leg(placed, 1).order_id);
  EXPECT_EQ(rest[1].order.view.end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(GroupTest, AStopThatGoesOnTakesTheOtherLegOutOfTheBook) {
  const Outcome placed = exits(LinkType::kOco);
  submit(limit(kBob, Side::kBuy, 9'790, 400));
  submit(limit(kBob, Side::kBuy, 9'800, 200));
  submit(limit(kCarol, Side::kSell, 9'800, 200));
  EXPECT_TRUE(depth(Side::kSell).empty());
  EXPECT_EQ(now(leg(placed, 0).order_id).order_id, 0U);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(GroupTest, OneSweepNeverTradesBothLegs) {
  pair(LinkType::kOco, limit(kAlice, Side::kSell, 10'100, 200), limit(kAlice, Side::kSell, 10'105, 200));
  submit(limit(kCarol, Side::kSell, 10'110, 200));
  const Outcome sweep = submit(limit(kBob, Side::kBuy, 10'110, 1'000));
  EXPECT_EQ(sweep.order().cum_quantity, 400);
  EXPECT_EQ(of_alice(sweep).back().order.view.end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(GroupTest, AFillOrKillCountsALegWithWhatTheOtherLeavesOfIt) {
  const auto fill_or_kill = [&](std::int64_t quantity) {
    PlaceOrder order = limit(kBob, Side::kBuy, 10'110, quantity);
    order.time_in_force = TimeInForce::kFok;
    return submit(order).order();
  };
  pair(LinkType::kOuo, limit(kAlice, Side::kSell, 10'100, 200), limit(kAlice, Side::kSell, 10'105, 300));
  EXPECT_EQ(fill_or_kill(310).end_reason, EndReason::kFokNotFillable);
  EXPECT_EQ(fill_or_kill(300).cum_quantity, 300);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(GroupTest, ALegThatTradesAsItEntersReducesTheOneBehindIt) {
  submit(limit(kBob, Side::kBuy, 10'100, 100));
  const Outcome placed = pair(LinkType::kOuo, limit(kAlice, Side::kSell, 10'100, 200), limit(kAlice, Side::kSell, 10'300, 200));
  EXPECT_EQ(leg(placed, 0).leaves_quantity, 100);
  EXPECT_EQ(leg(placed, 1).leaves_quantity, 100);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'100, 100}, {10'300, 100}}));
  EXPECT_EQ(placed.result.orders.at(0).fills.size(), 1U);

  submit(limit(kBob, Side::kBuy, 10'050, 100));
  const Outcome gone = pair(LinkType::kOco, limit(kAlice, Side::kSell, 10'050, 200), limit(kAlice, Side::kSell, 10'300, 200));
  EXPECT_EQ(leg(gone, 1).end_reason, EndReason::kLinkedOrder);
}

TEST_F(GroupTest, ALegReducedBelowItsMinimumAsksForWhatIsLeftOfIt) {
  submit(limit(kBob, Side::kBuy, 10'100, 300));
  PlaceOrder first = limit(kAlice, Side::kSell, 10'100, 200);
  first.time_in_force = TimeInForce::kIoc;
  PlaceOrder second = limit(kAlice, Side::kSell, 10'100, 250);
  second.time_in_force = TimeInForce::kIoc;
  const SpecialTerms most{.min_quantity = 180};
  second.special = &most;
  const Outcome placed = pair(LinkType::kOuo, first, second);
  EXPECT_EQ(leg(placed, 0).status, OrderStatus::kFilled);
  EXPECT_EQ(leg(placed, 1).status, OrderStatus::kFilled);
  EXPECT_EQ(leg(placed, 1).cum_quantity, 50);
}

TEST_F(GroupTest, ALegThatEndsWithoutAFillLeavesTheOtherAlone) {
  const Outcome placed = exits(LinkType::kOco);
  submit(cancel(kAlice, leg(placed, 0).order_id));
  EXPECT_EQ(now(leg(placed, 1).order_id).status, OrderStatus::kUntriggered);
  const std::int64_t held = balance(kAlice, kBtc).held;
  EXPECT_GT(held, 0);
  submit(cancel(kAlice, leg(placed, 1).order_id));
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(GroupTest, AnAmendHoldsForThePair) {
  const Outcome placed = exits(LinkType::kOco);
  const std::int64_t held = balance(kAlice, kBtc).held;
  AmendOrder larger{.account_id = kAlice, .order_id = leg(placed, 0).order_id, .valid_until_ns = now_ns_ + kMinute};
  larger.quantity = 400;
  larger.size = AmendSize::kTotal;
  ASSERT_EQ(submit(larger).reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * held);
  larger.quantity = 100;
  ASSERT_EQ(submit(larger).reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).held, held) << "the stop still needs it";
}

TEST_F(GroupTest, LegsOfOtherKindsDoNotGoTogether) {
  const auto refused = [&](PlaceOrder other) {
    const Outcome outcome = pair(LinkType::kOco, limit(kAlice, Side::kSell, 10'200, 200), other);
    EXPECT_EQ(outcome.reason(), Reason::kLinkInvalid);
    EXPECT_TRUE(outcome.events.empty());
  };
  refused(limit(kBob, Side::kSell, 10'300, 200));
  refused(limit(kAlice, Side::kBuy, 9'000, 200));
  PlaceOrder elsewhere = limit(kAlice, Side::kSell, 10'300, 200);
  elsewhere.instrument_id = kEthBtc;
  refused(elsewhere);
  PlaceOrder budget = market(kAlice, Side::kSell, 0);
  budget.quote_budget = 1'000'000;
  refused(budget);
}

TEST_F(GroupTest, OneLegThatFailsRefusesBothAndUsesNoId) {
  const PlaceOrder good = limit(kAlice, Side::kSell, 10'200, 200);
  const Outcome refused = pair(LinkType::kOco, good, limit(kAlice, Side::kSell, 10'201, 200));
  EXPECT_EQ(refused.reason(), Reason::kBatchRefused);
  EXPECT_EQ(refused.result.orders.at(0).reason, Reason::kBatchRefused);
  EXPECT_EQ(refused.result.orders.at(1).reason, Reason::kPriceNotOnTick);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_FALSE(submit(good).result.replayed);
}

TEST_F(GroupTest, ARepeatedGroupIsAnsweredAsAtFirst) {
  const PlaceOrder one = limit(kAlice, Side::kSell, 10'200, 200);
  const PlaceOrder other = limit(kAlice, Side::kSell, 10'300, 200);
  const Outcome first = pair(LinkType::kOuo, one, other);
  submit(limit(kBob, Side::kBuy, 10'200, 100));
  const Outcome again = pair(LinkType::kOuo, one, other);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(leg(again, 0).order_id, leg(first, 0).order_id);
  EXPECT_EQ(leg(again, 0).cum_quantity, 0);
  EXPECT_TRUE(again.events.empty());
}

TEST_F(GroupTest, AnUncrossTradesNoLegThatTheOtherHasTakenAway) {
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kAuction, .auction_kind = AuctionKind::kIntraday});
  ASSERT_EQ(pair(LinkType::kOco, limit(kAlice, Side::kSell, 10'000, 200), limit(kAlice, Side::kSell, 10'005, 200)).reason(),
            Reason::kNone);
  submit(limit(kCarol, Side::kSell, 10'010, 100));
  submit(limit(kBob, Side::kBuy, 10'100, 500));
  const Outcome open = submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kContinuous});
  std::int64_t traded = 0;
  for (const TradeView& trade : open.all<TradeView>()) traded += trade.quantity;
  EXPECT_EQ(traded, 300);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(GroupTest, SelfTradePreventionIsNoFill) {
  const Outcome placed = pair(LinkType::kOco, limit(kAlice, Side::kSell, 10'100, 200), limit(kAlice, Side::kSell, 10'300, 200));
  submit(limit(kAlice, Side::kBuy, 10'100, 200));
  EXPECT_EQ(now(leg(placed, 0).order_id).order_id, 0U);
  EXPECT_EQ(now(leg(placed, 1).order_id).leaves_quantity, 200);
}

}  // namespace
}  // namespace exchange::engine::testing
