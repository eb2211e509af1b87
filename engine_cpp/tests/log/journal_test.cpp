#include "exchange/engine/log/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "journal_fixture.hpp"

namespace exchange::engine::log {
namespace {

// Where the last whole record of a segment ends.
std::size_t used_bytes(const std::string& segment) {
  std::size_t at = kSegmentHeaderBytes;
  Record record;
  while (read_record(std::string_view(segment).substr(at), record) == Found::kRecord) at += record.bytes;
  return at;
}

// Offsets at which the records of a segment begin, and where the last one ends.
std::vector<std::size_t> record_offsets(const std::string& segment) {
  std::vector<std::size_t> offsets{kSegmentHeaderBytes};
  Record record;
  while (read_record(std::string_view(segment).substr(offsets.back()), record) == Found::kRecord) {
    offsets.push_back(offsets.back() + record.bytes);
  }
  return offsets;
}

// What a journal says when it is opened.
std::string refusal(Disk& disk) {
  JournalLife life(disk);
  try {
    life.begin();
  } catch (const LogCorrupt& error) {
    return error.what();
  }
  return {};
}

// A segment with commands 1 to 6 in three batches, the last of them not sealed.
std::string unsealed_segment(Disk& disk) {
  {
    JournalLife life(disk);
    life.begin();
    for (int i = 0; i < 3; ++i) life.commit(2);
    life.journal().close();
  }
  std::string& bytes = disk.bytes(segment_name(1));
  const std::size_t end = used_bytes(bytes);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(end - kSealBytes), bytes.end(), '\0');
  return bytes;
}

TEST(Journal, GivesBackWhatWasCommitted) {
  Disk disk;
  for (int start = 0; start < 3; ++start) {
    JournalLife life(disk);
    life.begin();
    EXPECT_EQ(life.commands(), commands_up_to(static_cast<std::uint64_t>(start) * 6));
    life.commit(1);
    life.commit(5);
  }
}

TEST(Journal, GoesOnOverSegmentsAndBeginsAtTheOneNeeded) {
  Disk disk;
  std::uint64_t last = 0;
  {
    JournalLife life(disk);
    life.begin();
    for (int i = 0; i < 100; ++i) life.commit(5);
    last = life.last_seq();
  }
  MemoryStorage storage(disk);
  ASSERT_GT(list_segments(storage).size(), 5U);
  JournalLife all(disk);
  all.begin();
  EXPECT_EQ(all.commands(), commands_up_to(last));
  all.journal().close();

  disk.files.erase(segment_name(1));  // not read any more when the start lies behind it
  JournalLife some(disk);
  some.begin(400);
  ASSERT_EQ(some.commands().size(), last - 400);
  EXPECT_EQ(some.commands().front(), JournalLife::command(401));
}

TEST(Journal, CommitsOnlyWhatSurvivesTheLossOfPower) {
  Disk disk;
  Chance chance(1);
  JournalLife life(disk);
  life.begin();
  for (int i = 0; i < 200; ++i) {
    life.append(3);
    const std::uint64_t committed = life.heard().wait_for(life.last_seq() - 3);
    std::unique_ptr<Disk> after;
    {
      const std::lock_guard lock(disk.mutex);
      after = disk.survivor(chance);
    }
    JournalLife next(*after);
    next.begin();
    EXPECT_GE(next.last_seq(), committed);
    EXPECT_EQ(next.commands(), commands_up_to(next.last_seq()));
  }
}

TEST(Journal, CutsATornTailAtTheLastWholeRecordWhereverItWasTorn) {
  Disk disk;
  const std::string whole = unsealed_segment(disk);
  const std::vector<std::size_t> offsets = record_offsets(whole);
  const std::size_t end = offsets.back();
  const std::size_t sealed = offsets[offsets.size() - 3];
  for (std::size_t torn = sealed; torn < end; ++torn) {
    std::string& bytes = disk.bytes(segment_name(1));
    bytes = whole;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(torn), bytes.end(), '\0');
    const std::uint64_t kept = torn < offsets[offsets.size() - 2] ? 4 : 5;
    JournalLife first(disk);
    first.begin();
    // A record may end in bytes that are zero anyway: then the cut took nothing from it.
    EXPECT_GE(first.commands().size(), kept) << torn;
    EXPECT_EQ(first.commands(), commands_up_to(first.last_seq())) << torn;
    first.commit(1);
    first.journal().close();
    JournalLife second(disk);
    second.begin();
    EXPECT_EQ(second.commands(), commands_up_to(first.last_seq())) << torn;
  }
}

TEST(Journal, CutsARecordWhoseMiddleNeverReachedTheDisk) {
  Disk disk;
  const std::string whole = unsealed_segment(disk);
  const std::vector<std::size_t> offsets = record_offsets(whole);
  std::string& bytes = disk.bytes(segment_name(1));
  bytes[offsets[offsets.size() - 3] + kRecordHeaderBytes] ^= 1;  // command 5 is damaged, command 6 is whole
  JournalLife life(disk);
  life.begin();
  EXPECT_EQ(life.commands(), commands_up_to(4));
  life.commit(1);
  life.journal().close();
  JournalLife next(disk);
  next.begin();
  EXPECT_EQ(next.commands(), commands_up_to(5));
}

