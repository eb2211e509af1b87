// Fees by schedule and tier: fixed at acceptance, negative for a rebate.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class FeeScheduleTest : public Venue {
 protected:
  Outcome set_fees(std::uint32_t schedule, const std::vector<FeeTier>& tiers) {
    return submit(SetFeeSchedule{schedule, tiers});
  }
  void use_schedule(std::uint32_t schedule) {
    InstrumentDefinition d = btc_kk99();
    d.terms.fee_schedule_id = schedule;
    ASSERT_EQ(submit(UpdateInstrument{&d}).reason(), Reason::kNone);
  }
  void set_tier(std::uint64_t account, std::uint32_t tier) {
    AccountSettings settings;
    settings.account_id = account;
    settings.has_fee_tier = true;
    settings.fee_tier = tier;
    ASSERT_EQ(submit(SetAccount{&settings}).reason(), Reason::kNone);
  }
  TradeView trade(std::int64_t quantity = 100) {
    submit(limit(kBob, Side::kSell, 10'000, quantity));
    return submit(limit(kAlice, Side::kBuy, 10'000, quantity)).all<TradeView>().at(0);
  }
};

TEST_F(FeeScheduleTest, IsToldInOrderOfTiersAndOnlyWhenItChanges) {
  const Outcome set = set_fees(7, {{2, 800, -100}, {0, 1'000, 500}});
  ASSERT_EQ(set.all<FeeScheduleEvent>().size(), 1U);
  EXPECT_EQ(set.all<FeeScheduleEvent>().at(0).fee_schedule_id, 7U);
  EXPECT_EQ(set.all<FeeScheduleEvent>().at(0).tiers, (std::vector<FeeTier>{{0, 1'000, 500}, {2, 800, -100}}));
  EXPECT_TRUE(set_fees(7, {{0, 1'000, 500}, {2, 800, -100}}).events.empty());
}

TEST_F(FeeScheduleTest, MustHoldTogether) {
  EXPECT_EQ(set_fees(1, {{1, 1'000, 500}}).reason(), Reason::kFeeScheduleInvalid);                      // no tier 0
  EXPECT_EQ(set_fees(1, {{0, 1'000, 500}, {0, 1'000, 500}}).reason(), Reason::kFeeScheduleInvalid);     // one twice
  EXPECT_EQ(set_fees(1, {{0, 1'000, -1'001}}).reason(), Reason::kFeeScheduleInvalid);                   // gives more than it takes
  EXPECT_EQ(set_fees(1, {{0, 1'000, 0}, {1, 2'000, -1'500}}).reason(), Reason::kFeeScheduleInvalid);    // where tiers meet
  EXPECT_EQ(set_fees(1, {{0, 1'000, -1'000}}).reason(), Reason::kNone);
  EXPECT_EQ(set_fees(0, {{0, 1'000, 500}}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set_fees(1, {{0, 100'001, 0}}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set_fees(1, {{0, 0, 0}, {256, 0, 0}}).reason(), Reason::kInvalidField);
}

TEST_F(FeeScheduleTest, AnInstrumentNamesOneThatExists) {
  InstrumentDefinition d = btc_kk99();
  d.terms.fee_schedule_id = 3;
  EXPECT_EQ(submit(UpdateInstrument{&d}).reason(), Reason::kUnknownFeeSchedule);
  InstrumentDefinition other = eth_btc();
  other.terms.fee_schedule_id = 3;
  EXPECT_EQ(submit(encode(other)).reason(), Reason::kUnknownFeeSchedule);
  set_fees(3, {{0, 1'000, 500}});
  EXPECT_EQ(submit(UpdateInstrument{&d}).reason(), Reason::kNone);
  EXPECT_EQ(submit(encode(other)).reason(), Reason::kNone);
}

TEST_F(FeeScheduleTest, TheAccountsTierDecidesAndTierZeroHoldsForTheOthers) {
  set_fees(1, {{0, 2'000, 1'000}, {4, 700, 300}});
  use_schedule(1);
  TradeView made = trade();
  EXPECT_EQ(made.taker_fee, 2'000);
  EXPECT_EQ(made.maker_fee, 1'000);
  set_tier(kAlice, 4);
  set_tier(kBob, 5);
  made = trade();
  EXPECT_EQ(made.taker_fee, 700);
  EXPECT_EQ(made.maker_fee, 1'000);
}

TEST_F(FeeScheduleTest, ATierIsFixedWhenTheOrderIsAccepted) {
  set_fees(1, {{0, 2'000, 1'000}, {4, 700, 300}});
  use_schedule(1);
  submit(limit(kBob, Side::kSell, 10'000, 200));
  set_tier(kBob, 4);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).all<TradeView>().at(0).maker_fee, 1'000);
  set_fees(1, {{0, 0, 0}});
  use_schedule(0);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).all<TradeView>().at(0).maker_fee, 1'000);
}

TEST_F(FeeScheduleTest, ARebateIsRoundedDownAndComesFromTheOtherSidesFee) {
  set_fees(1, {{0, 700, -333}});
  use_schedule(1);
  const std::int64_t before = balance(kBob, kKk99).available;
  submit(limit(kBob, Side::kSell, 10'005, 100));  // notional 1,000,500: fee 700.35, rebate 333.1665
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'005, 100));
  EXPECT_EQ(taken.all<TradeView>().at(0).maker_fee, -333);
  EXPECT_EQ(taken.all<TradeView>().at(0).taker_fee, 701);
  EXPECT_EQ(balance(kBob, kKk99).available, before + 1'000'500 + 333);
  EXPECT_EQ(balance(0, kKk99).available, 701 - 333);
}

TEST_F(FeeScheduleTest, ABuyersRebateStaysHeldUntilTheOrderEnds) {
  set_fees(1, {{0, 700, -300}});
  use_schedule(1);
  const std::int64_t funds = balance(kAlice, kKk99).available;
  submit(limit(kAlice, Side::kBuy, 10'000, 200));
  submit(limit(kBob, Side::kSell, 10'000, 100));
  // limit * leaves + ceil(700 ppm of all) + 1 - fees paid, of which there are -300
  EXPECT_EQ(balance(kAlice, kKk99).held, 1'000'000 + 1'400 + 1 + 300);
  submit(limit(kBob, Side::kSell, 10'000, 100));
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_EQ(balance(kAlice, kKk99).available, funds - 2'000'000 + 600);
}

TEST_F(FeeScheduleTest, ARebateBuysNothingMoreWithABudget) {
  set_fees(1, {{0, -1'000, 1'000}});
  use_schedule(1);
  submit(limit(kBob, Side::kSell, 10'000, 1'000));
  PlaceOrder order = market(kAlice, Side::kBuy, 0);
  order.quote_budget = 2'000'000;
  const std::int64_t funds = balance(kAlice, kKk99).available;
  EXPECT_EQ(submit(order).order().cum_quantity, 200);
  EXPECT_EQ(balance(kAlice, kKk99).available, funds - 2'000'000 + 2'000);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

// What was accepted under rates that are gone may be owed more than the other side pays now.
TEST_F(FeeScheduleTest, TheVenueOwesWhatItsFeesDoNotCover) {
  set_fees(1, {{0, 1'000, -1'000}});
  use_schedule(1);
  submit(limit(kBob, Side::kSell, 10'000, 100));
  set_fees(1, {{0, 0, 0}});
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(taken.all<TradeView>().at(0).maker_fee, -1'000);
  EXPECT_EQ(balance(0, kKk99).available, -1'000);
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(balance(0, kKk99).available, -1'000);
}

TEST_F(FeeScheduleTest, IsSaved) {
  set_fees(1, {{0, 2'000, 1'000}, {4, 700, -300}});
  use_schedule(1);
  set_tier(kBob, 4);
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(trade().maker_fee, -300);
}

}  // namespace
}  // namespace exchange::engine::testing
