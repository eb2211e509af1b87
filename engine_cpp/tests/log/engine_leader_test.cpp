// What an engine does first when it finds sessions open: nobody could be heard while it was away.
#include "engine_fixture.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string varint_field(char tag, std::uint64_t value) {
  std::string out{tag};
  for (; value >= 0x80U; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  return out + static_cast<char>(value);
}

// A SubmitRequest of one command, by the number of its kind.
std::string one(std::uint32_t kind, const std::string& body) {
  const std::uint32_t key = kind << 3U | 2U;
  std::string command{static_cast<char>((key & 0x7FU) | 0x80U), static_cast<char>(key >> 7U)};
  command.push_back(static_cast<char>(body.size()));
  return framed('\x0A', command + body);
}

std::string lease() { return one(26, varint_field('\x08', 500) + varint_field('\x10', 60'000)); }

// Of account 1: grace 5 s, heartbeats within 10 s.
std::string session() {
  return one(25, varint_field('\x08', 1) + varint_field('\x10', 9) + varint_field('\x18', 500) + varint_field('\x28', 2) +
                     varint_field('\x30', 5'000) + varint_field('\x38', 10'000) +
                     varint_field('\x40', static_cast<std::uint64_t>(kTime + 60 * kSecond)));
}

class EngineLeaderTest : public EngineTest {
 protected:
  static void apply(Engine& engine, const std::string& batch, std::int64_t time_ns) {
    const std::uint64_t ticket = engine.apply(std::as_bytes(std::span(batch)), time_ns, kAllCommandKinds).ticket;
    while (engine.published() < ticket) std::this_thread::yield();
  }
  static void connect(Engine& engine) {
    open_accounts(engine, 1, 1);
    apply(engine, lease(), kTime + kSecond);
    apply(engine, session(), kTime + kSecond);
  }
};

TEST_F(EngineLeaderTest, AStartWithOpenSessionsBeginsWithALeaderChange) {
  {
    Engine engine(options());
    connect(engine);
    EXPECT_EQ(engine.state().engine_seq, 3U);
    EXPECT_EQ(engine.next_deadline(), kTime + 11 * kSecond);
  }
  const std::int64_t back_ns = kTime + 3'600 * kSecond;
  std::string events;
  {
    Engine engine(options());
    apply(engine, {}, back_ns);
    EXPECT_EQ(engine.state().engine_seq, 4U);  // no Tick beside it: nothing ran out
    EXPECT_EQ(engine.next_deadline(), back_ns + 5 * kSecond);
    apply(engine, {}, back_ns + kSecond);
    EXPECT_EQ(engine.state().engine_seq, 4U);  // once in a life
    apply(engine, {}, back_ns + 5 * kSecond);
    EXPECT_GT(engine.state().engine_seq, 4U);
    events = all_events(engine);
  }
  Engine again(options());  // replays it
  EXPECT_EQ(all_events(again), events);
}

TEST_F(EngineLeaderTest, ItComesBeforeTheCommandsOfTheFirstBatch) {
  {
    Engine engine(options());
    connect(engine);
    engine.take_snapshot();
  }
  Engine engine(options());
  apply(engine, lease() + lease(), kTime + 3'600 * kSecond);
  EXPECT_EQ(engine.state().engine_seq, 6U);
  EXPECT_EQ(engine.next_deadline(), kTime + 3'605 * kSecond);
}

TEST_F(EngineLeaderTest, WithoutSessionsThereIsNone) {
  {
    Engine engine(options());
    open_accounts(engine, 1, 1);
  }
  Engine engine(options());
  apply(engine, {}, kTime + 3'600 * kSecond);
  EXPECT_EQ(engine.state().engine_seq, 1U);
}

}  // namespace
}  // namespace exchange::engine::log
