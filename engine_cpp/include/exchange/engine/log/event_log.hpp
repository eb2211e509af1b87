// The events that the commands caused, kept so that any position can be served.
//
// Derived: everything here can be made again from the journal. So an append is not synced, and recovery cuts the log
// back to a snapshot and lets the replay write the rest again.
//
// A segment is two files: `events-<first engine_seq>.blocks` holds EventBlocks one after the other, each framed as
// field 4 of EventsResponse, so that a range of it is the answer to a reader as it stands; `.index` holds an entry for
// each append (last engine_seq u64 | end offset u64 | crc32c of its blocks u32 | crc32c of the entry u32). Only the
// last segment is kept open: however long the history, it costs two descriptors.
// Thread rules: one thread appends, cuts and syncs; any thread reads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/engine/log/log.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// A range of the log.
struct EventRange {
  std::uint64_t last_seq = 0;  // it ends with this command
  std::string blocks;          // empty if nothing follows the position
};

// The log of events, in one folder.
class EventLog {
 public:
  // Opens the log, or begins one. A damaged end is left out.
  EventLog(Storage& storage, std::uint64_t segment_bytes);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  // The last command whose events are here; 0 if there is none.
  [[nodiscard]] std::uint64_t last_seq() const;

  // Takes away everything after a command, with 0 everything. False, with nothing changed, if the log ends before it.
  bool cut_after(std::uint64_t engine_seq);

  // Adds the blocks of all commands up to `last_seq`.
  void append(std::uint64_t last_seq, std::string_view blocks);

  // Returns when everything appended is on the medium.
  void sync();

  // The blocks after a position: whole ones, at least one if there is any, at most `max_bytes` unless one block alone
  // is larger. Throws LogCorrupt, StorageError.
  [[nodiscard]] EventRange read(std::uint64_t after_seq, std::uint64_t max_bytes) const;

 private:
  struct Entry;
  struct Segment;
  struct Reader;

  void open_segments();
  [[nodiscard]] std::shared_ptr<Segment> open_segment(std::uint64_t first_seq) const;
  void remove_segment(std::uint64_t first_seq);
  void begin_segment();
  void drop_segment();

  Storage& storage_;
  const std::uint64_t segment_bytes_;
  mutable std::mutex mutex_;  // over what follows and the segment's counts; not over the files' bytes
  std::vector<std::uint64_t> first_seqs_;  // of all segments
  std::shared_ptr<Segment> last_segment_;  // open; the others are opened for each read
};

}  // namespace exchange::engine::log
