// Orders that say when they expire: until a date, or for the day. Each ends before the first command of that time or a
// later one, wherever it stands.
#include <deque>

#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class ExpireTimeTest : public Venue {
 protected:
  PlaceOrder until(std::int64_t time_ns, PlaceOrder order, TimeInForce time_in_force = TimeInForce::kGtd) {
    order.time_in_force = time_in_force;
    terms_.push_back(order.special == nullptr ? SpecialTerms{} : *order.special);
    terms_.back().expire_time_ns = time_ns;
    order.special = &terms_.back();
    return order;
  }
  PlaceOrder buy_until(std::int64_t time_ns, TimeInForce time_in_force = TimeInForce::kGtd,
                       std::int64_t quantity = 100) {
    return until(time_ns, limit(kAlice, Side::kBuy, 10'000, quantity), time_in_force);
  }
  AmendOrder move_expiry(std::uint64_t order_id, std::int64_t time_ns) const {
    AmendOrder amend{.account_id = kAlice, .order_id = order_id, .valid_until_ns = now_ns_ + kMinute};
    amend.expire_time_ns = time_ns;
    amend.has_expire_time = true;
    return amend;
  }
  Outcome at(std::int64_t time_ns) {
    now_ns_ = time_ns;
    return submit(Tick{});
  }
  static std::vector<EndReason> ends(const Outcome& outcome) {
    std::vector<EndReason> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) out.push_back(event.order.view.end_reason);
    return out;
  }

  std::deque<SpecialTerms> terms_;
};

TEST_F(ExpireTimeTest, AGtdOrderEndsAtItsTimeAndNotBefore) {
  const std::int64_t time_ns = now_ns_ + kMinute;
  const Outcome placed = submit(buy_until(time_ns));
  EXPECT_EQ(placed.order().status, OrderStatus::kNew);
  EXPECT_EQ(placed.result.order->special.expire_time_ns, time_ns);
  EXPECT_EQ(balance(kAlice, kKk99).held, 1'001'001);
  EXPECT_EQ(core_.next_deadline(), time_ns);
  EXPECT_TRUE(at(time_ns - 1).events.empty());
  const Outcome due = at(time_ns);
  const OrderEvent ended = due.all<OrderEvent>().at(0);
  EXPECT_EQ(ended.cause, OrderUpdateCause::kExpired);
  EXPECT_EQ(ended.order.view.status, OrderStatus::kExpired);
  EXPECT_EQ(ended.order.view.end_reason, EndReason::kGtdReached);
  EXPECT_EQ(ended.order.view.cancelled_quantity, 100);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  EXPECT_FALSE(core_.next_deadline().has_value());
}

TEST_F(ExpireTimeTest, ADayOrderEndsWithItsDay) {
  submit(buy_until(now_ns_ + kMinute, TimeInForce::kDay));
  EXPECT_EQ(ends(at(now_ns_ + kMinute)), std::vector{EndReason::kDayEnded});
}

TEST_F(ExpireTimeTest, ItEndsBeforeTheCommandThatBringsTheTime) {
  submit(buy_until(now_ns_ + kMinute));
  now_ns_ += kMinute;
  const Outcome late = submit(market(kBob, Side::kSell, 100));
  EXPECT_EQ(late.reason(), Reason::kNoLiquidity);
  EXPECT_EQ(late.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kGtdReached);
}

TEST_F(ExpireTimeTest, TheTimeIsMoreThanASecondAndAtMostNinetyDaysAhead) {
  for (const TimeInForce time_in_force : {TimeInForce::kGtd, TimeInForce::kDay}) {
    for (const std::int64_t ahead : {-kSecond, std::int64_t{0}, kSecond, 90 * kDay + 1}) {
      const Outcome refused = submit(buy_until(now_ns_ + ahead, time_in_force));
      EXPECT_EQ(refused.reason(), Reason::kExpireTimeOutOfRange) << ahead;
      EXPECT_EQ(refused.order().status, OrderStatus::kRejected);
    }
    for (const std::int64_t ahead : {kSecond + 1, 90 * kDay}) {
      EXPECT_EQ(submit(buy_until(now_ns_ + ahead, time_in_force)).reason(), Reason::kNone) << ahead;
    }
  }
}

