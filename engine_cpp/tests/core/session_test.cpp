// Cancel-on-disconnect: what loses a session, what it waits for, what it cancels, and what keeps it.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

Limits few_sessions() {
  Limits limits = small_limits();
  limits.cancels_per_command = 3;
  limits.sessions = 6;
  limits.sessions_per_account = 4;
  limits.gateways = 2;
  return limits;
}

class SessionTest : public Venue {
 protected:
  static constexpr std::uint64_t kGateway = 500;
  static constexpr std::uint64_t kSession = 9;

  SessionTest() : Venue(few_sessions()) {}

  void SetUp() override {
    Venue::SetUp();
    ASSERT_EQ(keep(60'000).reason(), Reason::kNone);
  }

  Outcome keep(std::uint32_t lease_ms, const std::vector<std::uint64_t>& epochs = {}) {
    return submit(KeepGateway{kGateway, lease_ms, epochs});
  }
  [[nodiscard]] OpenSession session(std::uint64_t account, std::uint64_t id = kSession) {
    return {.account_id = account,
            .session_id = id,
            .gateway_id = kGateway,
            .connection_id = ++connections_,
            .scope = DisconnectScope::kSession,
            .grace_ms = 5'000,
            .heartbeat_timeout_ms = 10'000,
            .valid_until_ns = now_ns_ + kMinute};
  }
  std::uint64_t open(const OpenSession& command) {
    const Outcome opened = submit(command);
    EXPECT_EQ(opened.reason(), Reason::kNone);
    return opened.result.engine_seq;
  }
  // A resting buy that came by the session.
  std::uint64_t rest(std::uint64_t account, std::uint64_t session_id) {
    PlaceOrder order = limit(account, Side::kBuy, 10'000, 100);
    order.session_id = session_id;
    return submit(order).order().order_id;
  }
  static std::vector<SessionState> states(const Outcome& outcome) {
    std::vector<SessionState> out;
    for (const SessionView& view : outcome.all<SessionView>()) out.push_back(view.state);
    return out;
  }
  static std::vector<std::uint64_t> cancelled(const Outcome& outcome) {
    std::vector<std::uint64_t> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) {
      EXPECT_EQ(event.order.view.end_reason, EndReason::kDisconnected);
      out.push_back(event.order.view.order_id);
    }
    return out;
  }

  std::uint64_t connections_ = 0;
};

TEST_F(SessionTest, ABrokenStreamFiresAfterTheGraceAndBeforeTheCommandThatComes) {
  const std::uint64_t epoch = open(session(kAlice));
  const std::uint64_t order = rest(kAlice, kSession);
  const Outcome lost = submit(EndSession{kAlice, epoch, SessionEnd::kLost});
  EXPECT_EQ(lost.all<SessionView>().at(0).state, SessionState::kLost);
  EXPECT_EQ(lost.all<SessionView>().at(0).loss, SessionLoss::kStreamEnded);
  EXPECT_EQ(lost.all<SessionView>().at(0).due_time_ns, now_ns_ + 5 * kSecond);
  EXPECT_EQ(core_.next_deadline(), now_ns_ + 5 * kSecond);
  now_ns_ += 5 * kSecond - 1;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  now_ns_ += 1;
  const Outcome fired = submit(market(kBob, Side::kSell, 100));
  EXPECT_EQ(fired.reason(), Reason::kNoLiquidity);
  EXPECT_EQ(states(fired), std::vector{SessionState::kFired});
  EXPECT_EQ(fired.all<OrderEvent>().at(0).order.view.order_id, order);
  EXPECT_EQ(fired.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kDisconnected);
  const auto done = fired.all<MassCancelDoneView>();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].mass_cancel_id, epoch);
  EXPECT_EQ(done[0].cause, MassCancelCause::kDisconnected);
  EXPECT_EQ(done[0].filter, (OrderFilterView{.session_id = kSession, .has_session = true}));
  EXPECT_EQ(submit(EndSession{kAlice, epoch, SessionEnd::kLost}).reason(), Reason::kSessionNotOpen);
}

