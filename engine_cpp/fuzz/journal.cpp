// Any bytes as the segments of a journal: LogCorrupt, or commands without a gap, which a core then takes or refuses.
//
// Checksums keep most damage from going deep, so an input may ask that they be made right, and the chain too.
#include <algorithm>
#include <cstring>

#include "exchange/engine/log/chain.hpp"
#include "exchange/engine/log/crc32c.hpp"
#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/record.hpp"
#include "memory_storage.hpp"
#include "subject.hpp"
#include "wire.hpp"

namespace exchange::engine::fuzzing {
namespace {

constexpr int kMostSegments = 4;
constexpr std::uint8_t kMendChecksums = 1;
constexpr std::uint8_t kMendChain = 2;
constexpr std::uint8_t kAskForPart = 4;
constexpr std::size_t kCrcAt = 4;
constexpr std::size_t kHeaderCrcAt = 12;
constexpr std::size_t kFirstSeqAt = 16;
constexpr std::size_t kLinkAt = 24;
constexpr std::uint32_t kSealFlag = 0x8000'0000U;

template <class Integer>
Integer read_at(std::string_view bytes, std::size_t at) {
  Integer value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void mend_checksum(char* frame, std::size_t size, std::size_t crc_at) {
  const std::string_view bytes(frame, size);
  const std::uint32_t crc = log::crc32c(bytes.substr(crc_at + 4), log::crc32c(bytes.substr(0, crc_at)));
  std::memcpy(frame + crc_at, &crc, sizeof crc);
}

// Walks a segment as it says its records are, and makes right what proves them.
void mend(std::string& segment, std::uint8_t how) {
  if (segment.size() < log::kSegmentHeaderBytes) return;
  mend_checksum(segment.data(), log::kSegmentHeaderBytes, kHeaderCrcAt);
  log::Digest link{};
  std::memcpy(link.data(), segment.data() + kLinkAt, link.size());
  log::Chain chain(link);
  std::size_t group = log::kSegmentHeaderBytes;
  for (std::size_t at = group; at + log::kRecordHeaderBytes <= segment.size();) {
    const auto flagged = read_at<std::uint32_t>(segment, at);
    const std::size_t size = log::record_bytes(flagged & ~kSealFlag);
    if ((flagged & ~kSealFlag) == 0 || size > segment.size() - at) return;
    if ((flagged & kSealFlag) != 0 && (how & kMendChain) != 0 && size == log::kSealBytes) {
      const log::Digest& next = chain.extend(std::string_view(segment).substr(group, at - group));
      std::memcpy(segment.data() + at + log::kRecordHeaderBytes, next.data(), next.size());
      group = at + size;
    }
    mend_checksum(segment.data() + at, size, kCrcAt);
    at += size;
  }
}

std::uint64_t first_seq(std::string_view segment) {
  return segment.size() < kLinkAt ? 1 : read_at<std::uint64_t>(segment, kFirstSeqAt);
}

void read_back(log::Storage& storage, std::uint64_t after_seq, std::uint64_t until_seq) {
  Core core(fuzz_limits(), 0);
  Batch batch;
  std::uint64_t visited = after_seq;
  const log::JournalEnd end = log::read_journal(
      storage, 0, after_seq,
      [&](const log::Record& record) {
        require(record.engine_seq == ++visited, "commands come without a gap");
        if (Core::decode_command(testing::bytes_of(record.payload), batch) != Reason::kNone) {
          throw log::RecordRefused("the command cannot be read");
        }
        if (after_seq == 0) apply_all(core, batch, record.time_ns);
      },
      until_seq);
  require(end.last_seq == visited || visited == after_seq, "the end is that of the last command visited");
  require(core.consistent(), "every invariant holds");
}

void play(Input input) {
  const std::uint8_t how = input.byte();
  const std::uint64_t part = input.byte();
  log::Disk disk;
  log::MemoryStorage storage(disk);
  for (int i = 0; i < kMostSegments && !input.empty(); ++i) {
    std::string segment(input.text());
    if ((how & (kMendChecksums | kMendChain)) != 0) mend(segment, how);
    storage.create(log::segment_name(first_seq(segment)))->write_at(0, segment);
  }
  try {
    read_back(storage, 0, log::kToTheEnd);
  } catch (const log::LogCorrupt&) {
  }
  if ((how & kAskForPart) == 0) return;
  try {
    read_back(storage, part, part + 3);
  } catch (const log::LogCorrupt&) {
  }
}

}  // namespace
}  // namespace exchange::engine::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  exchange::engine::fuzzing::play({data, size});
  return 0;
}
