#include "exchange/engine/log/event_log.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

#include "event_segment.hpp"
#include "exchange/engine/log/crc32c.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kBlocks = ".blocks";
constexpr std::string_view kIndex = ".index";
constexpr std::size_t kSeqDigits = 20;

std::string file_stem(std::uint64_t first_seq) {
  std::string digits = std::to_string(first_seq);
  digits.insert(0, kSeqDigits - digits.size(), '0');
  return std::string(kPrefix) + digits;
}

// The first command of the segment that a file belongs to; nothing if it is not one of the log's files.
std::optional<std::uint64_t> segment_of(std::string_view name, std::string_view suffix) {
  if (name.size() != kPrefix.size() + kSeqDigits + suffix.size()) return std::nullopt;
  if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t first_seq = 0;
  const char* digits = name.data() + kPrefix.size();
  if (std::from_chars(digits, digits + kSeqDigits, first_seq).ptr != digits + kSeqDigits) return std::nullopt;
  return first_seq;
}

}  // namespace

PositionGone::PositionGone(std::uint64_t after_seq, std::uint64_t first_seq)
    : std::runtime_error("events after command " + std::to_string(after_seq) +
                         " are not retained; the oldest are those of command " + std::to_string(first_seq)) {}

EventLog::EventLog(Storage& storage, std::uint64_t segment_bytes) : storage_(storage), segment_bytes_(segment_bytes) {
  open_segments();
}

EventLog::~EventLog() = default;

std::uint64_t EventLog::last_seq() const {
  const std::lock_guard lock(mutex_);
  return last_segment_ == nullptr ? base_seq_ : last_segment_->last.last_seq;
}

void EventLog::verify_after(std::uint64_t engine_seq) {
  const std::lock_guard lock(mutex_);
  if (last_segment_ == nullptr) return;
  last_segment_->verify_after(engine_seq);
  if (last_segment_->entries == 0) drop_segment();
}

void EventLog::begin_after(std::uint64_t engine_seq) {
  const std::lock_guard lock(mutex_);
  while (last_segment_ != nullptr) drop_segment();
  storage_.sync_folder();
  base_seq_ = engine_seq;
}

bool EventLog::cut_after(std::uint64_t engine_seq) {
  const std::lock_guard lock(mutex_);
  if (engine_seq == 0) {
    while (last_segment_ != nullptr) drop_segment();
    storage_.sync_folder();
    return true;
  }
  if (last_segment_ == nullptr || last_segment_->last.last_seq < engine_seq) return false;
  if (first_seqs_.front() > engine_seq) return false;
  while (last_segment_->first_seq > engine_seq) drop_segment();
  EventSegment& segment = *last_segment_;
  segment.cut(EventReader{segment, segment.entries}.first_place(
                  1, [&](const EventEntry& e) { return e.last_seq >= engine_seq; }),
              engine_seq);
  storage_.sync_folder();
  return true;
}

void EventLog::append(std::uint64_t last_seq, std::string_view blocks) {
  if (last_segment_ == nullptr || last_segment_->last.end >= segment_bytes_) begin_segment();
  EventSegment& segment = *last_segment_;
  assert(last_seq > segment.last.last_seq);
  const EventEntry entry{last_seq, segment.last.end + blocks.size(), crc32c(blocks)};
  segment.blocks->write_at(segment.last.end, blocks);
  segment.index->write_at(segment.entries * kEventEntryBytes, entry.encode());
  const std::lock_guard lock(mutex_);
  segment.last = entry;
  ++segment.entries;
}

void EventLog::sync() {
  std::shared_ptr<EventSegment> segment;
  {
    const std::lock_guard lock(mutex_);
    if (last_segment_ == nullptr) return;
    segment = last_segment_;
  }
  segment->blocks->sync();
  segment->index->sync();
}

EventRange EventLog::read(std::uint64_t after_seq, std::uint64_t max_bytes) const {
  std::unique_lock lock(mutex_);
  const std::uint64_t first_retained = first_seqs_.empty() ? base_seq_ + 1 : first_seqs_.front();
  if (after_seq + 1 < first_retained) throw PositionGone(after_seq, first_retained);
  if (last_segment_ == nullptr || last_segment_->last.last_seq <= after_seq) return {after_seq, {}};
  const std::uint64_t first_seq = *std::prev(std::ranges::upper_bound(first_seqs_, after_seq + 1));
  // Opened under the mutex, so that it cannot be retired before; an open file is read to its end whatever its name.
  const bool is_last = first_seq == last_segment_->first_seq;
  const std::shared_ptr<EventSegment> segment = is_last ? last_segment_ : open_segment(first_seq);
  const std::uint64_t entries = segment->entries;
  lock.unlock();
  return EventReader{*segment, entries}.read(after_seq, max_bytes);
}

