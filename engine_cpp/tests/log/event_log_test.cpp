#include "exchange/engine/log/event_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "exchange/engine/log/event_publisher.hpp"
#include "memory_storage.hpp"

namespace exchange::engine::log {
namespace {

// A framed EventBlock of a command, with its number and some content.
std::string block(std::uint64_t engine_seq) {
  const std::string content = "\x1a\x05" "event";
  std::string body = "\x08";
  for (; engine_seq >= 0x80; engine_seq >>= 7) body.push_back(static_cast<char>(engine_seq | 0x80));
  body.push_back(static_cast<char>(engine_seq));
  body += content;
  return std::string("\x22") + static_cast<char>(body.size()) + body;
}

// The blocks of the commands (after_seq, last_seq].
std::string blocks(std::uint64_t after_seq, std::uint64_t last_seq) {
  std::string out;
  while (after_seq < last_seq) out += block(++after_seq);
  return out;
}

ByteBuffer buffer_of(const std::string& bytes) {
  ByteBuffer out;
  out.append(bytes);
  return out;
}

// Hooks of a publisher that gets the bytes it is to write, and tells nobody.
PublisherHooks quiet_hooks() {
  return {[](std::string_view bytes, ByteBuffer& out) { out.append(bytes); }, [] {}, [](const std::string&) {}};
}

// Appends the commands up to `last_seq`, three at a time.
void fill(EventLog& log, std::uint64_t last_seq) {
  for (std::uint64_t seq = log.last_seq(); seq < last_seq;) {
    const std::uint64_t next = std::min(seq + 3, last_seq);
    log.append(next, blocks(seq, next));
    seq = next;
  }
}

constexpr std::uint64_t kSegmentBytes = 300;
constexpr std::uint64_t kAnySize = 1U << 20U;

TEST(EventLog, ServesEveryPositionToItsEnd) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kSegmentBytes);
  fill(log, 200);
  for (std::uint64_t start = 0; start <= 200; ++start) {
    std::string got;
    std::uint64_t at = start;
    for (EventRange range = log.read(at, kAnySize); !range.blocks.empty(); range = log.read(at, kAnySize)) {
      got += range.blocks;
      at = range.last_seq;
    }
    EXPECT_EQ(at, 200U);
    EXPECT_EQ(got, blocks(start, 200)) << start;
  }
}

TEST(EventLog, GivesWholeBlocksWithinTheLimitAndAlwaysOne) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kSegmentBytes);
  fill(log, 20);
  EXPECT_EQ(log.read(4, 1).blocks, block(5));
  EXPECT_EQ(log.read(4, 1).last_seq, 5U);
  const EventRange two = log.read(4, 2 * block(5).size());
  EXPECT_EQ(two.blocks, blocks(4, 6));
  EXPECT_EQ(two.last_seq, 6U);
}

TEST(EventLog, IsTheSameAfterBeingOpenedAgain) {
  Disk disk;
  MemoryStorage storage(disk);
  for (std::uint64_t last = 50; last <= 150; last += 50) {
    EventLog log(storage, kSegmentBytes);
    EXPECT_EQ(log.last_seq(), last - 50);
    fill(log, last);
  }
  EXPECT_EQ(EventLog(storage, kSegmentBytes).last_seq(), 150U);
}

TEST(EventLog, KeepsOnlyItsLastSegmentOpen) {
  Disk disk;
  MemoryStorage storage(disk);
  for (int start = 0; start < 2; ++start) {
    EventLog log(storage, kSegmentBytes);
    fill(log, 200);
    EXPECT_FALSE(log.read(0, kAnySize).blocks.empty());
    EXPECT_GT(disk.files.size(), 10U);
    EXPECT_EQ(disk.open_files, 2);
  }
  EXPECT_EQ(disk.open_files, 0);
}

TEST(EventLog, IsCutAfterAnyCommandAndWrittenAgain) {
  for (std::uint64_t seq = 0; seq <= 100; ++seq) {
    Disk disk;
    MemoryStorage storage(disk);
    EventLog log(storage, kSegmentBytes);
    fill(log, 100);
    ASSERT_TRUE(log.cut_after(seq));
    EXPECT_EQ(log.last_seq(), seq);
    fill(log, 110);
    EventLog again(storage, kSegmentBytes);
    ASSERT_EQ(again.last_seq(), 110U);
    const std::uint64_t before = seq < 5 ? 0 : seq - 5;
    const EventRange range = again.read(before, kAnySize);
    EXPECT_EQ(range.blocks, blocks(before, range.last_seq));
  }
}

TEST(EventLog, IsNotCutAfterACommandItDoesNotHave) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kSegmentBytes);
  EXPECT_FALSE(log.cut_after(1));
  fill(log, 10);
  EXPECT_FALSE(log.cut_after(11));
  EXPECT_EQ(log.last_seq(), 10U);
}

TEST(EventLog, LeavesOutAnEndThatDidNotReachTheDisk) {
  Disk disk;
  MemoryStorage storage(disk);
  {
    EventLog log(storage, kAnySize);
    fill(log, 30);
    log.sync();
    fill(log, 60);
  }
  disk.lose_power();
  EventLog log(storage, kAnySize);
  EXPECT_EQ(log.last_seq(), 30U);
  EXPECT_EQ(log.read(0, kAnySize).blocks, blocks(0, 30));
}

TEST(EventLog, RefusesToServeDamage) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kAnySize);
  fill(log, 30);
  for (const std::string& name : storage.list()) {
    if (name.ends_with(".blocks")) disk.bytes(name)[5] ^= 1;
  }
  EXPECT_THROW(static_cast<void>(log.read(0, kAnySize)), LogCorrupt);
}

TEST(EventPublisher, ShowsNothingBeforeItIsReleased) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kAnySize);
  EventPublisher publisher(log, quiet_hooks());
  publisher.add(2, buffer_of(blocks(0, 2)));
  publisher.add(5, buffer_of(blocks(2, 5)));
  publisher.release(4);
  ASSERT_TRUE(publisher.wait_for(2));
  EXPECT_EQ(publisher.published(), 2U);
  publisher.release(5);
  ASSERT_TRUE(publisher.wait_for(5));
  EXPECT_EQ(log.read(0, kAnySize).blocks, blocks(0, 5));
}

TEST(EventPublisher, KeepsEventsUntilThereIsSpace) {
  Disk disk;
  disk.full = true;
  MemoryStorage storage(disk);
  EventLog log(storage, kAnySize);
  EventPublisher publisher(log, quiet_hooks());
  publisher.add(2, buffer_of(blocks(0, 2)));
  publisher.release(2);
  while (!publisher.full()) std::this_thread::yield();
  EXPECT_EQ(publisher.published(), 0U);
  {
    const std::lock_guard lock(disk.mutex);
    disk.full = false;
  }
  ASSERT_TRUE(publisher.wait_for(2));
  EXPECT_FALSE(publisher.full());
}

TEST(EventPublisher, TellsWhoWaitsThatNothingWillCome) {
  Disk disk;
  MemoryStorage storage(disk);
  EventLog log(storage, kAnySize);
  EventPublisher publisher(log, quiet_hooks());
  publisher.add(2, buffer_of(blocks(0, 2)));
  publisher.abandon();
  EXPECT_FALSE(publisher.wait_for(2));
}

}  // namespace
}  // namespace exchange::engine::log
