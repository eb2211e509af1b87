// Shapes of a book on which engines have been found to break: what every book of price and time has to get right,
// whatever else it does.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::int64_t kPrice = 10'000;
constexpr std::int64_t kTick = 5;

class ConformanceTest : public Venue {
 protected:
  std::uint64_t offer(std::int64_t price, std::int64_t quantity, std::uint64_t account = kAlice) {
    return submit(limit(account, Side::kSell, price, quantity)).order().order_id;
  }
  // What a buyer takes, as (order, quantity) in the order of the trades.
  using Takes = std::vector<std::pair<std::uint64_t, std::int64_t>>;
  Takes buy(std::int64_t price, std::int64_t quantity, TimeInForce time_in_force = TimeInForce::kIoc) {
    PlaceOrder order = limit(kBob, Side::kBuy, price, quantity);
    order.time_in_force = time_in_force;
    Takes takes;
    for (const TradeView& trade : submit(order).all<TradeView>()) takes.emplace_back(trade.maker_order_id, trade.quantity);
    return takes;
  }
  [[nodiscard]] AmendOrder reprice(std::uint64_t account, std::uint64_t order, std::int64_t price) const {
    return {.account_id = account,
            .order_id = order,
            .price = price,
            .valid_until_ns = now_ns_ + kMinute,
            .has_price = true};
  }
};

TEST_F(ConformanceTest, CancellingTheMiddleOfAQueueLosesNobodyBehindIt) {
  const auto first = offer(kPrice, 100);
  const auto middle = offer(kPrice, 100);
  const auto last = offer(kPrice, 100);
  submit(cancel(kAlice, middle));
  EXPECT_EQ(buy(kPrice, 300), (Takes{{first, 100}, {last, 100}}));
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(ConformanceTest, CancellingTheHeadOfAQueueLosesNobodyBehindIt) {
  const auto head = offer(kPrice, 100);
  const auto second = offer(kPrice, 100);
  const auto third = offer(kPrice, 100);
  submit(cancel(kAlice, head));
  EXPECT_EQ(buy(kPrice, 300), (Takes{{second, 100}, {third, 100}}));
}

TEST_F(ConformanceTest, ADeepQueueStaysInOrderAfterScatteredCancels) {
  std::vector<std::uint64_t> queue;
  for (int i = 0; i < 40; ++i) queue.push_back(offer(kPrice, 100 + i * 10));
  Takes expected;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (i % 7 == 3 || i % 11 == 5 || i + 1 == queue.size()) {
      submit(cancel(kAlice, queue[i]));
    } else {
      expected.emplace_back(queue[i], 100 + static_cast<std::int64_t>(i) * 10);
    }
  }
  EXPECT_EQ(buy(kPrice, 1'000'000), expected);
}

TEST_F(ConformanceTest, ASweepTakesBetterPricesFirstAndStopsAtItsLimit) {
  const auto third = offer(kPrice + 2 * kTick, 100);
  const auto first = offer(kPrice, 100);
  const auto second = offer(kPrice + kTick, 100);
  offer(kPrice + 3 * kTick, 100);
  EXPECT_EQ(buy(kPrice + 2 * kTick, 1'000), (Takes{{first, 100}, {second, 100}, {third, 100}}));
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{kPrice + 3 * kTick, 100}}));
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(ConformanceTest, ASweepThatFitsExactlyLeavesNothing) {
  const auto first = offer(kPrice, 100);
  const auto second = offer(kPrice + kTick, 150);
  EXPECT_EQ(buy(kPrice + kTick, 250, TimeInForce::kGtc), (Takes{{first, 100}, {second, 150}}));
  EXPECT_TRUE(depth(Side::kSell).empty());
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(ConformanceTest, WhatASweepLeavesIsTheNewBestAndCanBeHit) {
  offer(kPrice, 100);
  buy(kPrice + kTick, 300, TimeInForce::kGtc);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{kPrice + kTick, 200}}));
  const Outcome hit = submit(limit(kAlice, Side::kSell, kPrice, 200));
  EXPECT_EQ(hit.all<TradeView>().at(0).price, kPrice + kTick);
  EXPECT_TRUE(depth(Side::kBuy).empty());
}

TEST_F(ConformanceTest, AnAmendThroughTheSpreadTradesAndNeverRestsCrossed) {
  const auto offered = offer(kPrice, 100);
  const auto bid = submit(limit(kBob, Side::kBuy, kPrice - 10 * kTick, 250)).order().order_id;
  const Outcome moved = submit(reprice(kBob, bid, kPrice + kTick));
  EXPECT_EQ(moved.all<TradeView>().at(0).maker_order_id, offered);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{kPrice + kTick, 150}}));
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(ConformanceTest, TheRestOfAPartlyFilledOrderCanBeCancelledOrAmended) {
  const auto cancelled = offer(kPrice, 300);
  const auto amended = offer(kPrice, 300);
  EXPECT_EQ(buy(kPrice, 100), (Takes{{cancelled, 100}}));
  const Outcome end = submit(cancel(kAlice, cancelled));
  EXPECT_EQ(end.order().cancelled_quantity, 200);
  EXPECT_EQ(buy(kPrice, 100), (Takes{{amended, 100}}));
  EXPECT_EQ(submit(reprice(kAlice, amended, kPrice + kTick)).order().leaves_quantity, 200);
  EXPECT_EQ(buy(kPrice + kTick, 500), (Takes{{amended, 200}}));
}

TEST_F(ConformanceTest, AnOrderThatHasTradedInFullIsNeitherCancelledNorAmended) {
  const auto filled = offer(kPrice, 100);
  buy(kPrice, 100);
  EXPECT_EQ(submit(cancel(kAlice, filled)).reason(), Reason::kOrderNotOpen);
  EXPECT_EQ(submit(reprice(kAlice, filled, kPrice + kTick)).reason(), Reason::kOrderNotOpen);
  EXPECT_TRUE(depth(Side::kSell).empty());
}

TEST_F(ConformanceTest, PriceGoesBeforeTimeAndTimeBeforeAllElse) {
  const auto early = offer(kPrice + kTick, 100);
  const auto large = offer(kPrice + kTick, 900);
  const auto better = offer(kPrice, 100);  // the last to come
  EXPECT_EQ(buy(kPrice + kTick, 300), (Takes{{better, 100}, {early, 100}, {large, 100}}));
}

TEST_F(ConformanceTest, ACancelOnOneLevelLeavesThePriorityOnAnother) {
  const auto near_first = offer(kPrice, 100);
  const auto far = offer(kPrice + kTick, 100);
  const auto near_second = offer(kPrice, 100);
  submit(cancel(kAlice, near_first));
  EXPECT_EQ(buy(kPrice + kTick, 200), (Takes{{near_second, 100}, {far, 100}}));
}

// Elsewhere the id of a cancelled order is free at once. Here it stays taken while a retry may still be under way.
TEST_F(ConformanceTest, AnIdIsFreeAgainOnceNoRetryCanComeAnyMore) {
  PlaceOrder order = limit(kAlice, Side::kSell, kPrice, 100);
  submit(cancel(kAlice, submit(order).order().order_id));
  order.fingerprint += 1;
  EXPECT_EQ(submit(order).reason(), Reason::kClientOrderIdReused);
  now_ns_ += 11 * kMinute;
  order.valid_until_ns = now_ns_ + kMinute;
  EXPECT_EQ(submit(order).reason(), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
