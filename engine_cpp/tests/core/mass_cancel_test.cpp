// Cancelling together, at once or once a timeout has passed: what is meant, in which order, and how much in one step.
#include "deadlines.hpp"
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

Limits few_cancels() {
  Limits limits = small_limits();
  limits.cancels_per_command = 3;
  return limits;
}

class MassCancelTest : public Venue {
 protected:
  MassCancelTest() : Venue(few_cancels()) {}

  [[nodiscard]] MassCancel all_of(std::uint64_t account) const {
    return {.account_id = account, .valid_until_ns = now_ns_ + kMinute};
  }
  [[nodiscard]] static std::vector<std::uint64_t> ended(const Outcome& outcome) {
    std::vector<std::uint64_t> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) out.push_back(event.order.view.order_id);
    return out;
  }
  void expect_done(const Outcome& outcome, std::uint64_t id, MassCancelCause cause, std::uint32_t count) {
    const auto done = outcome.all<MassCancelDoneView>();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].mass_cancel_id, id);
    EXPECT_EQ(done[0].cause, cause);
    EXPECT_EQ(done[0].count, count);
  }
};

TEST_F(MassCancelTest, CancelsTheAccountsOrdersInOrderOfEntry) {
  const std::uint64_t first = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  submit(limit(kBob, Side::kBuy, 10'000, 100));
  const std::uint64_t second = submit(limit(kAlice, Side::kSell, 10'100, 100)).order().order_id;
  const Outcome done = submit(all_of(kAlice));
  EXPECT_EQ(ended(done), (std::vector{first, second}));
  EXPECT_EQ(done.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kMassCancel);
  EXPECT_EQ(done.result.cancelled_count, 2U);
  expect_done(done, done.result.engine_seq, MassCancelCause::kRequested, 2);
  EXPECT_TRUE(std::holds_alternative<MassCancelDoneView>(done.events.at(done.events.size() - 3)));  // two levels follow
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 100}}));
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(MassCancelTest, MeansOnlyWhatMatchesAllThatIsGiven) {
  ASSERT_EQ(submit(encode(eth_btc())).reason(), Reason::kNone);
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  submit(limit(kAlice, Side::kSell, 10'100, 100));
  MassCancel command = all_of(kAlice);
  command.has_instrument = true;
  command.instrument_id = kEthBtc;
  EXPECT_EQ(submit(command).result.cancelled_count, 0U);
  command.instrument_id = kBtcKk99;
  command.side = Side::kSell;
  EXPECT_EQ(submit(command).result.cancelled_count, 1U);
  EXPECT_TRUE(depth(Side::kSell).empty());
  command.has_tag = true;
  command.tag = 7;
  command.side = Side::kBuy;
  EXPECT_EQ(submit(command).result.cancelled_count, 0U);
  command.has_tag = false;
  command.has_session = true;
  command.session_id = 7;
  EXPECT_EQ(submit(command).result.cancelled_count, 0U);
  EXPECT_EQ(depth(Side::kBuy).size(), 1U);
}

TEST_F(MassCancelTest, TellsWhichOrdersWereMeant) {
  MassCancel command = all_of(kAlice);
  EXPECT_EQ(submit(command).all<MassCancelDoneView>().at(0).filter, OrderFilterView{});
  command.has_session = command.has_tag = true;  // the number 0 is one to ask for
  EXPECT_EQ(submit(command).all<MassCancelDoneView>().at(0).filter,
            (OrderFilterView{.has_session = true, .has_tag = true}));
  command.has_instrument = true;
  command.instrument_id = kBtcKk99;
  command.side = Side::kSell;
  command.session_id = std::uint64_t{1} << 62U;
  command.tag = 7;
  EXPECT_EQ(submit(command).all<MassCancelDoneView>().at(0).filter,
            (OrderFilterView{.instrument_id = kBtcKk99,
                             .side = Side::kSell,
                             .session_id = std::uint64_t{1} << 62U,
                             .tag = 7,
                             .has_instrument = true,
                             .has_session = true,
                             .has_tag = true}));
}

TEST_F(MassCancelTest, RefusesAnInstrumentThatIsNotThere) {
  MassCancel command = all_of(kAlice);
  command.has_instrument = true;
  command.instrument_id = 12'345;
  EXPECT_EQ(submit(command).reason(), Reason::kUnknownInstrument);
  EXPECT_EQ(submit(all_of(99)).reason(), Reason::kUnknownAccount);
}

TEST_F(MassCancelTest, WhatOneCommandDoesNotGetDoneFollowsBeforeTheNextOnes) {
  for (int i = 0; i < 7; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_FALSE(core_.next_deadline().value() <= now_ns_);
  const Outcome asked = submit(all_of(kAlice));
  EXPECT_EQ(asked.result.cancelled_count, 3U);
  EXPECT_TRUE(asked.all<MassCancelDoneView>().empty());
  EXPECT_LE(core_.next_deadline().value(), now_ns_);

  const Outcome placed = submit(limit(kAlice, Side::kBuy, 10'000, 200));  // later than the command: not meant
  EXPECT_EQ(placed.all<OrderEvent>().size(), 4U);
  EXPECT_EQ(placed.all<OrderEvent>().at(3).cause, OrderUpdateCause::kAccepted);
  const Outcome rest = submit(Tick{});
  expect_done(rest, asked.result.engine_seq, MassCancelCause::kRequested, 7);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 200}}));
  EXPECT_GT(core_.next_deadline().value(), now_ns_);
}

TEST_F(MassCancelTest, ARepeatedRequestHasNoSecondEffect) {
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  MassCancel command = all_of(kAlice);
  command.request_id = "mass-1";
  command.fingerprint = 5;
  const Outcome first = submit(command);
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  const Outcome again = submit(command);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  EXPECT_EQ(again.result.cancelled_count, 1U);
  EXPECT_TRUE(again.events.empty());
  command.fingerprint = 6;
  EXPECT_EQ(submit(command).reason(), Reason::kClientOrderIdReused);
  command.request_id = {};
  command.valid_until_ns = now_ns_ - 1;
  EXPECT_EQ(submit(command).reason(), Reason::kRequestExpired);
}

TEST_F(MassCancelTest, TheTimerFiresOnceAndBeforeTheCommandThatComesAfter) {
  const Outcome armed = submit(CancelAllAfter{kAlice, 5 * kSecond});
  EXPECT_EQ(armed.all<CancelAllAfterView>().at(0).state, CancelAllAfterState::kArmed);
  EXPECT_EQ(armed.all<CancelAllAfterView>().at(0).due_time_ns, now_ns_ + 5 * kSecond);
  EXPECT_EQ(core_.next_deadline(), now_ns_ + 5 * kSecond);
  const std::uint64_t order = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  now_ns_ += 5 * kSecond;
  const Outcome fired = submit(market(kBob, Side::kSell, 100));
  EXPECT_EQ(fired.reason(), Reason::kNoLiquidity);
  EXPECT_EQ(fired.all<CancelAllAfterView>().at(0).state, CancelAllAfterState::kFired);
  EXPECT_EQ(fired.all<OrderEvent>().at(0).order.view.order_id, order);
  EXPECT_EQ(fired.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kCancelAllAfter);
  expect_done(fired, armed.result.engine_seq, MassCancelCause::kCancelAllAfter, 1);
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  now_ns_ += kMinute;
  EXPECT_TRUE(submit(Tick{}).events.empty());
}

TEST_F(MassCancelTest, ArmingAgainMovesTheTimerAndZeroDisarmsIt) {
  submit(CancelAllAfter{kAlice, 5 * kSecond});
  now_ns_ += 4 * kSecond;
  submit(CancelAllAfter{kAlice, 5 * kSecond});
  now_ns_ += 4 * kSecond;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  const Outcome disarmed = submit(CancelAllAfter{kAlice, 0});
  EXPECT_EQ(disarmed.all<CancelAllAfterView>().at(0).state, CancelAllAfterState::kDisarmed);
  EXPECT_TRUE(submit(CancelAllAfter{kAlice, 0}).events.empty());
  EXPECT_FALSE(core_.next_deadline().has_value());
}

TEST_F(MassCancelTest, TheTimeoutIsZeroOrFiveToThreeHundredSeconds) {
  EXPECT_EQ(submit(CancelAllAfter{kAlice, 5 * kSecond - 1}).reason(), Reason::kTimeoutOutOfRange);
  EXPECT_EQ(submit(CancelAllAfter{kAlice, 300 * kSecond + 1}).reason(), Reason::kTimeoutOutOfRange);
  EXPECT_EQ(submit(CancelAllAfter{kAlice, -1}).reason(), Reason::kTimeoutOutOfRange);
  EXPECT_EQ(submit(CancelAllAfter{kAlice, 300 * kSecond}).reason(), Reason::kNone);
  EXPECT_EQ(submit(CancelAllAfter{99, 5 * kSecond}).reason(), Reason::kUnknownAccount);
}

TEST_F(MassCancelTest, TimersRunInOrderOfTimeThenOfAccount) {
  submit(CancelAllAfter{kBob, 7 * kSecond});
  submit(CancelAllAfter{kCarol, 6 * kSecond});
  submit(CancelAllAfter{kAlice, 7 * kSecond});
  now_ns_ += kMinute;
  std::vector<std::uint64_t> order;
  for (const CancelAllAfterView& fired : submit(Tick{}).all<CancelAllAfterView>()) order.push_back(fired.account_id);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{kCarol, kAlice, kBob}));
}