TEST_F(SessionTest, OnlyTheOrdersOfItsScopeGo) {
  const std::uint64_t epoch = open(session(kAlice));
  OpenSession second = session(kAlice, 10);
  second.heartbeat_timeout_ms = 300'000;
  open(second);
  const std::uint64_t mine = rest(kAlice, kSession);
  const std::uint64_t other = rest(kAlice, 10);
  const std::uint64_t none = rest(kAlice, 0);
  rest(kBob, 0);
  submit(EndSession{kAlice, epoch, SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  EXPECT_EQ(cancelled(submit(Tick{})), std::vector{mine});
  OpenSession whole = session(kAlice);
  whole.scope = DisconnectScope::kAccount;
  submit(EndSession{kAlice, open(whole), SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  const Outcome all = submit(Tick{});
  EXPECT_EQ(cancelled(all), (std::vector{other, none}));
  EXPECT_EQ(all.all<MassCancelDoneView>().at(0).filter, OrderFilterView{});
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 100}}));
  OpenSession off = session(kBob);
  off.scope = DisconnectScope::kOff;
  submit(EndSession{kBob, open(off), SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  const Outcome nothing = submit(Tick{});
  EXPECT_TRUE(nothing.all<MassCancelDoneView>().empty());
  EXPECT_EQ(depth(Side::kBuy).size(), 1U);
}

TEST_F(SessionTest, SilenceLosesItAndAWordWithinTheGraceKeepsIt) {
  const std::uint64_t epoch = open(session(kAlice));
  rest(kAlice, kSession);
  now_ns_ += 9 * kSecond;
  EXPECT_TRUE(keep(60'000, {epoch}).events.empty());
  now_ns_ += 10 * kSecond;
  const Outcome silent = submit(Tick{});
  EXPECT_EQ(states(silent), std::vector{SessionState::kLost});
  EXPECT_EQ(silent.all<SessionView>().at(0).loss, SessionLoss::kSilent);
  now_ns_ += 4 * kSecond;
  EXPECT_EQ(states(keep(60'000, {epoch})), std::vector{SessionState::kLive});
  now_ns_ += 9 * kSecond;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  now_ns_ += 6 * kSecond;  // silence and grace in one command
  const Outcome fired = submit(Tick{});
  EXPECT_EQ(states(fired), (std::vector{SessionState::kLost, SessionState::kFired}));
  EXPECT_EQ(cancelled(fired).size(), 1U);
}

TEST_F(SessionTest, ADeadGatewayLosesAllItsSessionsAtOnce) {
  OpenSession patient = session(kAlice);
  patient.heartbeat_timeout_ms = 300'000;
  const std::uint64_t first = open(patient);
  patient = session(kBob);
  patient.heartbeat_timeout_ms = 300'000;
  const std::uint64_t second = open(patient);
  keep(3'000);
  now_ns_ += 3 * kSecond;
  const Outcome lost = submit(Tick{});
  ASSERT_EQ(lost.all<SessionView>().size(), 2U);
  EXPECT_EQ(lost.all<SessionView>()[0].epoch, first);
  EXPECT_EQ(lost.all<SessionView>()[1].epoch, second);
  EXPECT_EQ(lost.all<SessionView>()[1].loss, SessionLoss::kGateway);
  EXPECT_EQ(lost.all<SessionView>()[1].due_time_ns, now_ns_ + 5 * kSecond);
  EXPECT_EQ(submit(session(kCarol)).reason(), Reason::kUnknownGateway);
  now_ns_ += kSecond;
  EXPECT_EQ(states(keep(60'000, {second})), std::vector{SessionState::kLive});  // it was slow, not dead
  now_ns_ += 4 * kSecond;
  const Outcome fired = submit(Tick{});
  EXPECT_EQ(states(fired), std::vector{SessionState::kFired});
  EXPECT_EQ(fired.all<SessionView>()[0].epoch, first);
}

TEST_F(SessionTest, ANewConnectionWithinTheGraceDisarmsIt) {
  const std::uint64_t old = open(session(kAlice));
  const std::uint64_t order = rest(kAlice, kSession);
  submit(EndSession{kAlice, old, SessionEnd::kLost});
  EXPECT_TRUE(keep(60'000, {old}).events.empty());  // the stream is gone, whatever else was heard
  now_ns_ += 4 * kSecond;
  const std::uint64_t anew = open(session(kAlice));
  EXPECT_GT(anew, old);
  now_ns_ += 5 * kSecond;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  EXPECT_EQ(submit(EndSession{kAlice, old, SessionEnd::kLost}).reason(), Reason::kSessionNotOpen);  // a late word
  submit(EndSession{kAlice, anew, SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  EXPECT_EQ(cancelled(submit(Tick{})), std::vector{order});  // of the connection before
}

TEST_F(SessionTest, ACleanCloseNeverFires) {
  const std::uint64_t epoch = open(session(kAlice));
  rest(kAlice, kSession);
  EXPECT_EQ(states(submit(EndSession{kAlice, epoch, SessionEnd::kClosed})), std::vector{SessionState::kClosed});
  now_ns_ += 60 * kSecond;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  EXPECT_EQ(depth(Side::kBuy).size(), 1U);
  const std::uint64_t lost = open([&] {
    keep(60'000);
    return session(kAlice);
  }());
  submit(EndSession{kAlice, lost, SessionEnd::kLost});
  submit(EndSession{kAlice, lost, SessionEnd::kClosed});  // in its grace too
  now_ns_ += 60 * kSecond;
  EXPECT_TRUE(submit(Tick{}).events.empty());
}

TEST_F(SessionTest, WithoutGraceItFiresAtOnce) {
  OpenSession now = session(kAlice);
  now.grace_ms = 0;
  const std::uint64_t epoch = open(now);
  rest(kAlice, kSession);
  submit(EndSession{kAlice, epoch, SessionEnd::kLost});
  EXPECT_EQ(core_.next_deadline(), now_ns_);
  EXPECT_EQ(cancelled(submit(Tick{})).size(), 1U);
}

TEST_F(SessionTest, ManyOrdersGoInSeveralSteps) {
  const std::uint64_t epoch = open(session(kAlice));
  for (int i = 0; i < 5; ++i) rest(kAlice, kSession);
  submit(EndSession{kAlice, epoch, SessionEnd::kLost});
  now_ns_ += 5 * kSecond;
  EXPECT_EQ(cancelled(submit(Tick{})).size(), 3U);
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  const Outcome rest_of_it = submit(Tick{});
  EXPECT_EQ(cancelled(rest_of_it).size(), 2U);
  EXPECT_EQ(rest_of_it.all<MassCancelDoneView>().at(0).count, 5U);
}

TEST_F(SessionTest, AChangeOfLeaderGivesEverySessionItsGraceAnew) {
  const std::uint64_t silent = open(session(kAlice));
  const std::uint64_t broken = open(session(kBob));
  const std::uint64_t heard = open(session(kCarol));
  rest(kAlice, kSession);
  submit(EndSession{kBob, broken, SessionEnd::kLost});
  submit(CancelAllAfter{kDave, 5 * kSecond});
  now_ns_ += kMinute;  // nobody led
  const Outcome led = submit(LeaderChange{});
  EXPECT_TRUE(led.all<SessionView>().empty());
  EXPECT_EQ(led.all<CancelAllAfterView>().at(0).state, CancelAllAfterState::kFired);  // that one is not re-armed
  EXPECT_EQ(core_.next_deadline(), now_ns_ + 5 * kSecond);
  now_ns_ += 4 * kSecond;
  EXPECT_TRUE(keep(60'000, {heard}).events.empty());
  now_ns_ += kSecond;
  const Outcome fired = submit(Tick{});
  ASSERT_EQ(states(fired), (std::vector{SessionState::kFired, SessionState::kFired}));
  EXPECT_EQ(fired.all<SessionView>()[0].epoch, silent);
  EXPECT_EQ(fired.all<SessionView>()[1].epoch, broken);
  EXPECT_EQ(cancelled(fired).size(), 1U);
  EXPECT_EQ(core_.counts().sessions, 1U);
}

TEST_F(SessionTest, WithoutGraceAChangeOfLeaderFiresItself) {
  OpenSession now = session(kAlice);
  now.grace_ms = 0;
  open(now);
  rest(kAlice, kSession);
  EXPECT_EQ(cancelled(submit(LeaderChange{})).size(), 1U);
}

TEST_F(SessionTest, TheSameConnectionAgainIsAnsweredAsAtFirst) {
  const OpenSession command = session(kAlice);
  const std::uint64_t epoch = open(command);
  now_ns_ += 2 * kMinute;
  const Outcome again = submit(command);
  EXPECT_NE(again.result.engine_seq, 0U);
  EXPECT_FALSE(again.result.replayed);  // it fired meanwhile, and its time is over
  EXPECT_EQ(again.reason(), Reason::kRequestExpired);
  keep(60'000);
  const OpenSession fresh = session(kAlice);
  const std::uint64_t second = open(fresh);
  const Outcome repeated = submit(fresh);
  EXPECT_TRUE(repeated.result.replayed);
  EXPECT_EQ(repeated.result.engine_seq, second);
  EXPECT_TRUE(repeated.events.empty());
  EXPECT_NE(second, epoch);
}

TEST_F(SessionTest, WhatIsOutOfRangeIsRefused) {
  OpenSession command = session(kAlice);
  command.grace_ms = 60'001;
  EXPECT_EQ(submit(command).reason(), Reason::kSessionOptionsOutOfRange);
  command.grace_ms = 60'000;
  for (const std::uint32_t timeout_ms : {2'999U, 300'001U}) {
    command.heartbeat_timeout_ms = timeout_ms;
    EXPECT_EQ(submit(command).reason(), Reason::kSessionOptionsOutOfRange);
  }
  command.heartbeat_timeout_ms = 3'000;
  EXPECT_EQ(submit(command).reason(), Reason::kNone);
  EXPECT_EQ(keep(999).reason(), Reason::kSessionOptionsOutOfRange);
  EXPECT_EQ(keep(60'001).reason(), Reason::kSessionOptionsOutOfRange);
  EXPECT_EQ(submit(session(99)).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(submit(EndSession{kBob, 1, SessionEnd::kLost}).reason(), Reason::kSessionNotOpen);
}

TEST_F(SessionTest, TheyAreBounded) {
  for (std::uint64_t id = 1; id <= 4; ++id) open(session(kAlice, id));
  EXPECT_EQ(submit(session(kAlice, 5)).reason(), Reason::kTooManySessions);
  open(session(kAlice, 4));  // a new connection of one that is open
  open(session(kBob, 1));
  open(session(kBob, 2));
  EXPECT_EQ(submit(session(kBob, 3)).reason(), Reason::kEngineFull);
  EXPECT_EQ(submit(KeepGateway{501, 60'000, {}}).reason(), Reason::kNone);
  EXPECT_EQ(submit(KeepGateway{502, 60'000, {}}).reason(), Reason::kEngineFull);
  now_ns_ += 5 * kMinute;  // leases and sessions end, and leave their places
  submit(Tick{});
  EXPECT_EQ(submit(KeepGateway{502, 60'000, {}}).reason(), Reason::kNone);
  EXPECT_FALSE(core_.next_deadline().value() > now_ns_ + kMinute);
}

TEST_F(SessionTest, AnOrderOfASessionThatIsNotOpenIsRejected) {
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  order.session_id = kSession;
  EXPECT_EQ(submit(order).reason(), Reason::kSessionNotOpen);
  open(session(kBob));
  PlaceOrder other = limit(kAlice, Side::kBuy, 10'000, 100);
  other.session_id = kSession;
  EXPECT_EQ(submit(other).reason(), Reason::kSessionNotOpen);  // sessions belong to accounts
  const std::uint64_t epoch = open(session(kAlice));
  submit(EndSession{kAlice, epoch, SessionEnd::kLost});
  EXPECT_NE(rest(kAlice, kSession), 0U);  // sent before the stream broke
  const SpecialTerms validate{.validate_only = true};
  PlaceOrder judged = limit(kAlice, Side::kBuy, 10'000, 100);
  judged.special = &validate;
  judged.session_id = 77;
  EXPECT_EQ(submit(judged).result.all_reasons, std::vector{Reason::kSessionNotOpen});
}

TEST_F(SessionTest, TheySurviveARestart) {
  const std::uint64_t live = open(session(kAlice));
  const std::uint64_t lost = open(session(kBob));
  rest(kAlice, kSession);
  submit(EndSession{kBob, lost, SessionEnd::kLost});
  const std::string saved = save(core_);
  Core loaded(few_sessions(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_TRUE(save(loaded) == saved);
  EXPECT_EQ(loaded.state_hash(), core_.state_hash());
  EXPECT_EQ(loaded.next_deadline(), core_.next_deadline());
  core_ = std::move(loaded);
  now_ns_ += 5 * kSecond;
  EXPECT_EQ(submit(Tick{}).all<SessionView>().at(0).epoch, lost);
  now_ns_ += 10 * kSecond;
  const Outcome rest_of_it = submit(Tick{});
  EXPECT_EQ(rest_of_it.all<SessionView>().at(1).epoch, live);
  EXPECT_EQ(cancelled(rest_of_it).size(), 1U);
}

// Any one byte of the part that holds sessions changed: refused, or as consistent as before.
TEST_F(SessionTest, ADamagedStateIsRefusedOrConsistent) {
  open(session(kAlice));
  submit(EndSession{kBob, open(session(kBob)), SessionEnd::kLost});
  const std::string saved = save(core_);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    std::string damaged = saved;
    damaged[at] ^= static_cast<char>(1U << (at % 8));
    Core core(few_sessions(), 0);
    if (!load(core, damaged)) {
      ++refused;
      continue;
    }
    EXPECT_TRUE(core.consistent()) << at;
  }
  EXPECT_GT(refused, 100U);
}

TEST_F(SessionTest, SurvivingADisconnectIsForReduceOnlyOrders) {
  const SpecialTerms terms{.survive_disconnect = true};
  PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  order.special = &terms;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
}

}  // namespace
}  // namespace exchange::engine::testing
