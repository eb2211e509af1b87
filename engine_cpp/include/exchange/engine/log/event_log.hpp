// The events that the commands caused, kept so that any position can be served.
//
// Derived: everything here can be made again from the journal. So an append is not synced: recovery cuts a damaged end
// and lets the replay write it again. Old segments go; what lay in them is not retained.
//
// A segment is two files: `events-<first engine_seq>.blocks` holds EventBlocks one after the other, each framed as
// field 4 of EventsResponse, so that a range of it is the answer to a reader as it stands; `.index` holds an entry for
// each append (last engine_seq u64 | end offset u64 | crc32c of its blocks u32 | crc32c of the entry u32). Only the
// last segment is kept open: however long the history, it costs two descriptors.
// Thread rules: one thread appends and cuts; any thread reads; one thread at a time syncs and retires.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/engine/log/log.hpp"
#include "exchange/engine/log/retention.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// A range of the log.
struct EventRange {
  std::uint64_t last_seq = 0;  // it ends with this command
  std::string blocks;          // empty if nothing follows the position
};

// The events after a position are not retained any more.
class PositionGone : public std::runtime_error {
 public:
  PositionGone(std::uint64_t after_seq, std::uint64_t first_seq);
};

struct EventSegment;

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

  // Looks through what was appended after a command and may not have reached the medium; cuts at the first damage.
  void verify_after(std::uint64_t engine_seq);

  // Takes everything away and goes on after a command: what came before is not retained.
  void begin_after(std::uint64_t engine_seq);

  // Takes away everything after a command, with 0 everything. False, with nothing changed, if the log ends before it.
  bool cut_after(std::uint64_t engine_seq);

  // Adds the blocks of all commands up to `last_seq`.
  void append(std::uint64_t last_seq, std::string_view blocks);

  // Returns when everything appended is on the medium.
  void sync();

  // The blocks after a position: whole ones, at least one if there is any, at most `max_bytes` unless one block alone
  // is larger. Throws PositionGone, LogCorrupt, StorageError.
  [[nodiscard]] EventRange read(std::uint64_t after_seq, std::uint64_t max_bytes) const;

  // Lets old segments go. Throws StorageError; what was not brought to the archive is still here.
  void retire(const Retirement& retirement);

 private:
  void open_segments();
  void remove_strays();
  [[nodiscard]] std::shared_ptr<EventSegment> open_segment(std::uint64_t first_seq) const;
  [[nodiscard]] std::shared_ptr<EventSegment> open_last(std::uint64_t first_seq) const;
  [[nodiscard]] bool retirable(const Retirement& retirement) const;
  void remove_segment(std::uint64_t first_seq);
  void begin_segment();
  void drop_segment();

  Storage& storage_;
  const std::uint64_t segment_bytes_;
  mutable std::mutex mutex_;  // over what follows and the segment's counts; not over the files' bytes
  std::vector<std::uint64_t> first_seqs_;  // of all segments
  std::shared_ptr<EventSegment> last_segment_;  // open; the others are opened for each read
  std::uint64_t base_seq_ = 0;  // without a segment, the log goes on after this command
};

}  // namespace exchange::engine::log
