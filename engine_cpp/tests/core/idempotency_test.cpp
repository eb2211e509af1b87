// A repeated request has one effect and one answer; an id is remembered for ten minutes and while its order is open.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

using IdempotencyTest = Venue;

TEST_F(IdempotencyTest, RepeatsTheFirstAnswerAsItWas) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 200);
  const Outcome first = submit(order);
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome again = submit(order);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  EXPECT_EQ(again.order().order_id, first.order().order_id);
  EXPECT_EQ(again.order().status, OrderStatus::kNew);
  EXPECT_EQ(again.order().cum_quantity, 0);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(core_.counts().open_orders, 1U);
}

TEST_F(IdempotencyTest, ARepeatCarriesNoFills) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  EXPECT_EQ(submit(order).result.fills.size(), 1U);
  const Outcome again = submit(order);
  EXPECT_TRUE(again.result.fills.empty());
  EXPECT_EQ(again.order().status, OrderStatus::kFilled);
  EXPECT_EQ(again.order().cum_quantity, 100);
}

TEST_F(IdempotencyTest, ARepeatIsAnsweredAfterItsTimeRanOut) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  submit(order);
  now_ns_ = order.valid_until_ns + 1;
  EXPECT_TRUE(submit(order).result.replayed);
}

TEST_F(IdempotencyTest, AnotherRequestUnderTheSameIdIsRefused) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  submit(order);
  order.fingerprint += 1;
  const Outcome reused = submit(order);
  EXPECT_EQ(reused.reason(), Reason::kClientOrderIdReused);
  EXPECT_FALSE(reused.result.replayed);
  order.account_id = kBob;
  EXPECT_EQ(submit(order).reason(), Reason::kNone);  // ids belong to accounts
}

TEST_F(IdempotencyTest, AnIdIsFreeAfterTheWindow) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  order.time_in_force = TimeInForce::kIoc;
  submit(order);
  now_ns_ += 10 * kMinute;
  EXPECT_TRUE(submit(order).result.replayed);
  now_ns_ += 1;
  EXPECT_EQ(submit(order).reason(), Reason::kRequestExpired);
  order.valid_until_ns = now_ns_;
  EXPECT_FALSE(submit(order).result.replayed);
}

TEST_F(IdempotencyTest, AnOpenOrderKeepsItsId) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  const auto id = submit(order).order().order_id;
  now_ns_ += 60 * kMinute;
  EXPECT_TRUE(submit(order).result.replayed);
  EXPECT_EQ(submit(cancel(kAlice, id)).order().status, OrderStatus::kCancelled);
  CancelOrder by_owner = cancel(kAlice, 0);
  by_owner.client_order_id = order.client_order_id;
  EXPECT_EQ(submit(by_owner).reason(), Reason::kOrderNotOpen);  // its end can still be asked for
  order.valid_until_ns = now_ns_;
  const Outcome fresh = submit(order);  // but the id is out of the window
  EXPECT_FALSE(fresh.result.replayed);
  EXPECT_EQ(fresh.order().status, OrderStatus::kNew);
  EXPECT_NE(fresh.order().order_id, id);
}

TEST_F(IdempotencyTest, ACancelIsRememberedUnderItsRequestId) {
  const auto id = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  CancelOrder request = cancel(kAlice, id);
  request.request_id = "cancel-1";
  const Outcome first = submit(request);
  const Outcome again = submit(request);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  EXPECT_EQ(again.order().status, OrderStatus::kCancelled);
  request.fingerprint += 1;
  EXPECT_EQ(submit(request).reason(), Reason::kClientOrderIdReused);
}

TEST_F(IdempotencyTest, OrdersAndRequestsShareOneWindow) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  const auto id = submit(order).order().order_id;
  CancelOrder request = cancel(kAlice, id);
  request.request_id = order.client_order_id;
  request.fingerprint = order.fingerprint;
  EXPECT_EQ(submit(request).reason(), Reason::kClientOrderIdReused);
}

// The cancel takes the place of the id that kept the order it asks for.
TEST_F(IdempotencyTest, ARequestUnderTheOldIdOfItsOrderKeepsTheOrder) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  const auto id = submit(order).order().order_id;
  now_ns_ += 60 * kMinute;
  submit(cancel(kAlice, id));
  CancelOrder request = cancel(kAlice, id);
  request.request_id = order.client_order_id;
  const Outcome late = submit(request);
  EXPECT_EQ(late.reason(), Reason::kOrderNotOpen);
  EXPECT_EQ(late.order().order_id, id);
  EXPECT_EQ(submit(limit(kBob, Side::kBuy, 10'000, 100)).order().account_id, kBob);
  const Outcome again = submit(request);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.order().order_id, id);
}

TEST_F(IdempotencyTest, ARefusedCancelIsRememberedToo) {
  CancelOrder request = cancel(kAlice, 12'345);
  request.request_id = "cancel-2";
  EXPECT_EQ(submit(request).reason(), Reason::kOrderNotFound);
  const Outcome again = submit(request);
  EXPECT_EQ(again.reason(), Reason::kOrderNotFound);
  EXPECT_TRUE(again.result.replayed);
}

TEST_F(IdempotencyTest, TheWindowSurvivesARestart) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  const Outcome first = submit(order);
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  const Outcome again = submit(order);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
}

// Such an answer is kept whole, others are made again from what the order entered with or ended as.
TEST_F(IdempotencyTest, RepeatsTheAnswerOfAnOrderThatTradedAtOnceAndStayed) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 300);
  const OrderView first = submit(order).order();
  ASSERT_EQ(first.status, OrderStatus::kPartiallyFilled);
  submit(limit(kBob, Side::kSell, 10'000, 200));
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(save(core_), saved);
  const Outcome again = submit(order);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.order().status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(again.order().cum_quantity, 100);
  EXPECT_EQ(again.order().leaves_quantity, 200);
  EXPECT_EQ(again.order().cum_fee, first.cum_fee);
  EXPECT_EQ(again.order().version, first.version);
}

TEST_F(IdempotencyTest, OldIdsGiveTheirRoomBack) {
  for (int i = 0; i < 100; ++i) submit(limit(kAlice, Side::kBuy, 10'001, 100));
  EXPECT_EQ(core_.counts().ids, 100U);
  now_ns_ += 11 * kMinute;
  for (int i = 0; i < 50; ++i) submit(Tick{});
  EXPECT_EQ(core_.counts().ids, 0U);
}

}  // namespace
}  // namespace exchange::engine::testing