void EventLog::retire(const Retirement& retirement) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!retirable(retirement)) return;
    const std::uint64_t first_seq = first_seqs_.front();
    lock.unlock();
    if (retirement.archive != nullptr) {
      copy_file(storage_, file_stem(first_seq) + std::string(kBlocks), *retirement.archive);
      copy_file(storage_, file_stem(first_seq) + std::string(kIndex), *retirement.archive);
    }
    lock.lock();
    first_seqs_.erase(first_seqs_.begin());
    remove_segment(first_seq);
    storage_.sync_folder();
  }
}

// The next segment's first command tells how far, and how late, the oldest one reaches.
bool EventLog::retirable(const Retirement& retirement) const {
  if (first_seqs_.size() < 2 || first_seqs_[1] > retirement.needed_after_seq + 1) return false;
  return open_segment(first_seqs_[1])->first_time_ns() <= retirement.before_ns;
}

void EventLog::open_segments() {
  remove_strays();
  for (const std::string& name : storage_.list()) {
    const std::optional<std::uint64_t> first_seq = segment_of(name, kIndex);
    if (!first_seq) continue;
    std::shared_ptr<EventSegment> segment = open_segment(*first_seq);
    const bool continues = first_seqs_.empty() || *first_seq == last_seq() + 1;
    if (segment->entries == 0 || !continues) {
      remove_segment(*first_seq);
      continue;
    }
    first_seqs_.push_back(*first_seq);
    last_segment_ = std::move(segment);
  }
  if (first_seqs_.empty()) return;
  last_segment_ = open_last(first_seqs_.back());
  if (last_segment_->entries == 0) drop_segment();
}

// A loss of power may leave one file of a segment without the other.
void EventLog::remove_strays() {
  const std::vector<std::string> names = storage_.list();
  for (const std::string& name : names) {
    for (const auto& [suffix, other] : {std::pair{kIndex, kBlocks}, std::pair{kBlocks, kIndex}}) {
      const std::optional<std::uint64_t> first_seq = segment_of(name, suffix);
      if (first_seq && !std::ranges::binary_search(names, file_stem(*first_seq) + std::string(other))) {
        storage_.remove(name);
      }
    }
  }
}

std::shared_ptr<EventSegment> EventLog::open_segment(std::uint64_t first_seq) const {
  const std::string stem = file_stem(first_seq);
  auto segment = std::make_shared<EventSegment>();
  segment->first_seq = first_seq;
  segment->path = storage_.path(stem + std::string(kBlocks));
  segment->blocks = storage_.open(stem + std::string(kBlocks));
  segment->index = storage_.open(stem + std::string(kIndex));
  segment->open_end();
  return segment;
}

// Only the last segment can have lost anything that lies before its end.
std::shared_ptr<EventSegment> EventLog::open_last(std::uint64_t first_seq) const {
  std::shared_ptr<EventSegment> segment = open_segment(first_seq);
  segment->open_all();
  return segment;
}

// The old segment is synced first, so that only the last one can lose an end.
void EventLog::begin_segment() {
  sync();
  const std::uint64_t first_seq = last_seq() + 1;
  const std::string stem = file_stem(first_seq);
  storage_.create(stem + std::string(kBlocks));
  storage_.create(stem + std::string(kIndex));
  storage_.sync_folder();
  std::shared_ptr<EventSegment> segment = open_last(first_seq);
  const std::lock_guard lock(mutex_);
  first_seqs_.push_back(first_seq);
  last_segment_ = std::move(segment);
}

// Takes the last segment away: the one before it is the last then.
void EventLog::drop_segment() {
  remove_segment(first_seqs_.back());
  first_seqs_.pop_back();
  last_segment_ = first_seqs_.empty() ? nullptr : open_last(first_seqs_.back());
}

// The index goes first: blocks without an index are not a segment.
void EventLog::remove_segment(std::uint64_t first_seq) {
  const std::string stem = file_stem(first_seq);
  storage_.remove(stem + std::string(kIndex));
  storage_.remove(stem + std::string(kBlocks));
}

}  // namespace exchange::engine::log
