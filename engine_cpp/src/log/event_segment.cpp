#include "event_segment.hpp"

#include <algorithm>
#include <utility>

#include "exchange/engine/log/crc32c.hpp"
#include "fixed.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::size_t kEntryCheckedBytes = 20;
constexpr std::uint64_t kVerifyBytes = 8U << 20U;  // read at a time
constexpr std::uint64_t kMostBlockBytes = 1U << 30U;
constexpr std::uint64_t kMostHeadBytes = 64;       // tag, length, sequence and time of a block
constexpr unsigned char kBlockTag = 0x22;          // field 4 of EventsResponse, length-delimited
constexpr unsigned char kSequenceTag = 0x08;       // field 1 of EventBlock, varint
constexpr unsigned char kTimeTag = 0x10;           // field 2 of EventBlock, varint

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

// Reads what stands at the start of a block: its length, its sequence number, and its time if it has one.
bool read_head(std::string_view bytes, std::size_t at, Block& block) {
  std::uint64_t length = 0;
  std::uint64_t time_ns = 0;
  if (at >= bytes.size() || static_cast<unsigned char>(bytes[at++]) != kBlockTag) return false;
  if (!read_varint(bytes, at, length) || length == 0 || length > kMostBlockBytes || at >= bytes.size()) return false;
  block.end = at + static_cast<std::size_t>(length);
  if (static_cast<unsigned char>(bytes[at++]) != kSequenceTag) return false;
  if (!read_varint(bytes, at, block.engine_seq)) return false;
  const bool timed = at < std::min(block.end, bytes.size()) && static_cast<unsigned char>(bytes[at]) == kTimeTag;
  if (timed && !read_varint(bytes, ++at, time_ns)) return false;
  block.time_ns = static_cast<std::int64_t>(time_ns);
  return true;
}

}  // namespace

bool read_block(std::string_view bytes, std::size_t at, Block& block) {
  return read_head(bytes, at, block) && block.end <= bytes.size();
}

std::string EventEntry::encode() const {
  std::string out;
  put_fixed(out, last_seq);
  put_fixed(out, end);
  put_fixed(out, blocks_crc);
  put_fixed(out, crc32c(out));
  return out;
}

bool EventEntry::decode(std::string_view bytes, EventEntry& entry) {
  if (bytes.size() < kEventEntryBytes) return false;
  if (crc32c(bytes.substr(0, kEntryCheckedBytes)) != get_fixed<std::uint32_t>(bytes, kEntryCheckedBytes)) return false;
  entry = {get_fixed<std::uint64_t>(bytes, 0), get_fixed<std::uint64_t>(bytes, 8), get_fixed<std::uint32_t>(bytes, 16)};
  return true;
}

EventEntry EventSegment::entry(std::uint64_t place) const {
  EventEntry found;
  if (place == 0) return EventEntry{first_seq - 1, 0, 0};
  if (!EventEntry::decode(read_range(*index, (place - 1) * kEventEntryBytes, kEventEntryBytes), found)) {
    throw LogCorrupt(path, 0, first_seq, "entry " + std::to_string(place) + " of its index is damaged");
  }
  return found;
}

void EventSegment::open_end() {
  entries = index->size() / kEventEntryBytes;
  while (entries > 0) {
    const std::string bytes = read_range(*index, (entries - 1) * kEventEntryBytes, kEventEntryBytes);
    if (EventEntry::decode(bytes, last) && last.end <= blocks->size()) return;
    --entries;
  }
  last = entry(0);
}

void EventSegment::open_all() {
  const std::string bytes = read_range(*index, 0, index->size());
  const std::uint64_t size = blocks->size();
  last = entry(0);
  EventEntry next;
  for (entries = 0; EventEntry::decode(std::string_view(bytes).substr(entries * kEventEntryBytes), next); ++entries) {
    if (next.last_seq <= last.last_seq || next.end <= last.end || next.end > size) break;
    last = next;
  }
  // What lies behind the damage may look whole, and would be taken for an end once this is not the last segment.
  if (bytes.size() != entries * kEventEntryBytes || size != last.end) keep(entries);
}

