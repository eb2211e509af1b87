#include "exchange/engine/log/snapshots.hpp"

#include <gtest/gtest.h>

#include "memory_storage.hpp"

namespace exchange::engine::log {
namespace {

Snapshot snapshot(std::uint64_t engine_seq) { return {7, engine_seq, 1000, 42, "state " + std::to_string(engine_seq)}; }

TEST(Snapshots, GivesBackWhatWasPublished) {
  Disk disk;
  MemoryStorage storage(disk);
  Snapshots snapshots(storage);
  snapshots.publish(snapshot(10));
  disk.lose_power();
  const std::optional<Snapshot> loaded = snapshots.load(10);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->shard, 7U);
  EXPECT_EQ(loaded->time_ns, 1000);
  EXPECT_EQ(loaded->state_hash, 42U);
  EXPECT_EQ(loaded->state, "state 10");
}

TEST(Snapshots, KeepsTheNewestTwo) {
  Disk disk;
  MemoryStorage storage(disk);
  Snapshots snapshots(storage);
  for (const std::uint64_t seq : {10U, 20U, 30U}) snapshots.publish(snapshot(seq));
  EXPECT_EQ(snapshots.list(), (std::vector<std::uint64_t>{30, 20}));
}

TEST(Snapshots, KnowsNothingOfOneThatWasNeverFinished) {
  Disk disk;
  MemoryStorage storage(disk);
  Snapshots snapshots(storage);
  snapshots.publish(snapshot(10));
  storage.create("draft.tmp")->write_at(0, "half");
  EXPECT_EQ(snapshots.list(), std::vector<std::uint64_t>{10});
  snapshots.publish(snapshot(20));
  EXPECT_EQ(storage.list().size(), 2U);
}

TEST(Snapshots, LeaveNothingOnADiskThatHasNoRoomForThem) {
  Disk disk;
  MemoryStorage storage(disk);
  Snapshots snapshots(storage);
  snapshots.publish(snapshot(10));
  disk.full = true;
  EXPECT_THROW(snapshots.publish(snapshot(20)), StorageError);
  EXPECT_EQ(storage.list().size(), 1U);
}

TEST(Snapshots, GivesNothingForAFileWithAnyBitFlipped) {
  Disk disk;
  MemoryStorage storage(disk);
  Snapshots snapshots(storage);
  snapshots.publish(snapshot(10));
  std::string& bytes = disk.bytes(storage.list().front());
  const std::string whole = bytes;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(snapshots.load(10)) << bit;
  }
  bytes = whole.substr(0, whole.size() - 1);
  EXPECT_FALSE(snapshots.load(10));
}

}  // namespace
}  // namespace exchange::engine::log
