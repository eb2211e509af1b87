#include "exchange/engine/log/event_log.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "exchange/engine/log/crc32c.hpp"
#include "fixed.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kBlocks = ".blocks";
constexpr std::string_view kIndex = ".index";
constexpr std::size_t kSeqDigits = 20;
constexpr std::size_t kEntryBytes = 24;
constexpr std::size_t kEntryCheckedBytes = 20;
constexpr unsigned char kBlockTag = 0x22;     // field 4 of EventsResponse, length-delimited
constexpr unsigned char kSequenceTag = 0x08;  // field 1 of EventBlock, varint

std::string file_stem(std::uint64_t first_seq) {
  std::string digits = std::to_string(first_seq);
  digits.insert(0, kSeqDigits - digits.size(), '0');
  return std::string(kPrefix) + digits;
}

// Reads a varint at `at` and moves past it; false if it is cut short.
bool read_varint(std::string_view bytes, std::size_t& at, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

// A framed EventBlock.
struct Block {
  std::uint64_t engine_seq = 0;
  std::size_t end = 0;
};

// Reads the frame of the block at `at`; false if there is no whole one.
bool read_block(std::string_view bytes, std::size_t at, Block& block) {
  std::uint64_t length = 0;
  if (at >= bytes.size() || static_cast<unsigned char>(bytes[at++]) != kBlockTag) return false;
  if (!read_varint(bytes, at, length) || length > bytes.size() - at) return false;
  block.end = at + static_cast<std::size_t>(length);
  if (length == 0 || static_cast<unsigned char>(bytes[at++]) != kSequenceTag) return false;
  return read_varint(bytes, at, block.engine_seq);
}

}  // namespace

struct EventLog::Entry {
  std::uint64_t last_seq = 0;
  std::uint64_t end = 0;
  std::uint32_t blocks_crc = 0;

  [[nodiscard]] std::string encode() const {
    std::string out;
    put_fixed(out, last_seq);
    put_fixed(out, end);
    put_fixed(out, blocks_crc);
    put_fixed(out, crc32c(out));
    return out;
  }

  static bool decode(std::string_view bytes, Entry& entry) {
    if (bytes.size() < kEntryBytes) return false;
    if (crc32c(bytes.substr(0, kEntryCheckedBytes)) != get_fixed<std::uint32_t>(bytes, kEntryCheckedBytes)) {
      return false;
    }
    entry = {get_fixed<std::uint64_t>(bytes, 0), get_fixed<std::uint64_t>(bytes, 8),
             get_fixed<std::uint32_t>(bytes, 16)};
    return true;
  }
};

struct EventLog::Segment {
  std::uint64_t first_seq = 0;
  std::string path;  // of the blocks, for messages
  std::unique_ptr<File> blocks;
  std::unique_ptr<File> index;
  std::uint64_t entries = 0;
  Entry last;

  // The entry at a place; the zero entry before the first.
  [[nodiscard]] Entry entry(std::uint64_t place) const {
    Entry found;
    if (place == 0) return Entry{first_seq - 1, 0, 0};
    if (!Entry::decode(read_range(*index, (place - 1) * kEntryBytes, kEntryBytes), found)) {
      throw LogCorrupt(path, 0, first_seq, "entry " + std::to_string(place) + " of its index is damaged");
    }
    return found;
  }

  // Keeps the entries up to the last one that is whole.
  void open_entries() {
    entries = index->size() / kEntryBytes;
    while (entries > 0) {
      const std::string bytes = read_range(*index, (entries - 1) * kEntryBytes, kEntryBytes);
      if (Entry::decode(bytes, last) && last.end <= blocks->size()) return;
      --entries;
    }
    last = Entry{first_seq - 1, 0, 0};
  }

  // Keeps what is before a place, and of its entry the blocks up to a command.
  void cut(std::uint64_t place, std::uint64_t engine_seq) {
    const std::uint64_t start = entry(place - 1).end;
    std::string kept = read_range(*blocks, start, entry(place).end - start);
    std::size_t end = 0;
    for (Block block; read_block(kept, end, block) && block.engine_seq <= engine_seq;) end = block.end;
    kept.resize(end);
    last = Entry{engine_seq, start + end, crc32c(kept)};
    entries = place;
    index->resize((place - 1) * kEntryBytes);
    blocks->resize(last.end);
    index->write_at((place - 1) * kEntryBytes, last.encode());
  }
};

// Reads one segment up to the entries there were when the read began.
struct EventLog::Reader {
  const Segment& segment;
  std::uint64_t entries;

