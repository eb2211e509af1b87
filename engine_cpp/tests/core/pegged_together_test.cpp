// Pegged orders among those that enter all or none: checked on the book as it is, placed where it is by their turn.
#include "pegged_venue.hpp"
#include "pegs.hpp"

namespace exchange::engine::testing {
namespace {

class PeggedTogetherTest : public PeggedVenue {
 protected:
  Outcome together(const std::vector<PlaceOrder>& orders) { return submit(PlaceOrders{orders}); }
  void expect_refused(const std::vector<PlaceOrder>& orders, std::size_t place, Reason reason) {
    constexpr std::size_t kStampEnd = 8 + 1 + 8 + 8;  // format, shard, number, time
    const std::string before = save(core_);
    const Outcome outcome = together(orders);
    EXPECT_EQ(outcome.reason(), Reason::kBatchRefused);
    EXPECT_TRUE(outcome.events.empty());
    EXPECT_EQ(outcome.result.orders.at(place).reason, reason);
    EXPECT_TRUE(before.substr(kStampEnd) == save(core_).substr(kStampEnd)) << "but for the number of the command";
  }
  static const SpecialView& special(const Outcome& placed, std::size_t at) {
    return placed.result.orders.at(at).order->special;
  }
};

TEST_F(PeggedTogetherTest, EachStandsWhereItsReferenceIsWhenItsTurnComes) {
  const Outcome placed = together({pegged(Side::kBuy, PegReference::kPrimary, 0), limit(kCarol, Side::kBuy, 9'995, 200),
                                   pegged(Side::kBuy, PegReference::kPrimary, 1)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(special(placed, 0).working_price, 9'990) << "as it was answered";
  EXPECT_EQ(special(placed, 2).working_price, 10'000);
  ASSERT_EQ(restated(placed).size(), 1U);
  EXPECT_EQ(restated(placed)[0].order.special.working_price, 9'995) << "once the command was complete";
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 200}, {9'995, 400}, {9'990, 200}}));
  EXPECT_EQ(balance(kAlice, kKk99).held, 2 * 2'202'201) << "each at its limit";
}

TEST_F(PeggedTogetherTest, ItsLimitBoundsItInItsTurnToo) {
  const Outcome placed = together({limit(kCarol, Side::kBuy, 9'995, 200), pegged(Side::kBuy, PegReference::kPrimary, 2, 9'990)});
  EXPECT_EQ(special(placed, 1).working_price, 9'990);
  EXPECT_EQ(balance(kAlice, kKk99).held, 1'998'000 + 1'998 + 1);
}

TEST_F(PeggedTogetherTest, HoldsAddUp) {
  std::vector<PlaceOrder> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(pegged(Side::kSell, PegReference::kPrimary, 1));
    all.back().quantity = 1'000'000;
  }
  std::vector<PlaceOrder> more = all;
  more.push_back(pegged(Side::kSell, PegReference::kPrimary, 1));
  expect_refused(more, 10, Reason::kInsufficientFunds);
  EXPECT_EQ(together(all).reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).available, 0);
}

TEST_F(PeggedTogetherTest, WhatThoseBeforeItBringIsNoReferenceForItsCheck) {
  submit(cancel(kCarol, bid_));
  const PlaceOrder peg = pegged(Side::kBuy, PegReference::kPrimary, 0);
  expect_refused({limit(kCarol, Side::kBuy, 9'995, 200), peg}, 1, Reason::kNoReferencePrice);
  submit(limit(kCarol, Side::kBuy, 9'990, 200));
  const Outcome alone = submit(peg);
  EXPECT_EQ(alone.reason(), Reason::kNone);
  EXPECT_FALSE(alone.result.replayed) << "its id was not used";
}

TEST_F(PeggedTogetherTest, WhereThoseBeforeItTakeItsReferenceItWaitsOutsideTheBook) {
  const Outcome placed = together({limit(kBob, Side::kSell, 9'990, 200), pegged(Side::kBuy, PegReference::kPrimary, 0)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kNew);
  EXPECT_FALSE(special(placed, 1).has_working_price);
  EXPECT_TRUE(depth(Side::kBuy).empty());
  EXPECT_EQ(balance(kAlice, kKk99).held, 2'202'201);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  core_ = std::move(loaded);
  const Outcome back = submit(limit(kCarol, Side::kBuy, 9'950, 200));
  ASSERT_EQ(restated(back).size(), 1U);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'950, 400}}));
}

TEST_F(PeggedTogetherTest, OneThatTakesInItsTurnShowsItsFills) {
  const Outcome placed = together({limit(kCarol, Side::kBuy, 10'000, 110), pegged(Side::kBuy, PegReference::kMarket, 0)});
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kFilled);
  ASSERT_EQ(placed.result.orders.at(1).fills.size(), 1U);
  EXPECT_EQ(placed.result.orders.at(1).fills[0].price, 10'010);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(PeggedTogetherTest, APostOnlyOneThatWouldTakeRefusesAllAndInItsTurnStaysBehind) {
  PlaceOrder taking = pegged(Side::kBuy, PegReference::kMarket, 0);
  taking.post_only = true;
  expect_refused({limit(kCarol, Side::kBuy, 9'900, 200), taking}, 1, Reason::kPostOnlyWouldCross);
  PlaceOrder near = pegged(Side::kBuy, PegReference::kPrimary, 3);
  near.post_only = true;
  const Outcome placed = together({limit(kCarol, Side::kBuy, 10'000, 200), near});
  EXPECT_EQ(special(placed, 1).working_price, 10'005) << "10,015 would take";
  EXPECT_TRUE(placed.all<TradeView>().empty());
}

TEST_F(PeggedTogetherTest, NoMoreThanTheMostOfThemEnter) {
  for (std::uint32_t i = 0; i + 1 < kMaxPegged; ++i) {
    PlaceOrder order = pegged(Side::kBuy, PegReference::kPrimary, -1);
    order.quantity = 110;
    ASSERT_EQ(submit(order).reason(), Reason::kNone);
  }
  const PlaceOrder one = pegged(Side::kBuy, PegReference::kPrimary, -1);
  const PlaceOrder other = pegged(Side::kBuy, PegReference::kPrimary, -1);
  expect_refused({one, other}, 1, Reason::kEngineFull);
  EXPECT_EQ(together({one}).reason(), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
