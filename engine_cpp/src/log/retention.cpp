#include "exchange/engine/log/retention.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/record.hpp"

namespace exchange::engine::log {
namespace {

// When the first command of a segment came; nothing if there is none yet.
std::optional<std::int64_t> first_time(Storage& journal, const std::string& name) {
  const std::unique_ptr<File> file = journal.open(name);
  const std::string bytes = read_range(*file, kSegmentHeaderBytes, kRecordHeaderBytes + kMaxPayloadBytes);
  Record record;
  if (read_record(bytes, record) != Found::kRecord) return std::nullopt;
  return record.time_ns;
}

}  // namespace

// The next segment's first command tells how far, and how late, a segment reaches.
void retire_journal(Storage& journal, const Retirement& retirement) {
  const std::vector<Segment> segments = list_segments(journal);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    if (segments[i + 1].first_seq > retirement.needed_after_seq + 1) return;
    const std::optional<std::int64_t> ended_ns = first_time(journal, segments[i + 1].name);
    if (!ended_ns || *ended_ns > retirement.before_ns) return;
    if (retirement.archive != nullptr) copy_file(journal, segments[i].name, *retirement.archive);
    journal.remove(segments[i].name);
    journal.sync_folder();
  }
}

}  // namespace exchange::engine::log