TEST_F(ExpireTimeTest, TheTimeAndTheTimeInForceGoTogether) {
  EXPECT_EQ(submit(until(now_ns_ + kMinute, limit(kAlice, Side::kBuy, 10'000, 100), TimeInForce::kGtc)).reason(),
            Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(until(now_ns_ + kMinute, market(kAlice, Side::kBuy, 100))).reason(), Reason::kOrderFieldsConflict);
  PlaceOrder timeless = limit(kAlice, Side::kBuy, 10'000, 100);
  for (const TimeInForce time_in_force : {TimeInForce::kGtd, TimeInForce::kDay}) {
    timeless.time_in_force = time_in_force;
    EXPECT_EQ(submit(timeless).reason(), Reason::kOrderFieldsConflict);
  }
}

TEST_F(ExpireTimeTest, OfTwoAtOneTimeTheOneThatEnteredFirstEndsFirst) {
  const std::uint64_t first = submit(buy_until(now_ns_ + kMinute)).order().order_id;
  const std::uint64_t second = submit(buy_until(now_ns_ + kMinute)).order().order_id;
  const std::uint64_t sooner = submit(buy_until(now_ns_ + kMinute - 1)).order().order_id;
  std::vector<std::uint64_t> ended;
  const Outcome due = at(now_ns_ + kMinute);
  for (const OrderEvent& event : due.all<OrderEvent>()) ended.push_back(event.order.view.order_id);
  EXPECT_EQ(ended, (std::vector{sooner, first, second}));
}

TEST_F(ExpireTimeTest, ItsTimeComesBeforeItsAgeAndTheAgeHoldsWhateverItsTime) {
  const std::int64_t start = now_ns_;
  submit(buy_until(start + 90 * kDay));
  const std::uint64_t moved = submit(buy_until(start + 90 * kDay)).order().order_id;
  now_ns_ += kDay;
  ASSERT_EQ(submit(move_expiry(moved, now_ns_ + 90 * kDay)).reason(), Reason::kNone);
  EXPECT_EQ(ends(at(start + 90 * kDay)), (std::vector{EndReason::kGtdReached, EndReason::kTooOld}));
}

TEST_F(ExpireTimeTest, AnAmendMovesTheTimeAndKeepsThePlace) {
  const std::int64_t start = now_ns_;
  const std::uint64_t first = submit(buy_until(start + kMinute, TimeInForce::kGtd, 200)).order().order_id;
  submit(buy_until(start + 10 * kMinute));
  const Outcome amended = submit(move_expiry(first, start + 5 * kMinute));
  EXPECT_EQ(amended.result.order->special.expire_time_ns, start + 5 * kMinute);
  EXPECT_EQ(amended.order().version, 2U);
  EXPECT_TRUE(at(start + kMinute).events.empty());
  EXPECT_EQ(submit(limit(kBob, Side::kSell, 10'000, 100)).all<OrderEvent>().at(1).order.view.order_id, first);
  EXPECT_EQ(ends(at(start + 5 * kMinute)), std::vector{EndReason::kGtdReached});
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 100}}));
}

TEST_F(ExpireTimeTest, OnlyAGtdOrderHasATimeToMoveAndOnlyWithinTheRange) {
  const std::uint64_t gtc = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  const std::uint64_t day = submit(buy_until(now_ns_ + kMinute, TimeInForce::kDay)).order().order_id;
  const std::uint64_t gtd = submit(buy_until(now_ns_ + kMinute)).order().order_id;
  EXPECT_EQ(submit(move_expiry(gtc, now_ns_ + kMinute)).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(move_expiry(day, now_ns_ + kMinute)).reason(), Reason::kOrderFieldsConflict);
  for (const std::int64_t time_ns : {std::int64_t{0}, now_ns_ + kSecond, now_ns_ + 90 * kDay + 1}) {
    EXPECT_EQ(submit(move_expiry(gtd, time_ns)).reason(), Reason::kExpireTimeOutOfRange);
  }
  EXPECT_EQ(core_.next_deadline(), now_ns_ + kMinute);
}

TEST_F(ExpireTimeTest, AnOrderThatHasEndedHasNoTimeAnyMore) {
  const std::uint64_t filled = submit(buy_until(now_ns_ + kMinute)).order().order_id;
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const std::uint64_t cancelled = submit(buy_until(now_ns_ + kMinute)).order().order_id;
  submit(cancel(kAlice, cancelled));
  submit(buy_until(now_ns_ + kMinute, TimeInForce::kGtd, 300));
  submit(limit(kBob, Side::kSell, 10'000, 100));
  EXPECT_NE(filled, cancelled);
  const Outcome due = at(now_ns_ + kMinute);
  ASSERT_EQ(ends(due), std::vector{EndReason::kGtdReached});
  EXPECT_EQ(due.all<OrderEvent>().at(0).order.view.cum_quantity, 100);
  EXPECT_EQ(due.all<OrderEvent>().at(0).order.view.cancelled_quantity, 200);
}

TEST_F(ExpireTimeTest, AnOrderThatWaitsForAPriceExpiresUntriggered) {
  submit(limit(kCarol, Side::kSell, 10'000, 100));
  submit(limit(kBob, Side::kBuy, 10'000, 100));
  PlaceOrder stop = limit(kAlice, Side::kBuy, 11'500, 100);
  stop.type = OrderType::kStopLimit;
  const SpecialTerms trigger{.trigger_price = 11'000, .has_trigger_price = true};
  stop.special = &trigger;
  const std::int64_t time_ns = now_ns_ + kMinute;
  const Outcome placed = submit(until(time_ns, stop));
  EXPECT_EQ(placed.order().status, OrderStatus::kUntriggered);
  EXPECT_EQ(submit(move_expiry(placed.order().order_id, time_ns + kMinute)).reason(), Reason::kNone);
  EXPECT_TRUE(at(time_ns).events.empty());
  EXPECT_EQ(ends(at(time_ns + kMinute)), std::vector{EndReason::kGtdReached});
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(ExpireTimeTest, ATriggeredOrderKeepsItsTime) {
  submit(limit(kCarol, Side::kSell, 10'000, 100));
  submit(limit(kBob, Side::kBuy, 10'000, 100));
  PlaceOrder stop = limit(kAlice, Side::kBuy, 10'400, 100);
  stop.type = OrderType::kStopLimit;
  const SpecialTerms trigger{.trigger_price = 10'500, .has_trigger_price = true};
  stop.special = &trigger;
  const std::int64_t time_ns = now_ns_ + kMinute;
  submit(until(time_ns, stop));
  submit(limit(kCarol, Side::kSell, 10'500, 100));
  submit(limit(kBob, Side::kBuy, 10'500, 100));
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'400, 100}}));
  EXPECT_EQ(ends(at(time_ns)), std::vector{EndReason::kGtdReached});
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(ExpireTimeTest, ACollectedOrderExpiresToo) {
  submit(SetPhase{kBtcKk99, TradingPhase::kPreOpen, AuctionKind::kNone});
  const std::int64_t time_ns = now_ns_ + kMinute;
  submit(buy_until(time_ns));
  submit(SetPhase{kBtcKk99, TradingPhase::kClosed, AuctionKind::kNone});
  EXPECT_EQ(ends(at(time_ns)), std::vector{EndReason::kGtdReached});
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(ExpireTimeTest, OneCommandEndsABoundedNumber) {
  const std::int64_t time_ns = now_ns_ + kMinute;
  for (std::size_t i = 0; i <= kMaxExpiriesPerCommand; ++i) submit(buy_until(time_ns));
  EXPECT_EQ(ends(at(time_ns)).size(), kMaxExpiriesPerCommand);
  EXPECT_EQ(core_.next_deadline(), time_ns);
  EXPECT_EQ(ends(at(time_ns)).size(), 1U);
}

TEST_F(ExpireTimeTest, TimesSurviveARestart) {
  const std::int64_t time_ns = now_ns_ + kMinute;
  submit(buy_until(time_ns));
  submit(buy_until(time_ns + kMinute, TimeInForce::kDay));
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  EXPECT_EQ(loaded.next_deadline(), time_ns);
  core_ = std::move(loaded);
  EXPECT_EQ(ends(at(time_ns + kMinute)), (std::vector{EndReason::kGtdReached, EndReason::kDayEnded}));
}

TEST_F(ExpireTimeTest, AllThatSpeaksAgainstItIncludesItsTime) {
  PlaceOrder order = buy_until(now_ns_ + kSecond);
  terms_.back().validate_only = true;
  order.price = 10'001;
  EXPECT_EQ(submit(order).result.all_reasons,
            (std::vector{Reason::kPriceNotOnTick, Reason::kExpireTimeOutOfRange}));
}

}  // namespace
}  // namespace exchange::engine::testing
