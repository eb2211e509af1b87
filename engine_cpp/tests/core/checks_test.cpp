// The order of checks, the reason of each, and what a refusal costs.
#include <functional>

#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class ChecksTest : public Venue {
 protected:
  // Submits an order that is right but for one thing.
  Outcome broken(const std::function<void(PlaceOrder&)>& damage) {
    PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
    damage(order);
    return submit(order);
  }
  Outcome broken_market(const std::function<void(PlaceOrder&)>& damage) {
    PlaceOrder order = market(kAlice, Side::kBuy, 100);
    damage(order);
    return submit(order);
  }
};

TEST_F(ChecksTest, ShapeRefusesFieldsThatExcludeEachOther) {
  const auto conflict = Reason::kOrderFieldsConflict;
  EXPECT_EQ(broken([](auto& o) { o.quote_budget = 5; }).reason(), conflict);
  EXPECT_EQ(broken([](auto& o) { o.post_only = true, o.time_in_force = TimeInForce::kIoc; }).reason(), conflict);
  EXPECT_EQ(broken_market([](auto& o) { o.price = 10'000; }).reason(), conflict);
  EXPECT_EQ(broken_market([](auto& o) { o.post_only = true; }).reason(), conflict);
  EXPECT_EQ(broken_market([](auto& o) { o.time_in_force = TimeInForce::kGtc; }).reason(), conflict);
  EXPECT_EQ(broken_market([](auto& o) { o.quantity = 0; }).reason(), conflict);
  EXPECT_EQ(broken_market([](auto& o) { o.quote_budget = 1'000'000; }).reason(), conflict);
  const auto budget = [](auto& o) { o.quantity = 0, o.quote_budget = 1'000'000; };
  EXPECT_EQ(broken_market([&](auto& o) { budget(o), o.side = Side::kSell; }).reason(), conflict);
  EXPECT_EQ(broken_market([&](auto& o) { budget(o), o.time_in_force = TimeInForce::kFok; }).reason(), conflict);
  EXPECT_EQ(broken([](auto& o) { o.quantity = 0; }).reason(), Reason::kQuantityOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.quantity = -10; }).reason(), Reason::kQuantityOutOfRange);
}

TEST_F(ChecksTest, BadShapeIsNoOrderAndConsumesNoId) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 0);
  const Outcome refused = submit(order);
  EXPECT_FALSE(refused.result.order.has_value());
  EXPECT_TRUE(refused.events.empty());
  order.quantity = 100;
  EXPECT_EQ(submit(order).reason(), Reason::kNone);
}

TEST_F(ChecksTest, UnknownAccountConsumesNothing) {
  const std::uint64_t before = core_.counts().ids;
  EXPECT_EQ(broken([](auto& o) { o.account_id = 99; }).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(broken([](auto& o) { o.account_id = 0; }).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(submit(cancel(99, 1)).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(core_.counts().ids, before);
}

TEST_F(ChecksTest, TimeLimitsTheRequest) {
  EXPECT_EQ(broken([&](auto& o) { o.valid_until_ns = now_ns_ - 1; }).reason(), Reason::kRequestExpired);
  EXPECT_EQ(broken([&](auto& o) { o.valid_until_ns = now_ns_; }).reason(), Reason::kNone);
  EXPECT_EQ(broken([&](auto& o) { o.valid_until_ns = now_ns_ + 10 * kMinute + 1; }).reason(),
            Reason::kValidUntilTooFar);
  EXPECT_EQ(broken([&](auto& o) { o.valid_until_ns = now_ns_ + 10 * kMinute; }).reason(), Reason::kNone);
}

TEST_F(ChecksTest, GridIsNeverRounded) {
  EXPECT_EQ(broken([](auto& o) { o.instrument_id = 77; }).reason(), Reason::kUnknownInstrument);
  EXPECT_EQ(broken([](auto& o) { o.price = 0; }).reason(), Reason::kPriceOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.price = -5; }).reason(), Reason::kPriceOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.price = INT64_MAX; }).reason(), Reason::kPriceOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.price = 10'001; }).reason(), Reason::kPriceNotOnTick);
  EXPECT_EQ(broken([](auto& o) { o.quantity = 105; }).reason(), Reason::kQuantityNotOnLot);
  EXPECT_EQ(broken([](auto& o) { o.quantity = 1'000'010; }).reason(), Reason::kQuantityOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.price = 5, o.quantity = 10; }).reason(), Reason::kNotionalOutOfRange);
  EXPECT_EQ(broken([](auto& o) { o.price = 1'000'000'000'000'000'000; }).reason(), Reason::kNotionalOutOfRange);
  EXPECT_EQ(broken_market([](auto& o) { o.quantity = 100; }).reason(), Reason::kNoLiquidity);
}