void EventSegment::verify_after(std::uint64_t engine_seq) {
  const std::uint64_t first =
      EventReader{*this, entries}.first_place(1, [&](const EventEntry& e) { return e.last_seq > engine_seq; });
  std::string bytes;
  std::uint64_t bytes_at = 0;
  std::uint64_t at = entry(first - 1).end;
  for (std::uint64_t place = first; place <= entries; ++place) {
    const EventEntry next = entry(place);
    if (next.end > bytes_at + bytes.size()) {
      bytes = read_range(*blocks, at, std::max(kVerifyBytes, next.end - at));
      bytes_at = at;
    }
    const std::string_view part = std::string_view(bytes).substr(at - bytes_at, next.end - at);
    if (part.size() != next.end - at || crc32c(part) != next.blocks_crc) return keep(place - 1);
    at = next.end;
  }
}

void EventSegment::cut(std::uint64_t place, std::uint64_t engine_seq) {
  const std::uint64_t start = entry(place - 1).end;
  std::string kept = read_range(*blocks, start, entry(place).end - start);
  std::size_t end = 0;
  for (Block block; read_block(kept, end, block) && block.engine_seq <= engine_seq;) end = block.end;
  kept.resize(end);
  keep(place - 1);
  if (end == 0) return;
  last = EventEntry{engine_seq, start + end, crc32c(kept)};
  blocks->write_at(start, kept);
  index->write_at((place - 1) * kEventEntryBytes, last.encode());
  entries = place;
}

std::int64_t EventSegment::first_time_ns() const {
  Block block;
  return read_head(read_range(*blocks, 0, kMostHeadBytes), 0, block) ? block.time_ns : 0;
}

void EventSegment::keep(std::uint64_t places) {
  last = entry(places);
  entries = places;
  index->resize(places * kEventEntryBytes);
  blocks->resize(last.end);
}

EventRange EventReader::read(std::uint64_t after_seq, std::uint64_t max_bytes) const {
  const std::uint64_t first = first_place(1, [&](const EventEntry& e) { return e.last_seq > after_seq; });
  const std::uint64_t start = segment.entry(first - 1).end;
  const std::uint64_t beyond =
      first_place(first + 1, [&](const EventEntry& e) { return e.end > start + max_bytes; });
  return cut(checked(first, beyond, start), start, after_seq, max_bytes, segment.entry(beyond - 1).last_seq);
}

// The bytes of the entries [first, beyond), each held against its checksum.
std::string EventReader::checked(std::uint64_t first, std::uint64_t beyond, std::uint64_t start) const {
  std::string bytes = read_range(*segment.blocks, start, segment.entry(beyond - 1).end - start);
  const std::string index =
      read_range(*segment.index, (first - 1) * kEventEntryBytes, (beyond - first) * kEventEntryBytes);
  std::uint64_t at = start;
  for (std::size_t i = 0; i < index.size(); i += kEventEntryBytes) {
    EventEntry entry;
    if (!EventEntry::decode(std::string_view(index).substr(i), entry)) {
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
EventRange EventReader::cut(std::string bytes, std::uint64_t start, std::uint64_t after_seq,
                            std::uint64_t max_bytes, std::uint64_t last_seq) const {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t end_seq = after_seq;
  for (Block block; end < bytes.size(); end = block.end) {
    if (!read_block(bytes, end, block)) throw LogCorrupt(segment.path, start + end, end_seq + 1, "not a block");
    if (block.engine_seq <= after_seq) {
      begin = block.end;
      continue;
    }
    if (end > begin && block.end - begin > max_bytes) {
      last_seq = end_seq;
      break;
    }
    end_seq = block.engine_seq;
  }
  bytes.resize(end);
  bytes.erase(0, begin);
  return {last_seq, std::move(bytes)};
}

}  // namespace exchange::engine::log
