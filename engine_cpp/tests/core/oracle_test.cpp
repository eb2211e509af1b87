// The core and the naive engine argue over seeded streams: the same answers and the same events, byte for byte.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "argument.hpp"
#include "command_stream.hpp"
#include "played.hpp"
#include "saved_state.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint64_t kCommandsPerSeed = 40'000;
constexpr std::uint64_t kCommandsBetweenChecks = 250;

class OracleTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(OracleTest, AgreesWithTheNaiveEngine) {
  Argument argument(GetParam());
  while (argument.commands() < kCommandsPerSeed) {
    ASSERT_EQ(argument.next(), "");
    if (argument.commands() % kCommandsBetweenChecks == 0) {
      ASSERT_EQ(argument.check(), "");
    }
  }
}

// A core that was saved and loaded on the way goes on as the one that was not, and the oracle sees no difference.
TEST_P(OracleTest, SurvivesSaveAndLoadAtAnyPoint) {
  CommandStream stream(GetParam() + 1'000);
  Core steady(tight_limits(), 0);
  Limits other_key = tight_limits();
  other_key.id_hash_key = GetParam();  // of another process
  Core restarted(other_key, 0);
  Batch batch;
  for (std::uint64_t seq = 1; seq <= kCommandsPerSeed / 4; ++seq) {
    const std::string bytes = stream.next();
    ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
    ByteBuffer results[2];
    ByteBuffer events[2];
    steady.apply(batch.commands.front(), {seq, stream.time_ns()}, results[0], events[0]);
    restarted.apply(batch.commands.front(), {seq, stream.time_ns()}, results[1], events[1]);
    ASSERT_TRUE(results[0].view() == results[1].view()) << "answer to command " << seq;
    ASSERT_TRUE(events[0].view() == events[1].view()) << "events of command " << seq;
    stream.saw(results[0].view(), events[0]);
    if (seq % 997 != 0) continue;
    ASSERT_EQ(steady.state_hash(), restarted.state_hash());
    const std::string saved = save(restarted);
    restarted = Core(other_key, 0);
    ASSERT_TRUE(load(restarted, saved));
    ASSERT_TRUE(save(restarted) == saved);
    ASSERT_EQ(restarted.state_hash(), steady.state_hash());
  }
}

// Seeds that found a disagreement stay in seeds.txt.
std::vector<std::uint64_t> seeds() {
  std::ifstream file(EXCHANGE_SEEDS);
  std::vector<std::uint64_t> out;
  for (std::uint64_t seed = 0; file >> seed;) out.push_back(seed);
  return out;
}

// What the streams met: what they never meet, the engines never argued about.
struct Met {
  std::set<Reason> reasons;
  std::set<SessionState> sessions;
  std::set<SessionLoss> losses;
  std::set<Reason> reasons_together;  // of orders that came with others
  std::set<EndReason> ends;
  std::set<OrderUpdateCause> causes;
  std::set<LiquidationState> liquidations;
  std::set<BalanceChangeKind> payments;
  bool reduced_by_force = false;

  void play(std::uint64_t seed) {
    testing::play(seed, kCommandsPerSeed, [this](const ByteBuffer& result, const ByteBuffer& events) {
      const ReadResult read = read_results(result.view()).front();
      reasons.insert(read.reason);
      for (const ReadOrderResult& one : read.orders) reasons_together.insert(one.reason);
      const ReadBlock block = read_blocks(events).front();
      for (const ReadEvent& event : block.events) see(event);
    });
  }

  void see(const ReadEvent& event) {
    if (const auto* session = std::get_if<SessionView>(&event)) {
      sessions.insert(session->state);
      losses.insert(session->loss);
    }
    if (const auto* change = std::get_if<LiquidationView>(&event)) liquidations.insert(change->state);
    if (const auto* change = std::get_if<BalanceChangeView>(&event)) payments.insert(change->kind);
    const auto* trade = std::get_if<TradeView>(&event);
    reduced_by_force = reduced_by_force || (trade != nullptr && trade->liquidation);
    const auto* update = std::get_if<OrderEvent>(&event);
    if (update != nullptr) causes.insert(update->cause);
    if (update != nullptr) ends.insert(update->order.view.end_reason);
  }
};

TEST(OracleStreams, MeetEveryRefusalAndEveryEnd) {
  Met met;
  for (const std::uint64_t seed : seeds()) met.play(seed);
  for (std::uint16_t reason = 200; reason <= 224; ++reason) {
    const bool never = reason == 220 || reason == 223;  // malformed, the clock: not from a stream
    EXPECT_EQ(met.reasons.contains(static_cast<Reason>(reason)), !never) << reason;
  }
  for (const Reason reason : {Reason::kRulesVersionUnknown, Reason::kTradingState, Reason::kOrderSizeLimit, Reason::kUnknownFeeSchedule,
                              Reason::kFeeScheduleInvalid, Reason::kAccountKindNotAllowed}) {
    EXPECT_TRUE(met.reasons.contains(reason)) << static_cast<int>(reason);
  }
  for (std::uint16_t reason = 300; reason <= 304; ++reason) {
    EXPECT_TRUE(met.reasons.contains(static_cast<Reason>(reason))) << reason;
  }
  EXPECT_TRUE(met.reasons.contains(Reason::kBatchRefused));
  EXPECT_GE(met.reasons_together.size(), 20U);
  for (const Reason reason : {Reason::kSessionNotOpen, Reason::kSessionOptionsOutOfRange, Reason::kTooManySessions,
                              Reason::kUnknownGateway}) {
    EXPECT_TRUE(met.reasons.contains(reason)) << static_cast<int>(reason);
  }
  EXPECT_EQ(met.sessions.size(), 4U);
  EXPECT_EQ(met.losses.size(), 4U);
  EXPECT_TRUE(met.reasons.contains(Reason::kWouldTriggerImmediately));
  EXPECT_TRUE(met.reasons.contains(Reason::kNoReferencePrice));
  EXPECT_TRUE(met.reasons.contains(Reason::kExpireTimeOutOfRange));
  EXPECT_TRUE(met.reasons.contains(Reason::kTrailingOffsetOutOfRange));
  EXPECT_TRUE(met.reasons.contains(Reason::kDisplayQuantityOutOfRange));
  for (const Reason reason : {Reason::kPositionLimit, Reason::kInsufficientMargin, Reason::kMarginParametersInvalid,
                              Reason::kMarginParametersMissing}) {
    EXPECT_TRUE(met.reasons.contains(reason)) << static_cast<int>(reason);
  }
  EXPECT_TRUE(met.reasons.contains(Reason::kReduceOnlyNoPosition));
  for (const Reason reason : {Reason::kUnknownTrade, Reason::kTradeNotBustable}) {
    EXPECT_TRUE(met.reasons.contains(reason)) << static_cast<int>(reason);
  }
  EXPECT_TRUE(met.ends.contains(EndReason::kRiskAtTrigger));
  EXPECT_TRUE(met.ends.contains(EndReason::kBust));
  EXPECT_EQ(met.liquidations.size(), 3U);
  EXPECT_TRUE(met.reduced_by_force);
  EXPECT_TRUE(met.payments.contains(BalanceChangeKind::kPenalty));
  EXPECT_TRUE(met.payments.contains(BalanceChangeKind::kInsurance));
  EXPECT_EQ(met.ends.size(), 25U) << ::testing::PrintToString(met.ends);
  EXPECT_EQ(met.causes.size(), 14U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OracleTest, ::testing::ValuesIn(seeds()));

}  // namespace
}  // namespace exchange::engine::testing