TEST_F(ChecksTest, BudgetHasTheBoundsOfANotional) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const auto with = [&](std::int64_t budget) {
    return broken_market([&](auto& o) { o.quantity = 0, o.quote_budget = budget; }).reason();
  };
  EXPECT_EQ(with(-1), Reason::kNotionalOutOfRange);
  EXPECT_EQ(with(999'999), Reason::kNotionalOutOfRange);
  EXPECT_EQ(with(INT64_MAX), Reason::kNotionalOutOfRange);
  EXPECT_EQ(with(1'000'000), Reason::kNone);
}

TEST_F(ChecksTest, ARejectedOrderConsumesItsId) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'001, 100);
  const Outcome rejected = submit(order);
  EXPECT_EQ(rejected.order().status, OrderStatus::kRejected);
  EXPECT_EQ(rejected.order().reject_reason, Reason::kPriceNotOnTick);
  EXPECT_EQ(rejected.order().cancelled_quantity, 100);
  ASSERT_EQ(rejected.all<OrderEvent>().size(), 1U);
  EXPECT_EQ(rejected.all<OrderEvent>()[0].cause, OrderUpdateCause::kRejected);
  EXPECT_EQ(rejected.events.size(), 1U);
  const Outcome again = submit(order);
  EXPECT_EQ(again.reason(), Reason::kPriceNotOnTick);
  EXPECT_TRUE(again.result.replayed);
  order.price = 10'000;
  order.fingerprint += 1;
  EXPECT_EQ(submit(order).reason(), Reason::kClientOrderIdReused);
}

TEST_F(ChecksTest, FundsCoverTheWorstCaseToTheUnit) {
  ASSERT_EQ(submit(OpenAccount{5, 0, 1'000, 500}).reason(), Reason::kNone);
  fund(5, kKk99, 1'001'000);  // 100 at 10,000 cost 1,000,000, their fee 1,000, and a unit
  EXPECT_EQ(broken([](auto& o) { o.account_id = 5; }).reason(), Reason::kInsufficientFunds);
  fund(5, kKk99, 1);
  EXPECT_EQ(broken([](auto& o) { o.account_id = 5; }).reason(), Reason::kNone);
  EXPECT_EQ(balance(5, kKk99).available, 0);
  EXPECT_EQ(balance(5, kKk99).held, 1'001'001);
  EXPECT_EQ(broken([](auto& o) { o.account_id = 5, o.side = Side::kSell, o.price = 20'000; }).reason(),
            Reason::kInsufficientFunds);
}

TEST_F(ChecksTest, PhaseDecidesWhatMayHappen) {
  InstrumentDefinition listing = btc_kk99();
  listing.instrument_id = 50;
  listing.symbol = "BTC-KK99.X";
  for (const TradingPhase phase : {TradingPhase::kCancelOnly, TradingPhase::kHalt, TradingPhase::kClosed}) {
    listing.instrument_id += 1;
    const std::string symbol = "BTC-KK99." + std::to_string(listing.instrument_id);
    listing.symbol = symbol;
    listing.phase = phase;
    ASSERT_EQ(submit(encode(listing)).reason(), Reason::kNone);
    EXPECT_EQ(broken([&](auto& o) { o.instrument_id = listing.instrument_id; }).reason(), Reason::kPhaseNotAllowed);
  }
}

class TightChecksTest : public ChecksTest {
 protected:
  static Limits tight() {
    Limits limits = small_limits();
    limits.open_orders = 6;
    limits.open_orders_per_account = 4;
    limits.ids_per_account = 9;
    return limits;
  }
  TightChecksTest() { core_ = Core(tight(), 0); }
};

TEST_F(TightChecksTest, OpenOrdersOfAnAccountAreLimited) {
  for (int i = 0; i < 4; ++i) ASSERT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kNone);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kTooManyOpenOrders);
  PlaceOrder immediate = limit(kAlice, Side::kBuy, 10'000, 100);
  immediate.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(immediate).reason(), Reason::kNone);
}

TEST_F(TightChecksTest, AFullPoolRefusesAndChangesNothing) {
  for (int i = 0; i < 4; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  for (int i = 0; i < 2; ++i) submit(limit(kBob, Side::kBuy, 10'000, 100));
  const PlaceOrder order = limit(kBob, Side::kBuy, 10'000, 100);
  const Outcome full = submit(order);
  EXPECT_EQ(full.reason(), Reason::kEngineFull);
  EXPECT_TRUE(full.events.empty());
  EXPECT_FALSE(full.result.order.has_value());
  submit(market(kDave, Side::kSell, 110));
  EXPECT_EQ(submit(order).reason(), Reason::kNone);
}

TEST_F(TightChecksTest, AFullWindowRefusesUntilIdsLeaveIt) {
  PlaceOrder last;
  for (int i = 0; i < 9; ++i) {
    last = limit(kAlice, Side::kBuy, 10'001, 100);
    ASSERT_EQ(submit(last).reason(), Reason::kPriceNotOnTick);
  }
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kIdempotencyWindowFull);
  EXPECT_TRUE(submit(last).result.replayed);
  EXPECT_EQ(submit(limit(kBob, Side::kBuy, 10'000, 100)).reason(), Reason::kNone);
  now_ns_ += 10 * kMinute + 1;
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
