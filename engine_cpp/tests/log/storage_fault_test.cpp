// Storage that has no room, fails, or writes half, at any change in turn.
#include "machine.hpp"

namespace exchange::engine::log {
namespace {

bool takes_room(Operation operation) {
  return operation == Operation::kCreate || operation == Operation::kWrite || operation == Operation::kAllocate ||
         operation == Operation::kRename;
}

constexpr std::uint64_t kLast = 60;
constexpr std::uint64_t kSnapshotEvery = 20;

class FullDiskTest : public MachineTest {
 protected:
  // From the given change on nothing has room, until someone makes some. Half of what does not fit is written.
  void fill_at(std::uint64_t change, Machine& machine) {
    full_ = reached_ = false;
    machine.on_change([this, change](std::uint64_t number, Operation operation) {
      if (number == change) full_ = reached_ = true;
      if (!full_ || !takes_room(operation)) return;
      if (operation == Operation::kWrite) throw ShortWrite{7, ENOSPC};
      throw StorageError("change", "memory", ENOSPC);
    });
  }

  void make_room() { full_ = false; }

  // Reads go on, and what is refused is accepted once there is room.
  void open_despite_full_disk(Engine& engine) {
    while (!open_next(engine)) {
      ASSERT_TRUE(reached_);
      EXPECT_TRUE(engine.full() || !full_);
      EXPECT_TRUE(engine.query(1) || engine.published() == 0);
      expect_events(engine, engine.published());
      make_room();
    }
  }

  void wait_despite_full_disk(Engine& engine, std::uint64_t engine_seq) {
    while (engine.durable() < engine_seq || engine.published() < engine_seq) {
      if (engine.full()) make_room();
      std::this_thread::yield();
    }
  }

  void snapshot_despite_full_disk(Engine& engine) {
    const std::uint64_t before = engine.state().snapshot_seq;
    try {
      engine.take_snapshot();
    } catch (const StorageError& error) {
      EXPECT_TRUE(error.out_of_space());
      EXPECT_TRUE(engine.state().snapshot_seq == before || engine.state().snapshot_seq == engine.state().engine_seq);
      make_room();
      engine.take_snapshot();
    }
  }

  std::atomic<bool> full_{false};
  std::atomic<bool> reached_{false};
};

TEST_F(FullDiskTest, LosesNothingAndGoesOnWherverItRunsFull) {
  std::uint64_t change = 1;
  for (reached_ = true; reached_; ++change) {
    Machine machine;
    {
      const auto engine = start(machine);
      fill_at(change, machine);
      for (std::uint64_t seq = 1; seq <= kLast; ++seq) {
        open_despite_full_disk(*engine);
        if (seq % 3 == 0) wait_despite_full_disk(*engine, seq);
        if (seq % kSnapshotEvery != 0) continue;
        wait_despite_full_disk(*engine, seq);
        snapshot_despite_full_disk(*engine);
      }
      make_room();
      wait_despite_full_disk(*engine, kLast);
      expect_whole(*engine, kLast);
    }
    machine.on_no_change();
    expect_whole(*start(machine), kLast);
    if (testing::Test::HasFailure()) FAIL() << "change " << change;
  }
  EXPECT_GT(change, 100U);
}

class FailingStorageTest : public MachineTest {
 protected:
  // One change fails for good. Whatever that does to the engine, what it acknowledged is there after it.
  void fail_every_change_in_turn(Operation failing, const std::function<void()>& fail) {
    std::uint64_t change = 1;
    for (bool reached = true; reached; ++change) {
      Machine machine;
      Chance chance(change);
      std::uint64_t acknowledged = 0;
      std::unique_ptr<Machine> found;
      {
        const auto engine = start(machine);
        std::atomic<bool> failed{false};
        std::uint64_t seen = 0;
        machine.on_change([&](std::uint64_t, Operation operation) {
          if (operation != failing || ++seen != change) return;
          failed = true;
          fail();
        });
        acknowledged = work(*engine);
        reached = failed;
        found = machine.survivor(chance);
      }
      machine.on_no_change();
      expect_whole(*start(*found), acknowledged);
      expect_whole(*start(machine), acknowledged);
      if (testing::Test::HasFailure()) FAIL() << "change " << change;
    }
    EXPECT_GT(change, 5U);
  }

  // Returns what was acknowledged until the engine failed or all was done.
  static std::uint64_t work(Engine& engine) {
    std::uint64_t acknowledged = 0;
    try {
      while (acknowledged < kLast) {
        if (!open_next(engine)) continue;
        const std::uint64_t seq = engine.state().engine_seq;
        while (engine.durable() < seq) std::this_thread::yield();
        acknowledged = seq;
        if (seq % kSnapshotEvery == 0) snapshot(engine);
      }
    } catch (const JournalFailed&) {
      return acknowledged;
    }
    return acknowledged;
  }

  static void snapshot(Engine& engine) {
    try {
      engine.take_snapshot();
    } catch (const StorageError&) {
      return;  // the market goes on without it
    }
  }
};

TEST_F(FailingStorageTest, LosesNothingAcknowledgedWhenAWriteFails) {
  fail_every_change_in_turn(Operation::kWrite, [] { throw StorageError("write", "memory", EIO); });
}

TEST_F(FailingStorageTest, LosesNothingAcknowledgedWhenAWriteIsShort) {
  fail_every_change_in_turn(Operation::kWrite, [] { throw ShortWrite{17, EIO}; });
}

TEST_F(FailingStorageTest, LosesNothingAcknowledgedWhenASyncFails) {
  fail_every_change_in_turn(Operation::kSync, [] { throw StorageError("sync", "memory", EIO); });
}

TEST_F(FailingStorageTest, LosesNothingAcknowledgedWhenANameCannotBeMadeDurable) {
  fail_every_change_in_turn(Operation::kSyncFolder, [] { throw StorageError("sync folder", "memory", ENOSPC); });
}

}  // namespace
}  // namespace exchange::engine::log
