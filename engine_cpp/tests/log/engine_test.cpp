#include <unistd.h>

#include <fstream>

#include "engine_fixture.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::uint64_t kOrderBytes = 256;

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(EngineTest, IsTheSameAfterARestart) {
  std::uint64_t hash = 0;
  std::string events;
  {
    Engine engine(options());
    open_accounts(engine, 1, 1'000);
    hash = engine.state(true).state_hash;
    events = all_events(engine);
  }
  Engine engine(options());
  EXPECT_EQ(engine.state().engine_seq, 1'000U);
  EXPECT_EQ(engine.state(true).state_hash, hash);
  EXPECT_EQ(engine.durable(), 1'000U);
  EXPECT_EQ(engine.published(), 1'000U);
  EXPECT_EQ(engine.state().engine_time_ns, kTime + 1'000);
  EXPECT_EQ(all_events(engine), events);
}

TEST_F(EngineTest, ReplaysOnlyWhatFollowsTheNewestSnapshot) {
  std::uint64_t hash = 0;
  {
    Engine engine(options());
    open_accounts(engine, 1, 100);
    EXPECT_EQ(engine.take_snapshot().snapshot_seq, 100U);
    open_accounts(engine, 101, 50);
    hash = engine.state(true).state_hash;
  }
  Engine engine(options());
  EXPECT_EQ(engine.recovery().snapshot_seq, 100U);
  EXPECT_EQ(engine.state().engine_seq, 150U);
  EXPECT_EQ(engine.state(true).state_hash, hash);
}

TEST_F(EngineTest, MakesLostEventsAgain) {
  std::string events;
  {
    Engine engine(options());
    open_accounts(engine, 1, 10);
    engine.take_snapshot();
    open_accounts(engine, 11, 10);
    events = all_events(engine);
  }
  std::filesystem::remove_all(folder_ + "/events");
  for (int start = 0; start < 2; ++start) {
    Engine engine(options());
    EXPECT_EQ(engine.recovery().snapshot_seq, start == 0 ? 0U : 10U);  // the second start needs no more replay
    EXPECT_EQ(all_events(engine), events);
  }
}

TEST_F(EngineTest, FallsBackToTheSnapshotBeforeADamagedOne) {
  std::uint64_t hash = 0;
  {
    Engine engine(options());
    for (unsigned first = 1; first < 30; first += 10) {
      open_accounts(engine, first, 10);
      engine.take_snapshot();
    }
    hash = engine.state(true).state_hash;
  }
  damage(newest("snapshots"), 100);
  Engine engine(options());
  EXPECT_EQ(engine.recovery().snapshot_seq, 20U);
  EXPECT_EQ(engine.recovery().notes.size(), 1U);
  EXPECT_EQ(engine.state(true).state_hash, hash);
}

TEST_F(EngineTest, RefusesAJournalThatEndsBeforeWhatWasPublished) {
  {
    Engine engine(options());
    open_accounts(engine, 1, 10);
  }
  std::filesystem::remove_all(folder_ + "/journal");
  EXPECT_THROW(Engine{options()}, LogCorrupt);
}

TEST_F(EngineTest, RefusesADamagedJournalAndSaysWhere) {
  {
    Engine engine(options());
    open_accounts(engine, 1, 10);
  }
  damage(newest("journal"), kSegmentHeaderBytes + kRecordHeaderBytes);
  try {
    const Engine engine(options());
    FAIL();
  } catch (const LogCorrupt& error) {
    EXPECT_NE(std::string(error.what()).find("at offset 64, engine_seq 1"), std::string::npos) << error.what();
  }
}

TEST_F(EngineTest, BelongsToOneOwnerUntilItIsClosed) {
  Engine engine(options());
  EXPECT_THROW(Engine{options()}, StorageError);
  engine.close();
  EXPECT_NO_THROW(Engine{options()});
  EXPECT_THROW(engine.take_snapshot(), JournalFailed);
}

TEST_F(EngineTest, RefusesABatchWholeAndGoesOn) {
  Engine engine(options());
  const std::string garbage = "\x0A\x7F";
  const Answer malformed = engine.apply(std::as_bytes(std::span(garbage)), kTime, kOpenings);
  EXPECT_EQ(malformed.ticket, 0U);
  EXPECT_EQ(malformed.bytes, "\x10\xDC\x01");  // reason MALFORMED_COMMAND
  const std::string batch = openings(1, 1);
  const Answer forbidden = engine.apply(std::as_bytes(std::span(batch)), kTime, 0);
  EXPECT_EQ(forbidden.bytes, "\x10\x06");  // reason CALLER_NOT_ALLOWED
  open_accounts(engine, 1, 1);
  EXPECT_EQ(engine.state().engine_seq, 1U);
}

// A field may be repeated without end, so a command can be longer than any record.
TEST_F(EngineTest, RefusesACommandThatNoRecordHolds) {
  EngineOptions roomy = options();
  roomy.journal_segment_bytes = 8U << 20U;
  std::string account;
  while (account.size() <= kMaxPayloadBytes) account += "\x08\x07";
  const std::string batch = framed('\x0A', framed('\x2A', account));
  {
    Engine engine(roomy);
    EXPECT_EQ(engine.apply(std::as_bytes(std::span(batch)), kTime, kOpenings).bytes, "\x10\x0C");  // LIMIT_EXCEEDED
    open_accounts(engine, 1, 3);
  }
  EXPECT_EQ(Engine{roomy}.state().engine_seq, 3U);
}

TEST_F(EngineTest, TakesTheMemoryOfItsPoolsAtItsStartIfItIsToldTo) {
  EngineOptions populated = options();
  Limits& limits = populated.limits;
  limits.orders = 262'144;
  limits.special_orders = limits.positions = limits.unsettled = limits.busted_trades = 1'000;
  const std::uint64_t before = resident_bytes();
  {
    const Engine lazy(populated);
    EXPECT_LT(resident_bytes() - before, limits.orders * kOrderBytes);
  }
  populated.populate = true;
  const Engine engine(populated);
  // Without the right to lock memory it starts all the same, and says so.
  const bool took = resident_bytes() - before > limits.orders * kOrderBytes;
  EXPECT_EQ(took, engine.recovery().notes.empty());
}

TEST_F(EngineTest, AppliesNothingAfterTheJournalFailed) {
  Disk disk;
  EngineStorage storage = open_engine_folders(folder_);
  storage.journal = std::make_unique<MemoryStorage>(disk);
  Engine engine(options(), std::move(storage));
  open_accounts(engine, 1, 3);
  {
    const std::lock_guard lock(disk.mutex);
    disk.failing_syncs = true;
  }
  const std::string batch = openings(4, 1);
  EXPECT_EQ(engine.apply(std::as_bytes(std::span(batch)), kTime, kOpenings).ticket, 4U);
  const auto wait_for_ever = [&] {
    while (engine.durable() < 4) std::this_thread::yield();
  };
  EXPECT_THROW(wait_for_ever(), JournalFailed);
  EXPECT_EQ(engine.published(), 3U);
  EXPECT_THROW(engine.apply(std::as_bytes(std::span(batch)), kTime, kOpenings), JournalFailed);
  EXPECT_THROW(engine.take_snapshot(), JournalFailed);
}

TEST_F(EngineTest, RefusesCommandsAndServesReadsWhileTheDiskIsFull) {
  Disk disk;
  EngineStorage storage = open_engine_folders(folder_);
  storage.journal = std::make_unique<MemoryStorage>(disk);
  Engine engine(options(), std::move(storage));
  open_accounts(engine, 1, 3);
  {
    const std::lock_guard lock(disk.mutex);
    disk.full = true;
  }
  unsigned id = 4;
  std::string batch = openings(id, 100);
  Answer answer;
  // Goes on through the segments that are there, then is refused with UNAVAILABLE.
  while (answer.bytes != "\x10\x08") {
    answer = engine.apply(std::as_bytes(std::span(batch)), kTime, kOpenings);
    while (!engine.full() && engine.durable() < answer.ticket) std::this_thread::yield();
    if (answer.ticket > 0) batch = openings(id += 100, 100);
  }
  EXPECT_TRUE(engine.full());
  EXPECT_TRUE(engine.query(1));
  EXPECT_FALSE(engine.read_events(0, 1).bytes.empty());
  const std::uint64_t accepted = engine.state().engine_seq;
  {
    const std::lock_guard lock(disk.mutex);
    disk.full = false;
  }
  while ((answer = engine.apply(std::as_bytes(std::span(batch)), kTime, kOpenings)).ticket == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(answer.ticket, accepted + 100);
  EXPECT_FALSE(engine.full());
  while (engine.durable() < answer.ticket) std::this_thread::yield();
}

}  // namespace
}  // namespace exchange::engine::log