TEST_F(MassCancelTest, TimersAndUnfinishedCancelsSurviveARestart) {
  for (int i = 0; i < 5; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  submit(CancelAllAfter{kBob, 20 * kSecond});
  MassCancel buys = all_of(kAlice);
  buys.side = Side::kBuy;
  const std::uint64_t asked = submit(buys).result.engine_seq;
  Core loaded(few_cancels(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  EXPECT_EQ(loaded.state_hash(), core_.state_hash());
  EXPECT_EQ(loaded.next_deadline(), core_.next_deadline());
  core_ = std::move(loaded);
  now_ns_ += kMinute;
  const Outcome rest = submit(Tick{});
  EXPECT_EQ(rest.all<MassCancelDoneView>().at(0).mass_cancel_id, asked);
  EXPECT_EQ(rest.all<MassCancelDoneView>().at(0).count, 5U);
  EXPECT_EQ(rest.all<MassCancelDoneView>().at(0).filter, OrderFilterView{.side = Side::kBuy});
  EXPECT_EQ(rest.all<CancelAllAfterView>().at(0).account_id, kBob);
}

TEST(Deadlines, ComeInOrderOfTimeThenOfNumber) {
  Deadlines deadlines(64);
  for (Slot slot = 0; slot < 64; ++slot) deadlines.set(slot, (slot * 37) % 8, slot);
  for (Slot slot = 0; slot < 64; slot += 3) deadlines.set(slot, 100, slot);
  for (Slot slot = 1; slot < 64; slot += 3) deadlines.erase(slot);
  EXPECT_TRUE(deadlines.consistent());
  std::int64_t last_ns = 0;
  std::uint64_t last_number = 0;
  while (deadlines.front() != kNil) {
    const Slot slot = deadlines.front();
    EXPECT_TRUE(deadlines.next_ns() > last_ns || (deadlines.next_ns() == last_ns && slot >= last_number));
    last_ns = deadlines.next_ns();
    last_number = deadlines.next_number();
    deadlines.erase(slot);
    ASSERT_TRUE(deadlines.consistent());
  }
  EXPECT_EQ(last_ns, 100);
}

}  // namespace
}  // namespace exchange::engine::testing
