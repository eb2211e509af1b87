// `validate_only`: every check is made and all that fail are answered; nothing enters and no id is used.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class ValidationTest : public Venue {
 protected:
  [[nodiscard]] static PlaceOrder only_validated(PlaceOrder order) {
    static constexpr SpecialTerms kValidate{.validate_only = true};
    order.special = &kValidate;
    return order;
  }
};

TEST_F(ValidationTest, ASoundOrderHasNothingAgainstItAndDoesNotEnter) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 200);
  const Outcome judged = submit(only_validated(order));
  EXPECT_EQ(judged.reason(), Reason::kNone);
  EXPECT_TRUE(judged.result.all_reasons.empty());
  EXPECT_FALSE(judged.result.order.has_value());
  EXPECT_TRUE(judged.events.empty());
  EXPECT_EQ(depth(Side::kSell).at(0).quantity, 200);
  const Outcome placed = submit(order);  // under the id that was judged
  EXPECT_FALSE(placed.result.replayed);
  EXPECT_EQ(placed.order().cum_quantity, 200);
}

TEST_F(ValidationTest, AllThatFailIsAnsweredInTheOrderOfTheChecks) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'001, 15);
  order.valid_until_ns = now_ns_ - 1;
  const Outcome judged = submit(only_validated(order));
  EXPECT_EQ(judged.result.all_reasons,
            (std::vector{Reason::kRequestExpired, Reason::kPriceNotOnTick, Reason::kQuantityNotOnLot}));
  EXPECT_EQ(judged.reason(), Reason::kRequestExpired);
}

TEST_F(ValidationTest, FundsAndThePostOnlyPriceAreChecksToo) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  PlaceOrder order = limit(kAlice, Side::kBuy, 5'000'000, 1'000'000);
  order.post_only = true;
  EXPECT_EQ(submit(only_validated(order)).result.all_reasons,
            (std::vector{Reason::kNotionalOutOfRange, Reason::kInsufficientFunds, Reason::kPostOnlyWouldCross}));
}

TEST_F(ValidationTest, TheCostIsWhatWouldBeHeldAndWhatThereIs) {
  const auto cost = [&](const PlaceOrder& order) { return submit(only_validated(order)).result.cost.value(); };
  const std::int64_t had = balance(kAlice, kKk99).available;
  const PlaceOrder buy = limit(kAlice, Side::kBuy, 10'000, 200);
  const OrderCostView told = cost(buy);
  EXPECT_EQ(std::tuple(told.asset_id, told.worst_price, told.available), std::tuple(kKk99, 10'000, had));
  EXPECT_EQ(told.required, told.notional + told.worst_fee + 1);
  submit(buy);
  EXPECT_EQ(balance(kAlice, kKk99).held, told.required);
  EXPECT_EQ(balance(kAlice, kKk99).available, had - told.required);

  const OrderCostView sold = cost(limit(kAlice, Side::kSell, 10'005, 200));
  EXPECT_EQ(sold.asset_id, kBtc);
  EXPECT_EQ(sold.required, 2'000'000);  // 0.02 BTC
}

TEST_F(ValidationTest, TheCostIsToldOfWhatCannotBePaidToo) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 5'000'000, 1'000'000);
  const Outcome judged = submit(only_validated(order));
  EXPECT_EQ(judged.reason(), Reason::kNotionalOutOfRange);
  EXPECT_GT(judged.result.cost.value().required, judged.result.cost.value().available);
  EXPECT_FALSE(submit(only_validated(limit(99, Side::kBuy, 10'000, 200))).result.cost);
  EXPECT_FALSE(submit(only_validated(limit(kAlice, Side::kBuy, 10'001, 200))).result.cost);
  EXPECT_FALSE(submit(limit(kAlice, Side::kBuy, 10'000, 200)).result.cost);
}

TEST_F(ValidationTest, WhatLacksItsGroundIsNotChecked) {
  PlaceOrder order = limit(99, Side::kBuy, 10'000, 200);
  order.instrument_id = 12'345;
  EXPECT_EQ(submit(only_validated(order)).result.all_reasons,
            (std::vector{Reason::kUnknownAccount, Reason::kUnknownInstrument}));
  order.quote_budget = 5;
  EXPECT_EQ(submit(only_validated(order)).result.all_reasons, (std::vector{Reason::kOrderFieldsConflict}));
  EXPECT_EQ(submit(only_validated(market(kAlice, Side::kBuy, 200))).result.all_reasons,
            (std::vector{Reason::kNoLiquidity}));
}

TEST_F(ValidationTest, AnIdThatIsTakenIsAFailure) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 200);
  submit(order);
  EXPECT_TRUE(submit(only_validated(order)).result.all_reasons.empty());  // it would be answered as at first
  order.fingerprint += 1;
  EXPECT_EQ(submit(only_validated(order)).result.all_reasons, (std::vector{Reason::kClientOrderIdReused}));
}

TEST_F(ValidationTest, TheStateIsAsBefore) {
  const Limits limits = small_limits();
  Core before(limits, 0);
  ASSERT_TRUE(load(before, save(core_)));
  submit(only_validated(limit(kAlice, Side::kBuy, 10'000, 200)));
  Core after(limits, 0);
  ASSERT_TRUE(load(after, save(core_)));
  EXPECT_EQ(after.counts().ids, before.counts().ids);
  EXPECT_EQ(after.counts().open_orders, before.counts().open_orders);
}

}  // namespace
}  // namespace exchange::engine::testing
