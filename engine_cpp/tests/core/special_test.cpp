// What only some orders say is kept beside them, shown wherever they are, saved with them and freed with them.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint32_t kSpecialOrders = 3;

Limits few_special_orders() {
  Limits limits = small_limits();
  limits.special_orders = kSpecialOrders;
  return limits;
}

class SpecialTest : public Venue {
 protected:
  SpecialTest() : Venue(few_special_orders()) {}

  void SetUp() override {
    Venue::SetUp();
    open_sessions();
  }
  void open_sessions() {
    submit(KeepGateway{.gateway_id = 1, .lease_ms = 60'000});
    for (const std::uint64_t account : {kAlice, kBob}) {
      submit(OpenSession{.account_id = account,
                         .session_id = 9,
                         .gateway_id = 1,
                         .scope = DisconnectScope::kOff,
                         .heartbeat_timeout_ms = 300'000,
                         .valid_until_ns = now_ns_});
    }
  }

  PlaceOrder tagged(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity) {
    PlaceOrder order = limit(account, side, price, quantity);
    order.special = &kTagged;
    order.session_id = 9;
    return order;
  }

  static constexpr SpecialTerms kTagged{.tag = 7};
};

TEST_F(SpecialTest, TagAndSessionAreShownInTheAnswerAndInEveryEvent) {
  const Outcome rested = submit(tagged(kBob, Side::kSell, 10'000, 200));
  EXPECT_EQ(rested.result.order->special.tag, 7U);
  EXPECT_EQ(rested.result.order->view.session_id, 9U);
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(taken.result.order->special.tag, 0U);
  const std::vector<OrderEvent> updates = taken.all<OrderEvent>();
  ASSERT_EQ(updates.size(), 3U);
  EXPECT_EQ(updates[1].order.special.tag, 7U);  // the maker's fill
  EXPECT_EQ(updates[1].order.view.session_id, 9U);
  ASSERT_TRUE(updates[1].fill.has_value());
  EXPECT_EQ(updates[1].fill->quantity, 100);
  EXPECT_EQ(updates[2].order.special.tag, 0U);
}

TEST_F(SpecialTest, QueriesAndSnapshotsShowThem) {
  submit(tagged(kBob, Side::kSell, 10'000, 200));
  ByteBuffer bytes;
  ASSERT_TRUE(core_.query(kBob, bytes));
  EXPECT_EQ(read_account(bytes.view()).open_orders.at(0).special.tag, 7U);
  core_.snapshot_parts(1, [&](std::string_view part) {
    EXPECT_EQ(read_part(part).orders.at(0).view.session_id, 9U);
  });
}

TEST_F(SpecialTest, TheyAreSavedAndLoaded) {
  submit(tagged(kBob, Side::kSell, 10'000, 200));
  const std::string saved = save(core_);
  Core loaded(few_special_orders(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(loaded.state_hash(), core_.state_hash());
  ByteBuffer bytes;
  ASSERT_TRUE(loaded.query(kBob, bytes));
  EXPECT_EQ(read_account(bytes.view()).open_orders.at(0).special.tag, 7U);
}

TEST_F(SpecialTest, WithoutRoomForOneMoreSuchOrderTheEngineIsFullForThemAlone) {
  for (std::uint32_t n = 0; n < kSpecialOrders; ++n) submit(tagged(kBob, Side::kSell, 10'000, 200));
  const Outcome refused = submit(tagged(kBob, Side::kSell, 10'000, 200));
  EXPECT_EQ(refused.reason(), Reason::kEngineFull);
  EXPECT_FALSE(refused.result.order.has_value());
  EXPECT_EQ(submit(limit(kBob, Side::kSell, 10'000, 200)).reason(), Reason::kNone);
}

TEST_F(SpecialTest, AnOrderOfASessionNeedsNoRoomForSuchOrders) {
  for (std::uint32_t n = 0; n < kSpecialOrders; ++n) submit(tagged(kBob, Side::kSell, 10'000, 200));
  PlaceOrder order = limit(kBob, Side::kSell, 10'000, 200);
  order.session_id = 9;
  const Outcome rested = submit(order);
  EXPECT_EQ(rested.reason(), Reason::kNone);
  EXPECT_EQ(rested.result.order->view.session_id, 9U);
}

TEST_F(SpecialTest, ARecordIsFreedWhenItsOrderIsForgotten) {
  for (std::uint32_t n = 0; n < kSpecialOrders; ++n) {
    const Outcome placed = submit(tagged(kBob, Side::kSell, 10'000, 200));
    submit(cancel(kBob, placed.order().order_id));
  }
  EXPECT_EQ(submit(tagged(kBob, Side::kSell, 10'000, 200)).reason(), Reason::kEngineFull);
  now_ns_ += 11 * kMinute;
  submit(Tick{});
  open_sessions();
  EXPECT_EQ(submit(tagged(kBob, Side::kSell, 10'000, 200)).reason(), Reason::kNone);
}

TEST_F(SpecialTest, ARefusedOrderShowsThemToo) {
  const Outcome refused = submit(tagged(kBob, Side::kSell, 10'001, 200));
  EXPECT_EQ(refused.reason(), Reason::kPriceNotOnTick);
  EXPECT_EQ(refused.result.order->special.tag, 7U);
}

}  // namespace
}  // namespace exchange::engine::testing
