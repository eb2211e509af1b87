// Money to the unit: products, fees, holds, what a trade moves.
#include "money.hpp"

#include <random>

#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

TEST(MoneyTest, FeesRoundUpOnTheWhole) {
  EXPECT_EQ(fee_on(0, 1'000), 0);
  EXPECT_EQ(fee_on(1, 1'000), 1);
  EXPECT_EQ(fee_on(1'000, 1'000), 1);
  EXPECT_EQ(fee_on(1'001, 1'000), 2);
  EXPECT_EQ(fee_on(kMaxAmount, kMaxFeePpm), (kMaxAmount + 9) / 10);
}

TEST(MoneyTest, ABudgetCoversItsFeeExactly) {
  for (const std::uint32_t ppm : {0U, 1U, 500U, 1'000U, 99'999U, kMaxFeePpm}) {
    for (std::int64_t budget = 0; budget < 3'000; ++budget) {
      const std::int64_t most = notional_within(budget, ppm);
      EXPECT_LE(most + fee_on(most, ppm), budget);
      EXPECT_GT(most + 1 + fee_on(most + 1, ppm), budget);
    }
  }
  EXPECT_EQ(notional_within(kMaxAmount, 0), kMaxAmount);
}

TEST(MoneyTest, ProtectionRoundsTowardTheBook) {
  EXPECT_EQ(highest_bid(10'000, 50, 5), 10'050);
  EXPECT_EQ(highest_bid(10'001, 50, 5), 10'050);
  EXPECT_EQ(lowest_ask(10'000, 50, 5), 9'950);
  EXPECT_EQ(lowest_ask(10'001, 50, 5), 9'955);
  EXPECT_EQ(lowest_ask(10'000, 10'000, 5), 5);
  EXPECT_EQ(highest_bid(kMaxPrice, 10'000, 1), kMaxPrice);
}

TEST(MoneyTest, NoHoldOverflows) {
  EXPECT_GT(buyer_hold(kMaxAmount, 0, kMaxFeePpm, 0), kMaxAmount);
  EXPECT_EQ(buyer_hold(0, kMaxAmount, kMaxFeePpm, 7), 0);
}

class SettlementTest : public Venue {};

TEST_F(SettlementTest, ATradeMovesNotionalBaseAndFees) {
  submit(limit(kBob, Side::kSell, 10'000, 110));
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'005, 110));
  const auto trade = taken.all<TradeView>().at(0);
  EXPECT_EQ(trade.notional, 1'100'000);
  EXPECT_EQ(trade.taker_fee, 1'100);
  EXPECT_EQ(trade.maker_fee, 550);
  EXPECT_EQ(balance(kAlice, kKk99).available, kFundsKk99 - 1'101'100);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_EQ(balance(kAlice, kBtc).available, kFundsBtc + 1'100'000);
  EXPECT_EQ(balance(kBob, kKk99).available, kFundsKk99 + 1'099'450);
  EXPECT_EQ(balance(kBob, kBtc).available, kFundsBtc - 1'100'000);
  EXPECT_EQ(balance(kBob, kBtc).held, 0);
  EXPECT_EQ(balance(0, kKk99).available, 1'650);
}

TEST_F(SettlementTest, HowFillsAreSplitDoesNotChangeTheFee) {
  std::int64_t split = 0;
  const auto maker = submit(limit(kBob, Side::kSell, 10'005, 1'000)).order().order_id;
  for (int i = 0; i < 7; ++i) {
    const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'005, 120));
    for (const TradeView& trade : taken.all<TradeView>()) split += trade.maker_fee;
  }
  split += submit(limit(kAlice, Side::kBuy, 10'005, 150)).all<TradeView>().at(0).maker_fee;
  EXPECT_EQ(split, fee_on(10'005 * 990, 500));
  EXPECT_EQ(submit(cancel(kBob, maker)).order().cum_fee, split);
}

TEST_F(SettlementTest, ABuyersHoldFollowsTheFormula) {
  submit(limit(kBob, Side::kSell, 9'995, 110));
  submit(limit(kAlice, Side::kBuy, 10'000, 260));
  const std::int64_t notional = 9'995 * 110;
  const std::int64_t paid = fee_on(notional, 1'000);
  EXPECT_EQ(balance(kAlice, kKk99).held, buyer_hold(1'500'000, notional, 1'000, paid));
  EXPECT_EQ(balance(kAlice, kKk99).available + balance(kAlice, kKk99).held, kFundsKk99 - notional - paid);
}

TEST_F(SettlementTest, PartMakerPartTakerNeverRunsShort) {
  ASSERT_EQ(submit(OpenAccount{5, 0, 1'000, 1'000}).reason(), Reason::kNone);
  fund(5, kKk99, 2'302'301);
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(5, Side::kBuy, 10'000, 230));
  submit(limit(kBob, Side::kSell, 10'000, 130));
  EXPECT_EQ(balance(5, kKk99).held, 0);
  EXPECT_EQ(balance(5, kKk99).available, 1);
}

TEST_F(SettlementTest, BalanceEventsTellEveryStep) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::int64_t> sums;
  for (const BalanceChangeView& change : taken.all<BalanceChangeView>()) {
    sums[{change.account_id, change.asset_id}] += change.amount;
    if (change.kind == BalanceChangeKind::kHold) {
      EXPECT_EQ(change.amount, 0);
    } else {
      EXPECT_NE(change.trade_id, 0U);
    }
  }
  EXPECT_EQ((sums[{kAlice, kKk99}] + sums[{kBob, kKk99}] + sums[{0, kKk99}]), 0);
  EXPECT_EQ((sums[{kAlice, kBtc}] + sums[{kBob, kBtc}]), 0);
}

TEST(DivisorTest, DividesAsTheProcessorDoes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto divisor = static_cast<std::int64_t>(1 + (random() >> (2 + random() % 62)));
    const auto n = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    ASSERT_EQ(Divisor(divisor).quotient(n), n / divisor) << n << " / " << divisor;
    ASSERT_EQ(Divisor(divisor).divides(n), n % divisor == 0) << n << " / " << divisor;
    const std::int64_t whole = n / divisor * divisor;
    ASSERT_TRUE(Divisor(divisor).divides(whole)) << whole << " / " << divisor;
  }
}

}  // namespace
}  // namespace exchange::engine::testing
