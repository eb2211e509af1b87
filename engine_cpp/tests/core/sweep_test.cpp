// Settlements, rolls, expiries and exercises.
#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

Limits few_positions_a_command() {
  Limits limits = small_limits();
  limits.positions_per_command = 2;
  return limits;
}

class SweepTest : public MarginVenue {
 protected:
  static constexpr std::uint32_t kDate = 20'261'126;
  const std::uint64_t clearing_ = clearing_account(kOilFuture);

  Outcome settle(std::int64_t price, std::uint32_t date = kDate) { return submit(SettleFuture{kOilFuture, date, price}); }
  Outcome expire(std::uint32_t instrument, std::int64_t price, std::uint32_t date = kDate) {
    return submit(ExpireInstrument{instrument, date, price});
  }
  Outcome exercise(std::uint64_t account, std::int64_t quantity, std::string_view id = "exercise") {
    return submit(ExerciseOption{account, kOilOption, kDate, quantity, id});
  }
  // The buyer holds calls at 20, the seller has sold them.
  void trade_calls(std::uint64_t buyer, std::uint64_t seller, std::int64_t quantity) {
    ASSERT_EQ(submit(on(kOilOption, oil(seller, Side::kSell, 30, quantity))).reason(), Reason::kNone);
    ASSERT_EQ(submit(on(kOilOption, oil(buyer, Side::kBuy, 30, quantity))).reason(), Reason::kNone);
  }
};

class BoundedSweepTest : public SweepTest {
 public:
  BoundedSweepTest() { core_ = Core(few_positions_a_command(), 0); }
};

TEST_F(SweepTest, ASettlementPaysEachPositionTheDifferenceAndItsCostIsItsValue) {
  trade(kAlice, kBob, 50, 10);
  const std::int64_t alice = money(kAlice);
  const std::int64_t bob = money(kBob);
  const Outcome settled = settle(47);
  ASSERT_EQ(settled.reason(), Reason::kNone);
  EXPECT_EQ(money(kAlice), alice - 3'000'000);
  EXPECT_EQ(money(kBob), bob + 3'000'000);
  EXPECT_EQ(position(kAlice).cost, 47'000'000);
  EXPECT_EQ(position(kAlice).realised, -3'000'000);
  EXPECT_EQ(money(clearing_), 0);
  const SweepView told = settled.all<SweepEvent>().at(0).view;
  EXPECT_EQ(told.positions, 2U);
  EXPECT_TRUE(told.done);
  EXPECT_EQ(settled.all<PositionChangeView>().at(0).kind, PositionChangeKind::kVariation);
  EXPECT_EQ(settled.all<BalanceChangeView>().at(0).kind, BalanceChangeKind::kVariation);
  EXPECT_EQ(trade(kBob, kAlice, 45, 10).all<PositionChangeView>().at(1).result, -2'000'000);
}

TEST_F(SweepTest, ADateIsSettledOnce) {
  trade(kAlice, kBob, 50, 1);
  ASSERT_EQ(settle(47).reason(), Reason::kNone);
  const Outcome again = settle(47);
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(settle(48).reason(), Reason::kDateNotAfterLast);
  EXPECT_EQ(settle(47, kDate - 1).reason(), Reason::kDateNotAfterLast);
  EXPECT_EQ(settle(-30, kDate + 1).reason(), Reason::kNone);
  EXPECT_EQ(position(kAlice).cost, -3'000'000);
  EXPECT_EQ(submit(SettleFuture{kEurKk99, kDate, 11'000}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(SettleFuture{99, kDate, 11'000}).reason(), Reason::kUnknownInstrument);
}

TEST_F(BoundedSweepTest, WhatOneCommandDoesNotSettleFollowsBeforeTheNextOnes) {
  trade(kAlice, kBob, 50, 10);
  trade(kAlice, kCarol, 50, 10);
  const Outcome first = settle(60);
  EXPECT_EQ(first.all<SweepEvent>().at(0).view.positions, 2U);
  EXPECT_FALSE(first.all<SweepEvent>().at(0).view.done);
  EXPECT_EQ(core_.next_deadline(), now_ns_);
  const std::string saved = save(core_);
  core_ = Core(few_positions_a_command(), 0);
  ASSERT_TRUE(load(core_, saved));
  const Outcome rest = submit(Tick{});
  EXPECT_EQ(rest.all<SweepEvent>().at(0).view.positions, 3U);
  EXPECT_TRUE(rest.all<SweepEvent>().at(0).view.done);
  EXPECT_EQ(position(kCarol).cost, -60'000'000);
  EXPECT_EQ(money(clearing_), 0);
}

