// Reads a journal back and judges it.
//
// What is refused, with the place named: a broken record that is followed by a seal or by another segment, a link of
// the chain that does not fit, a sequence with a gap, time that runs backwards, a segment that is missing.
// What is not: a broken or missing end after the last seal, the trace of a process or machine that stopped while
// writing. Nobody was told about it; the reader says where to cut.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/engine/log/chain.hpp"
#include "exchange/engine/log/log.hpp"
#include "exchange/engine/log/record.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// Called for each command, in order.
using Visitor = std::function<void(const Record&)>;

// A visitor does not take a record for a command; the reader adds the place.
class RecordRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A segment of the journal.
struct Segment {
  std::string name;
  std::uint64_t first_seq = 0;
};

// Where the journal ends.
struct JournalEnd {
  std::string segment;         // the last one; empty if there is no journal
  std::uint64_t last_seq = 0;  // of the last whole record
  std::int64_t time_ns = 0;
  Digest link{};               // of the last seal
  std::string unsealed;        // whole records after it
  std::uint64_t offset = 0;    // where the next record goes
  std::uint64_t torn_bytes = 0;  // from there to the last byte that is not zero: to be cut
};

// The name of the segment that begins with a command.
std::string segment_name(std::uint64_t first_seq);

// All segments, oldest first.
std::vector<Segment> list_segments(const Storage& storage);

// The end of a journal, whatever it is.
inline constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

// Visits every command after `after_seq`, reading from the segment that holds the next one. A segment is verified whole,
// by a thread of its own and one ahead, before its first command is visited. Throws LogCorrupt, StorageError.
//
// With `until_seq` it reads to that command and no further, and refuses a journal that ends before it; the journal may
// grow meanwhile. What lies between the last seal and that command is then held against its checksums only.
JournalEnd read_journal(Storage& storage, std::uint32_t shard, std::uint64_t after_seq, const Visitor& visit,
                        std::uint64_t until_seq = kToTheEnd);

}  // namespace exchange::engine::log