TEST(Journal, RefusesAnyFlippedBitBeforeTheLastSealAndNamesThePlace) {
  Disk disk;
  {
    JournalLife life(disk);
    life.begin();
    for (int i = 0; i < 3; ++i) life.commit(2);
  }
  const std::string whole = disk.bytes(segment_name(1));
  const std::vector<std::size_t> offsets = record_offsets(whole);
  const std::size_t last_seal = offsets[offsets.size() - 2];
  for (std::size_t bit = 0; bit < last_seal * 8; ++bit) {
    std::string& bytes = disk.bytes(segment_name(1));
    bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const std::string said = refusal(disk);
    const auto record = std::upper_bound(offsets.begin(), offsets.end(), bit / 8);
    const std::size_t place = record == offsets.begin() ? 0 : *(record - 1);
    EXPECT_TRUE(said.starts_with(segment_name(1) + " at offset " + std::to_string(place) + ", engine_seq "))
        << "bit " << bit << ": " << said;
  }
}

// Every byte of several segments, headers, padding and the zeros behind the records included: what is refused is named,
// and what is not refused has lost nothing.
TEST(Journal, NeverTakesADamagedByteForWhatWasWritten) {
  Disk disk;
  {
    JournalLife life(disk, 1024);
    life.begin();
    for (int i = 0; i < 9; ++i) life.commit(5);
  }
  MemoryStorage storage(disk);
  const std::vector<Segment> segments = list_segments(storage);
  ASSERT_GE(segments.size(), 3U);
  for (const Segment& segment : segments) {
    const std::string whole = disk.bytes(segment.name);
    const std::size_t last_seal = segment.name == segments.back().name ? used_bytes(whole) - kSealBytes : whole.size();
    for (std::size_t at = 0; at < whole.size(); ++at) {
      disk.bytes(segment.name)[at] ^= static_cast<char>(1U << (at % 8));
      std::vector<std::string> seen;
      std::string said;
      try {
        read_journal(storage, 7, 0, [&](const Record& record) { seen.emplace_back(record.payload); });
      } catch (const LogCorrupt& error) {
        said = error.what();
      }
      if (at < last_seal) {
        EXPECT_TRUE(said.starts_with(segment.name + " at offset ")) << segment.name << " byte " << at << ": " << said;
      } else {
        EXPECT_EQ(said, "") << at;
        EXPECT_EQ(seen, commands_up_to(45)) << at;
      }
      disk.bytes(segment.name) = whole;
    }
  }
}

TEST(Journal, LosesNothingWhenTheLastSealIsDamaged) {
  Disk disk;
  const std::string whole = unsealed_segment(disk);
  JournalLife life(disk);
  life.begin();
  EXPECT_EQ(life.commands(), commands_up_to(6));
}

TEST(Journal, RefusesAJournalWithASegmentMissing) {
  Disk disk;
  {
    JournalLife life(disk);
    life.begin();
    for (int i = 0; i < 100; ++i) life.commit(5);
  }
  MemoryStorage storage(disk);
  const std::vector<Segment> segments = list_segments(storage);
  disk.files.erase(segments[2].name);
  EXPECT_NE(refusal(disk).find(segments[3].name + " at offset 0"), std::string::npos);
}

TEST(Journal, RefusesAJournalOfAnotherShard) {
  Disk disk;
  {
    JournalLife life(disk);
    life.begin();
  }
  Heard heard;
  MemoryStorage storage(disk);
  Journal other(storage, {.shard = 8, .segment_bytes = 4096}, heard);
  EXPECT_THROW(other.recover(0, [](const Record&) {}), LogCorrupt);
}

TEST(Journal, CommitsNothingAfterAFailedSync) {
  Disk disk;
  JournalLife life(disk);
  life.begin();
  life.commit(2);
  {
    const std::lock_guard lock(disk.mutex);
    disk.failing_syncs = true;
  }
  life.append(1);
  EXPECT_EQ(life.heard().wait_for(3), 2U);
  EXPECT_NE(life.heard().failure().find("cannot sync"), std::string::npos);
  {
    const std::lock_guard lock(disk.mutex);
    disk.failing_syncs = false;
  }
  life.append(1);
  life.journal().close();
  EXPECT_EQ(life.heard().wait_for(4), 2U);
}

TEST(Journal, SaysThatItIsFullAndGoesOnWhenSpaceReturns) {
  Disk disk;
  JournalLife life(disk);
  life.begin();
  {
    const std::lock_guard lock(disk.mutex);
    disk.full = true;
  }
  for (int i = 0; i < 100; ++i) life.append(5);  // more than the segment in use and the spare one take
  while (!life.journal().full()) std::this_thread::yield();
  {
    const std::lock_guard lock(disk.mutex);
    disk.full = false;
  }
  EXPECT_EQ(life.heard().wait_for(life.last_seq()), life.last_seq());
  EXPECT_FALSE(life.journal().full());
  EXPECT_TRUE(life.heard().failure().empty());
}

}  // namespace
}  // namespace exchange::engine::log