TEST_F(SweepTest, ARollChargesLongsAndShortsTheirOwnRatesAndTheDifferenceIsTheInsuranceFunds) {
  submit(on(kEurKk99, limit(kBob, Side::kSell, 11'000, 10'000)));
  submit(on(kEurKk99, limit(kAlice, Side::kBuy, 11'000, 10'000)));
  const std::int64_t alice = money(kAlice);
  const std::int64_t bob = money(kBob);
  const RollPositions roll{.instrument_id = kEurKk99, .trading_date = kDate, .long_swap_price = 3, .short_swap_price = -2};
  const Outcome rolled = submit(roll);
  ASSERT_EQ(rolled.reason(), Reason::kNone);
  EXPECT_EQ(money(kAlice), alice - 30'000);
  EXPECT_EQ(money(kBob), bob + 20'000);
  EXPECT_EQ(money(kInsuranceAccount), 10'000);
  EXPECT_EQ(position(kAlice, kEurKk99).cost, 110'000'000);
  EXPECT_TRUE(submit(roll).events.empty());
  EXPECT_EQ(submit(RollPositions{.instrument_id = kOilFuture, .trading_date = kDate}).reason(), Reason::kInvalidField);
}

TEST_F(SweepTest, AnExpiryEndsOrdersAndClosesAllAtTheFinalPrice) {
  trade(kAlice, kBob, 50, 10);
  const Outcome resting = submit(oil(kAlice, Side::kBuy, 40, 1));
  const std::int64_t alice = money(kAlice);
  const Outcome expired = expire(kOilFuture, 55);
  ASSERT_EQ(expired.reason(), Reason::kNone);
  const OrderEvent ended = expired.all<OrderEvent>().at(0);
  EXPECT_EQ(ended.order.view.order_id, resting.order().order_id);
  EXPECT_EQ(ended.order.view.status, OrderStatus::kExpired);
  EXPECT_EQ(ended.order.view.end_reason, EndReason::kInstrumentExpired);
  EXPECT_EQ(money(kAlice), alice + 5'000'000);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(position(kBob).quantity, 0);
  EXPECT_EQ(money(clearing_), 0);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 40, 1)).reason(), Reason::kPhaseNotAllowed);
  EXPECT_EQ(submit(SetPhase{kOilFuture, TradingPhase::kContinuous, AuctionKind::kNone}).reason(), Reason::kPhaseNotAllowed);
  EXPECT_TRUE(expire(kOilFuture, 55).events.empty());
  EXPECT_EQ(expire(kOilFuture, 60).reason(), Reason::kDateNotAfterLast);
}

