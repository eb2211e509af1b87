#include "exchange/engine/log/retention.hpp"

#include <gtest/gtest.h>

#include "journal_fixture.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::int64_t kAnyAge = 1'000'000;

// A journal of 500 commands in several segments; the time of command N is 1000 + N.
class RetiredJournal : public testing::Test {
 protected:
  RetiredJournal() {
    JournalLife life(disk_);
    life.begin();
    for (int i = 0; i < 100; ++i) life.commit(5);
    life.journal().close();
    segments_ = list_segments(storage_);
  }

  // The first command that is left.
  std::uint64_t first_after(const Retirement& retirement) {
    retire_journal(storage_, retirement);
    return list_segments(storage_).front().first_seq;
  }

  Disk disk_;
  MemoryStorage storage_{disk_};
  std::vector<Segment> segments_;
};

TEST_F(RetiredJournal, KeepsEverythingThatTheOldestSnapshotNeeds) {
  ASSERT_GT(segments_.size(), 5U);
  const std::uint64_t third = segments_[2].first_seq;
  EXPECT_EQ(first_after({third - 2, kAnyAge}), segments_[1].first_seq);
  EXPECT_EQ(first_after({third - 1, kAnyAge}), third);
  JournalLife life(disk_);
  life.begin(third - 1);
  EXPECT_EQ(life.commands().size(), 500 - (third - 1));
}

TEST_F(RetiredJournal, KeepsWhatIsYoung) {
  const std::uint64_t second = segments_[1].first_seq;
  const auto ended_ns = static_cast<std::int64_t>(1000 + second);
  EXPECT_EQ(first_after({500, ended_ns - 1}), 1U);
  EXPECT_EQ(first_after({500, ended_ns}), second);
}

TEST_F(RetiredJournal, KeepsTheSegmentInUse) {
  EXPECT_EQ(first_after({10'000, kAnyAge}), segments_.back().first_seq);
}

TEST_F(RetiredJournal, GoesToTheArchiveWhole) {
  const std::string first = disk_.bytes(segments_[0].name);
  Disk archive_disk;
  MemoryStorage archive(archive_disk);
  EXPECT_EQ(first_after({10'000, kAnyAge, &archive}), segments_.back().first_seq);
  EXPECT_EQ(archive.list().size(), segments_.size() - 1);
  archive_disk.lose_power();
  EXPECT_EQ(archive_disk.bytes(segments_[0].name), first);
}

TEST_F(RetiredJournal, StaysWhileTheArchiveHasNoRoom) {
  Disk archive_disk;
  archive_disk.full = true;
  MemoryStorage archive(archive_disk);
  EXPECT_THROW(retire_journal(storage_, {10'000, kAnyAge, &archive}), StorageError);
  EXPECT_EQ(list_segments(storage_).front().first_seq, 1U);
  EXPECT_TRUE(archive.list().empty());
}

}  // namespace
}  // namespace exchange::engine::log