  // The first place from `from` on whose entry satisfies a condition that stays true once it is.
  template <typename Condition>
  [[nodiscard]] std::uint64_t first_place(std::uint64_t from, Condition condition) const {
    std::uint64_t low = from;
    std::uint64_t high = entries + 1;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (condition(segment.entry(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  [[nodiscard]] EventRange read(std::uint64_t after_seq, std::uint64_t max_bytes) const {
    const std::uint64_t first = first_place(1, [&](const Entry& e) { return e.last_seq > after_seq; });
    const std::uint64_t start = segment.entry(first - 1).end;
    const std::uint64_t beyond =
        first_place(first + 1, [&](const Entry& e) { return e.end > start + max_bytes; });
    return cut(checked(first, beyond, start), start, after_seq, max_bytes, segment.entry(beyond - 1).last_seq);
  }

  // The bytes of the entries [first, beyond), each held against its checksum.
  [[nodiscard]] std::string checked(std::uint64_t first, std::uint64_t beyond, std::uint64_t start) const {
    std::string bytes = read_range(*segment.blocks, start, segment.entry(beyond - 1).end - start);
    const std::string index = read_range(*segment.index, (first - 1) * kEntryBytes, (beyond - first) * kEntryBytes);
    std::uint64_t at = start;
    for (std::size_t i = 0; i < index.size(); i += kEntryBytes) {
      Entry entry;
      if (!Entry::decode(std::string_view(index).substr(i), entry)) {
        throw LogCorrupt(segment.path, at, 0, "an entry of its index is damaged");
      }
      const std::string_view part = std::string_view(bytes).substr(at - start, entry.end - at);
      if (part.size() != entry.end - at || crc32c(part) != entry.blocks_crc) {
        throw LogCorrupt(segment.path, at, entry.last_seq, "events are damaged; remove the folder to make them again");
      }
      at = entry.end;
    }
    return bytes;
  }

  // Leaves out the blocks up to `after_seq` and those beyond the limit.
  [[nodiscard]] EventRange cut(std::string bytes, std::uint64_t start, std::uint64_t after_seq,
                               std::uint64_t max_bytes, std::uint64_t last_seq) const {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t end_seq = after_seq;
    Block block;
    for (; end < bytes.size(); end = block.end) {
      if (!read_block(bytes, end, block)) throw LogCorrupt(segment.path, start + end, end_seq + 1, "not a block");
      if (block.engine_seq <= after_seq) {
        begin = block.end;
        continue;
      }
      if (end > begin && block.end - begin > max_bytes) return {end_seq, bytes.substr(begin, end - begin)};
      end_seq = block.engine_seq;
    }
    return {last_seq, bytes.substr(begin)};
  }
};

EventLog::EventLog(Storage& storage, std::uint64_t segment_bytes) : storage_(storage), segment_bytes_(segment_bytes) {
  open_segments();
}

EventLog::~EventLog() = default;

std::uint64_t EventLog::last_seq() const {
  const std::lock_guard lock(mutex_);
  return last_segment_ == nullptr ? 0 : last_segment_->last.last_seq;
}

bool EventLog::cut_after(std::uint64_t engine_seq) {
  const std::lock_guard lock(mutex_);
  if (engine_seq == 0) {
    while (last_segment_ != nullptr) drop_segment();
    storage_.sync_folder();
    return true;
  }
  if (last_segment_ == nullptr || last_segment_->last.last_seq < engine_seq) return false;
  while (last_segment_->first_seq > engine_seq) drop_segment();
  Segment& segment = *last_segment_;
  segment.cut(Reader{segment, segment.entries}.first_place(
                  1, [&](const Entry& e) { return e.last_seq >= engine_seq; }),
              engine_seq);
  storage_.sync_folder();
  return true;
}

void EventLog::append(std::uint64_t last_seq, std::string_view blocks) {
  if (last_segment_ == nullptr || last_segment_->last.end >= segment_bytes_) begin_segment();
  Segment& segment = *last_segment_;
  assert(last_seq > segment.last.last_seq);
  const Entry entry{last_seq, segment.last.end + blocks.size(), crc32c(blocks)};
  segment.blocks->write_at(segment.last.end, blocks);
  segment.index->write_at(segment.entries * kEntryBytes, entry.encode());
  const std::lock_guard lock(mutex_);
  segment.last = entry;
  ++segment.entries;
}

void EventLog::sync() {
  std::shared_ptr<Segment> segment;
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
  if (last_segment_ == nullptr || last_segment_->last.last_seq <= after_seq) return {after_seq, {}};
  const std::uint64_t first_seq = *std::prev(std::ranges::upper_bound(first_seqs_, after_seq + 1));
  const bool is_last = first_seq == last_segment_->first_seq;
  std::shared_ptr<Segment> segment = last_segment_;
  std::uint64_t entries = segment->entries;
  lock.unlock();
  if (!is_last) {
    segment = open_segment(first_seq);
    entries = segment->entries;
  }
  return Reader{*segment, entries}.read(after_seq, max_bytes);
}

void EventLog::open_segments() {
  for (const std::string& name : storage_.list()) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kIndex)) continue;
    std::uint64_t first_seq = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + kPrefix.size() + kSeqDigits, first_seq);
    std::shared_ptr<Segment> segment = open_segment(first_seq);
    if (segment->entries == 0 || first_seq != last_seq() + 1) {
      remove_segment(first_seq);
      continue;
    }
    first_seqs_.push_back(first_seq);
    last_segment_ = std::move(segment);
  }
}

std::shared_ptr<EventLog::Segment> EventLog::open_segment(std::uint64_t first_seq) const {
  const std::string stem = file_stem(first_seq);
  auto segment = std::make_shared<Segment>();
  segment->first_seq = first_seq;
  segment->path = storage_.path(stem + std::string(kBlocks));
  segment->blocks = storage_.open(stem + std::string(kBlocks));
  segment->index = storage_.open(stem + std::string(kIndex));
  segment->open_entries();
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
  std::shared_ptr<Segment> segment = open_segment(first_seq);
  const std::lock_guard lock(mutex_);
  first_seqs_.push_back(first_seq);
  last_segment_ = std::move(segment);
}

// Takes the last segment away: the one before it is the last then.
void EventLog::drop_segment() {
  remove_segment(first_seqs_.back());
  first_seqs_.pop_back();
  last_segment_ = first_seqs_.empty() ? nullptr : open_segment(first_seqs_.back());
}

// The index goes first: blocks without an index are not a segment.
void EventLog::remove_segment(std::uint64_t first_seq) {
  const std::string stem = file_stem(first_seq);
  storage_.remove(stem + std::string(kIndex));
  storage_.remove(stem + std::string(kBlocks));
}

}  // namespace exchange::engine::log