TEST_F(BoundedSweepTest, AnExpiryUnderWayIsAStateLikeAnyOther) {
  trade(kAlice, kBob, 50, 10);
  trade(kAlice, kCarol, 50, 10);
  expire(kOilFuture, 60);
  EXPECT_TRUE(core_.consistent());
  const std::string saved = save(core_);
  core_ = Core(few_positions_a_command(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_TRUE(submit(Tick{}).all<SweepEvent>().at(0).view.done);
  EXPECT_EQ(money(clearing_), 0);
}

TEST_F(BoundedSweepTest, OrdersOfAnExpiryCountToo) {
  for (int n = 0; n < 5; ++n) submit(oil(kAlice, Side::kBuy, 40, 1));
  EXPECT_EQ(expire(kOilFuture, 55).all<OrderEvent>().size(), 2U);
  EXPECT_EQ(submit(Tick{}).all<OrderEvent>().size(), 2U);
  const Outcome last = submit(Tick{});
  EXPECT_EQ(last.all<OrderEvent>().size(), 1U);
  EXPECT_TRUE(last.all<SweepEvent>().at(0).view.done);
}

TEST_F(SweepTest, OptionsInTheMoneyAreExercisedAtTheirExpiry) {
  trade_calls(kAlice, kBob, 10);
  const std::int64_t alice = money(kAlice);
  const std::int64_t bob = money(kBob);
  const Outcome expired = expire(kOilOption, 60);  // 0.40 in the money, ten barrels, ten contracts
  EXPECT_EQ(money(kAlice), alice + 40'000'000);
  EXPECT_EQ(money(kBob), bob - 40'000'000);
  EXPECT_EQ(money(clearing_account(kOilOption)), 0);
  const auto exercised = expired.all<OptionExercisedView>();
  ASSERT_EQ(exercised.size(), 2U);
  EXPECT_EQ(exercised[0].assigned, exercised[0].account_id == kBob);
  for (const PositionChangeView& change : expired.all<PositionChangeView>()) {
    EXPECT_EQ(change.kind, PositionChangeKind::kExpiry);
    EXPECT_EQ(change.result, change.account_id == kAlice ? 10'000'000 : -10'000'000);
  }
}

TEST_F(SweepTest, OptionsLessThanATickInTheMoneyExpireWorthless) {
  trade_calls(kAlice, kBob, 10);
  const std::int64_t alice = money(kAlice);
  const Outcome expired = expire(kOilOption, 24);  // a tick of oil is 5
  EXPECT_EQ(money(kAlice), alice);
  EXPECT_TRUE(expired.all<OptionExercisedView>().empty());
  EXPECT_EQ(position(kBob, kOilOption).quantity, 0);
}

TEST_F(SweepTest, AnExerciseAssignsShortsByAHashOfSeriesDateAndAccount) {
  trade_calls(kAlice, kBob, 6);
  trade_calls(kAlice, kCarol, 6);
  const std::int64_t alice = money(kAlice);
  const Outcome exercised = exercise(kAlice, 8);
  ASSERT_EQ(exercised.reason(), Reason::kNone);
  EXPECT_EQ(money(kAlice), alice + 8 * 3'000'000);  // the mark of oil is 0.30 above the strike
  EXPECT_EQ(position(kAlice, kOilOption).quantity, 4);
  EXPECT_EQ(position(kBob, kOilOption).quantity + position(kCarol, kOilOption).quantity, -4);
  const auto told = exercised.all<OptionExercisedView>();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_FALSE(told[0].assigned);
  EXPECT_EQ(told[0].quantity, 8);
  EXPECT_EQ(told[1].quantity, 6);  // one is assigned in full before the other
  EXPECT_EQ(told[2].quantity, 2);
  const Outcome repeated = exercise(kAlice, 8);
  EXPECT_TRUE(repeated.result.replayed);
  EXPECT_TRUE(repeated.events.empty());
  EXPECT_EQ(exercise(kAlice, 4).reason(), Reason::kClientOrderIdReused);
}

TEST_F(SweepTest, OnlyWhatIsHeldAndInTheMoneyIsExercised) {
  trade_calls(kAlice, kBob, 6);
  EXPECT_EQ(exercise(kAlice, 7, "a").reason(), Reason::kExerciseNotAllowed);
  EXPECT_EQ(exercise(kBob, 1, "b").reason(), Reason::kExerciseNotAllowed);
  mark(kOilFuture, 24);
  EXPECT_EQ(exercise(kAlice, 1, "c").reason(), Reason::kExerciseNotAllowed);
  InstrumentDefinition european = oil_option();
  european.instrument_id = 31;
  european.symbol = "OIL.E";
  european.terms.exercise_style = ExerciseStyle::kEuropean;
  ASSERT_EQ(submit(encode(european)).reason(), Reason::kNone);
  EXPECT_EQ(submit(ExerciseOption{kAlice, 31, kDate, 1, "d"}).reason(), Reason::kExerciseNotAllowed);
  EXPECT_EQ(submit(ExerciseOption{kAlice, 99, kDate, 1, "e"}).reason(), Reason::kUnknownInstrument);
}

}  // namespace
}  // namespace exchange::engine::testing
