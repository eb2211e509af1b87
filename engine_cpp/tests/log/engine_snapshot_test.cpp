// Snapshots by a second core, what it finds, and what goes once they are there.
#include "engine_fixture.hpp"

namespace exchange::engine::log {
namespace {

using EngineSnapshotTest = EngineTest;

TEST_F(EngineSnapshotTest, IsTheStateOfTheCoreAtWork) {
  Engine engine(options());
  for (unsigned first = 1; first < 300; first += 100) {
    open_accounts(engine, first, 100);
    const State live = engine.state(true);
    EXPECT_EQ(engine.take_snapshot().state_hash, live.state_hash);
    EXPECT_EQ(engine.take_snapshot().state_hash, live.state_hash);  // there is nothing new to write
  }
}

TEST_F(EngineSnapshotTest, GoesOnWhileTheMarketDoes) {
  EngineOptions small = options();
  small.journal_segment_bytes = 1U << 13U;
  std::atomic<bool> over{false};
  std::atomic<int> snapshots{0};
  std::uint64_t hash = 0;
  {
    Engine engine(small);
    std::thread taker([&] {
      while (!over) {
        engine.take_snapshot();
        ++snapshots;
      }
    });
    for (unsigned first = 1; first < 3'000 || snapshots < 3; first += 100) {
      open_accounts(engine, first, 100);
      engine.state(true);  // the follower is held against it when it comes by
    }
    over = true;
    taker.join();
    hash = engine.state(true).state_hash;
  }
  Engine engine(small);
  EXPECT_GT(engine.recovery().snapshot_seq, 0U);
  EXPECT_EQ(engine.state(true).state_hash, hash);
}

// The snapshot of another engine at the same command stands for a core that went astray.
class AstrayTest : public EngineTest {
 protected:
  void put_anothers_snapshot_in_place() {
    const std::string other_folder = folder_ + "-other";
    EngineOptions other = options();
    other.folder = other_folder;
    {
      Engine engine(other);
      open_accounts(engine, 2, 10);  // not before the commands that follow in the journal
      engine.take_snapshot();
    }
    std::filesystem::copy(other_folder + "/snapshots", folder_ + "/snapshots",
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    std::filesystem::remove_all(other_folder);
  }
};

TEST_F(AstrayTest, StopsTheEngineWhenTheFollowerComesToAnotherState) {
  {
    Engine engine(options());
    open_accounts(engine, 1, 10);
    engine.take_snapshot();
  }
  Engine engine(options());
  put_anothers_snapshot_in_place();  // from which its follower begins
  open_accounts(engine, 11, 10);
  engine.state(true);
  EXPECT_THROW(engine.take_snapshot(), StateDiverged);
  EXPECT_THROW(static_cast<void>(engine.durable()), JournalFailed);
  const std::string batch = openings(30, 1);
  EXPECT_THROW(engine.apply(std::as_bytes(std::span(batch)), kTime + 30, kOpenings), JournalFailed);
  EXPECT_EQ(Snapshots(*open_folder(folder_ + "/snapshots")).list(), std::vector<std::uint64_t>{10});
}

TEST_F(AstrayTest, StopsTheEngineWhenItsHashIsAskedForAtTheSnapshot) {
  {
    Engine engine(options());
    open_accounts(engine, 1, 10);
    engine.take_snapshot();
    open_accounts(engine, 11, 10);
  }
  put_anothers_snapshot_in_place();
  Engine engine(options());  // begins from the wrong state
  open_accounts(engine, 31, 10);
  std::filesystem::remove_all(folder_ + "/snapshots");
  std::filesystem::create_directories(folder_ + "/snapshots");
  engine.take_snapshot();  // a follower that begins from nothing comes to the right one
  EXPECT_THROW(engine.state(true), StateDiverged);
  EXPECT_THROW(static_cast<void>(engine.durable()), JournalFailed);
}

// Segments of a few hundred commands; every account is opened a nanosecond after the one before.
class EngineRetentionTest : public EngineTest {
 protected:
  [[nodiscard]] EngineOptions brief(std::int64_t keep_ns) const {
    EngineOptions changed = options();
    changed.journal_segment_bytes = 1U << 13U;
    changed.keep_ns = keep_ns;
    return changed;
  }
};

TEST_F(EngineRetentionTest, LetsGoOfWhatIsOldAndNeitherSnapshotNeeds) {
  std::uint64_t hash = 0;
  {
    Engine engine(brief(100));
    for (unsigned first = 1; first < 2'000; first += 500) {
      open_accounts(engine, first, 500);
      engine.take_snapshot();
    }
    EXPECT_THROW(static_cast<void>(engine.read_events(0, 1)), PositionGone);
    EXPECT_FALSE(engine.read_events(1'500, 1).bytes.empty());
    hash = engine.state(true).state_hash;
  }
  const auto journal = open_folder(folder_ + "/journal");
  EXPECT_GT(list_segments(*journal).front().first_seq, 1'000U);
  EXPECT_LE(list_segments(*journal).front().first_seq, 1'501U);
  Engine engine(brief(100));
  EXPECT_EQ(engine.state(true).state_hash, hash);
  EXPECT_THROW(static_cast<void>(engine.read_events(0, 1)), PositionGone);
}

TEST_F(EngineRetentionTest, KeepsEverythingThatIsYoung) {
  Engine engine(brief(kKeepNs));
  for (unsigned first = 1; first < 2'000; first += 500) {
    open_accounts(engine, first, 500);
    engine.take_snapshot();
  }
  EXPECT_FALSE(engine.read_events(0, 1).bytes.empty());
  const auto journal = open_folder(folder_ + "/journal");
  EXPECT_EQ(list_segments(*journal).front().first_seq, 1U);
}

TEST_F(EngineRetentionTest, FallsBackToTheOlderSnapshotAfterItLetGo) {
  std::uint64_t hash = 0;
  {
    Engine engine(brief(100));
    for (unsigned first = 1; first < 2'000; first += 500) {
      open_accounts(engine, first, 500);
      engine.take_snapshot();
    }
    hash = engine.state(true).state_hash;
  }
  damage(newest("snapshots"), 100);
  {
    Engine engine(brief(100));
    EXPECT_EQ(engine.recovery().snapshot_seq, 1'500U);
    EXPECT_EQ(engine.state(true).state_hash, hash);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/snapshots")) {
    std::filesystem::resize_file(entry.path(), 10);
  }
  try {
    const Engine engine(brief(100));
    FAIL();
  } catch (const LogCorrupt& refused) {
    EXPECT_NE(std::string(refused.what()).find("does not begin with command 1"), std::string::npos) << refused.what();
  }
}

TEST_F(EngineRetentionTest, GoesOnWithoutEventsThatCannotBeMadeAgain) {
  {
    Engine engine(brief(100));
    for (unsigned first = 1; first < 2'000; first += 500) {
      open_accounts(engine, first, 500);
      engine.take_snapshot();
    }
    open_accounts(engine, 2'001, 30);
  }
  std::filesystem::remove_all(folder_ + "/events");
  for (int start = 0; start < 2; ++start) {
    Engine engine(brief(100));
    EXPECT_EQ(engine.published(), start == 0 ? 2'030U : 2'060U);
    EXPECT_FALSE(engine.read_events(2'000, 1).bytes.empty());
    EXPECT_THROW(static_cast<void>(engine.read_events(1'999, 1)), PositionGone);
    open_accounts(engine, 2'031 + 30 * static_cast<unsigned>(start), 30);
  }
}

TEST_F(EngineRetentionTest, BringsOldSegmentsToTheArchive) {
  EngineOptions archived = brief(100);
  archived.archive_folder = folder_ + "/archive";
  Engine engine(archived);
  for (unsigned first = 1; first < 2'000; first += 500) {
    open_accounts(engine, first, 500);
    engine.take_snapshot();
  }
  const auto journal = open_folder(folder_ + "/archive/journal");
  EXPECT_EQ(list_segments(*journal).front().first_seq, 1U);
  EXPECT_EQ(EventLog(*open_folder(folder_ + "/archive/events"), 1U << 12U).read(0, 1).last_seq, 1U);
}

// A reader that stopped long ago is told so when it comes back, and kept nothing from going.
TEST_F(EngineRetentionTest, TellsASlowReaderThatItsPlaceIsGone) {
  Engine engine(brief(100));
  open_accounts(engine, 1, 500);
  const std::uint64_t place = engine.read_events(0, 1).ticket;
  for (unsigned first = 501; first < 2'000; first += 500) {
    open_accounts(engine, first, 500);
    engine.take_snapshot();
  }
  EXPECT_THROW(static_cast<void>(engine.read_events(place, 1)), PositionGone);
}

}  // namespace
}  // namespace exchange::engine::log
