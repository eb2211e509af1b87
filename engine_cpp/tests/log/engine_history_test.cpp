// What is promised of an answer, and when the epoch grows.
#include "engine_fixture.hpp"

namespace exchange::engine::log {
namespace {

// An engine whose journal is on a disk of its own, on a machine that can be lost.
class EngineHistoryTest : public EngineTest {
 protected:
  std::unique_ptr<Engine> start(Ack ack, const std::string& machine) {
    EngineOptions changed = options();
    changed.ack = ack;
    changed.machine = machine;
    EngineStorage storage = open_engine_folders(folder_);
    storage.journal = std::make_unique<MemoryStorage>(disk_);
    return std::make_unique<Engine>(changed, std::move(storage));
  }

  void keep_from_medium(bool kept) {
    const std::lock_guard lock(disk_.mutex);
    disk_.failing_syncs = kept;
  }

  Disk disk_;
};

TEST_F(EngineHistoryTest, AnAnswerThatIsDurableWaitsForTheMedium) {
  auto engine = start(Ack::kDurable, "first");
  open_accounts(*engine, 1, 3);
  keep_from_medium(true);
  const std::string batch = openings(4, 1);
  engine->apply(std::as_bytes(std::span(batch)), kTime, kOpenings);
  EXPECT_THROW(wait_for_ever(*engine), JournalFailed);
}

TEST_F(EngineHistoryTest, AnAnswerThatIsWrittenDoesNot) {
  auto engine = start(Ack::kWritten, "first");
  std::atomic<bool> written{false};
  std::atomic<bool> synced{false};
  disk_.before_change = [&](Operation operation, const std::string&) {
    if (operation == Operation::kWrite) written = true;
    if (operation != Operation::kSync || !written) return;
    synced.wait(false);  // the medium does not answer before the test has seen the command released
  };
  const std::string batch = openings(1, 1);
  engine->apply(std::as_bytes(std::span(batch)), kTime, kOpenings);
  while (engine->durable() < 1) std::this_thread::yield();
  synced = true;
  synced.notify_all();
  engine->close();
  disk_.before_change = nullptr;
}

TEST_F(EngineHistoryTest, ACleanStopKeepsTheEpochWhateverWasPromised) {
  for (const Ack ack : {Ack::kWritten, Ack::kDurable, Ack::kWritten}) {
    auto engine = start(ack, std::to_string(static_cast<int>(ack)));
    open_accounts(*engine, 1, 3);
    EXPECT_EQ(engine->state().epoch, 1U);
  }
}

TEST_F(EngineHistoryTest, ALostProcessKeepsTheEpochAndALostMachineBeginsAnother) {
  std::filesystem::create_directories(folder_);
  start(Ack::kWritten, "first")->close();
  History(*open_folder(folder_)).mark("first");  // as a process leaves it that is lost
  EXPECT_EQ(start(Ack::kWritten, "first")->state().epoch, 1U);
  History(*open_folder(folder_)).mark("first");
  auto engine = start(Ack::kDurable, "second");
  EXPECT_EQ(engine->state().epoch, 2U);
  ASSERT_EQ(engine->recovery().notes.size(), 1U);
  engine->close();
  EXPECT_EQ(start(Ack::kDurable, "third")->state().epoch, 2U);
}

// Commands 4 to 6 are released and their events are on disk, but the journal's bytes never get there.
TEST_F(EngineHistoryTest, EventsOfALostTailAreTakenBackInANewEpoch) {
  std::string events;
  {
    auto engine = start(Ack::kWritten, "first");
    open_accounts(*engine, 1, 3);
    events = all_events(*engine);
    engine->state(true);
    engine->take_snapshot();  // returns once the three are on the medium
    keep_from_medium(true);
    const std::string batch = openings(4, 3);
    engine->apply(std::as_bytes(std::span(batch)), kTime + 10, kOpenings);
    EXPECT_THROW(wait_for_ever(*engine), JournalFailed);
  }
  keep_from_medium(false);
  disk_.lose_power();
  auto engine = start(Ack::kWritten, "second");
  EXPECT_EQ(engine->state().engine_seq, 3U);
  EXPECT_EQ(engine->state().epoch, 2U);
  EXPECT_EQ(engine->published(), 3U);
  open_accounts(*engine, 7, 3);
  EXPECT_EQ(engine->state().engine_seq, 6U);
}

TEST_F(EngineHistoryTest, AFailedMediumIsADoubtEvenOnTheSameMachine) {
  {
    auto engine = start(Ack::kWritten, "first");
    keep_from_medium(true);
    const std::string batch = openings(1, 1);
    engine->apply(std::as_bytes(std::span(batch)), kTime, kOpenings);
    EXPECT_THROW(wait_for_ever(*engine), JournalFailed);
  }
  keep_from_medium(false);
  EXPECT_EQ(start(Ack::kWritten, "first")->state().epoch, 2U);
}

}  // namespace
}  // namespace exchange::engine::log
