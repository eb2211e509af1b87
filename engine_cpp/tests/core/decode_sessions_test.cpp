// What gateways send about sessions: every field read, everything half understood refused.
#include <gtest/gtest.h>

#include <vector>

#include "exchange/engine/core.hpp"
#include "wire.hpp"
#include "wire_body.hpp"

namespace exchange::engine::testing {
namespace {

constexpr OpenSession kOpen{.account_id = 1,
                            .session_id = 2,
                            .gateway_id = 3,
                            .connection_id = 4,
                            .scope = DisconnectScope::kAccount,
                            .grace_ms = 5,
                            .heartbeat_timeout_ms = 6,
                            .valid_until_ns = 7};

Reason reason_of(const std::string& command) {
  Batch batch;
  return Core::decode_command(bytes_of(command), batch);
}

TEST(DecodeSessionsTest, ReadsEveryFieldOfAnOpening) {
  const std::string bytes = encode(kOpen);
  Batch batch;
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  const auto& read = std::get<OpenSession>(batch.commands.at(0).body);
  EXPECT_EQ(encode(read), bytes);
  EXPECT_EQ(read.connection_id, 4U);
  EXPECT_EQ(read.scope, DisconnectScope::kAccount);
  EXPECT_EQ(read.heartbeat_timeout_ms, 6U);
}

TEST(DecodeSessionsTest, ASessionHasANumberAndAScope) {
  OpenSession bad = kOpen;
  bad.session_id = 0;
  EXPECT_EQ(reason_of(encode(bad)), Reason::kMalformedCommand);
  bad = kOpen;
  bad.scope = DisconnectScope{};
  EXPECT_EQ(reason_of(encode(bad)), Reason::kMalformedCommand);
  bad.scope = static_cast<DisconnectScope>(4);
  EXPECT_EQ(reason_of(encode(bad)), Reason::kMalformedCommand);
  EXPECT_EQ(reason_of(one(CommandKind::kOpenSession, [](Writer& out) { out.add_uint64(9, 1); })),
            Reason::kMalformedCommand);
}

TEST(DecodeSessionsTest, ReadsAsManySessionsAsOneCommandMayKeep) {
  const std::vector<std::uint64_t> epochs(kMaxKeptSessions, 300);
  const std::string bytes = encode(KeepGateway{1, 2, epochs});
  Batch batch;
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  EXPECT_EQ(std::get<KeepGateway>(batch.commands.at(0).body).session_epochs.size(), kMaxKeptSessions);
  const std::vector<std::uint64_t> more(kMaxKeptSessions + 1, 300);
  EXPECT_EQ(reason_of(encode(KeepGateway{1, 2, more})), Reason::kMalformedCommand);
  EXPECT_EQ(reason_of(encode(KeepGateway{0, 2, epochs})), Reason::kMalformedCommand);
  EXPECT_EQ(reason_of(encode(KeepGateway{1, 2, {}})), Reason::kNone);
}

TEST(DecodeSessionsTest, EpochsMayBePackedOrNot) {
  const auto keep = [](auto add_epochs) {
    return one(CommandKind::kKeepGateway, [&](Writer& out) {
      out.add_uint64(1, 1);
      add_epochs(out);
    });
  };
  EXPECT_EQ(reason_of(keep([](Writer& out) { out.add_uint64(3, 7), out.add_uint64(3, 8); })), Reason::kNone);
  EXPECT_EQ(reason_of(keep([](Writer& out) { out.add_fixed64(3, 7); })), Reason::kMalformedCommand);
  EXPECT_EQ(reason_of(keep([](Writer& out) { out.add_bytes(3, "\x80"); })), Reason::kMalformedCommand);
}

TEST(DecodeSessionsTest, AnEndSaysWhich) {
  const std::string bytes = encode(EndSession{1, 2, SessionEnd::kLost});
  Batch batch;
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  EXPECT_EQ(std::get<EndSession>(batch.commands.at(0).body).session_epoch, 2U);
  EXPECT_EQ(reason_of(encode(EndSession{1, 2, SessionEnd{}})), Reason::kMalformedCommand);
  EXPECT_EQ(reason_of(encode(EndSession{1, 2, static_cast<SessionEnd>(3)})), Reason::kMalformedCommand);
}

TEST(DecodeSessionsTest, AChangeOfLeaderSaysNothingMore) {
  EXPECT_EQ(encode(LeaderChange{}), std::string(reinterpret_cast<const char*>(kLeaderChangeCommand.data()),
                                                kLeaderChangeCommand.size()));
  EXPECT_EQ(reason_of(encode(LeaderChange{})), Reason::kNone);
  EXPECT_EQ(reason_of(one(CommandKind::kLeaderChange, [](Writer& out) { out.add_uint64(1, 1); })),
            Reason::kMalformedCommand);
}

}  // namespace
}  // namespace exchange::engine::testing
