#include "exchange/engine/log/journal_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace exchange::engine::log {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kSeqDigits = 20;

// Walks the records of one segment and keeps the chain.
class SegmentWalk {
 public:
  SegmentWalk(std::string path, std::string bytes, JournalEnd& end)
      : path_(std::move(path)), bytes_(std::move(bytes)), end_(end), chain_(end.link) {}

  void run(std::uint64_t after_seq, const Visitor& visit) {
    Record record;
    while (read_record(rest(), record) == Found::kRecord) {
      if (record.seal) {
        take_seal(record);
      } else {
        take_command(record);
        if (record.engine_seq > after_seq) visit(record);
      }
      at_ += record.bytes;
    }
    end_.link = chain_.last();
  }

  // The last segment may end in a write that was cut short, unless something proves that it had been durable.
  void finish_last() {
    if (seal_follows()) corrupt("a record is damaged");
    end_.unsealed = bytes_.substr(group_, at_ - group_);
    end_.offset = at_;
    const std::size_t last = rest().find_last_not_of('\0');
    end_.torn_bytes = last == std::string_view::npos ? 0 : last + 1;
  }

  // A segment that another one follows was sealed to its end.
  void finish_inner() const {
    if (group_ != at_ || rest().find_first_not_of('\0') != std::string_view::npos) corrupt("a record is damaged");
  }

  [[noreturn]] void corrupt(const std::string& what) const { throw LogCorrupt(path_, at_, end_.last_seq + 1, what); }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(bytes_).substr(at_); }

  void take_command(const Record& record) {
    if (record.engine_seq != end_.last_seq + 1) corrupt("the sequence has a gap");
    if (record.time_ns < end_.time_ns) corrupt("time runs backwards");
    end_.last_seq = record.engine_seq;
    end_.time_ns = record.time_ns;
  }

  void take_seal(const Record& record) {
    const Digest& link = chain_.extend(std::string_view(bytes_).substr(group_, at_ - group_));
    if (record.payload != std::string_view(link.data(), link.size()) || record.engine_seq != end_.last_seq) {
      corrupt("the chain does not fit the records before it");
    }
    group_ = at_ + record.bytes;
  }

  [[nodiscard]] bool seal_follows() const {
    Record record;
    for (std::size_t at = at_; at + kSealBytes <= bytes_.size(); at += 8) {
      if (read_record(std::string_view(bytes_).substr(at, kSealBytes), record) == Found::kRecord && record.seal) {
        return true;
      }
    }
    return false;
  }

  std::string path_;
  std::string bytes_;
  JournalEnd& end_;
  Chain chain_;
  std::size_t at_ = kSegmentHeaderBytes;
  std::size_t group_ = kSegmentHeaderBytes;  // start of what the next seal covers
};

// The segment that holds the command after `after_seq`, or the last one before it.
std::size_t first_needed(const std::vector<Segment>& segments, std::uint64_t after_seq) {
  const auto beyond = std::upper_bound(segments.begin(), segments.end(), after_seq + 1,
                                       [](std::uint64_t seq, const Segment& s) { return seq < s.first_seq; });
  return beyond == segments.begin() ? 0 : static_cast<std::size_t>(beyond - segments.begin()) - 1;
}

SegmentHeader read_header(const std::string& path, std::string_view bytes, std::uint32_t shard,
                          const Segment& segment) {
  SegmentHeader header;
  if (!decode_header(bytes, header)) throw LogCorrupt(path, 0, segment.first_seq, "the segment's header is damaged");
  if (header.shard != shard || header.first_seq != segment.first_seq) {
    throw LogCorrupt(path, 0, segment.first_seq, "the segment is that of another shard or place");
  }
  return header;
}

}  // namespace

LogCorrupt::LogCorrupt(const std::string& path, std::uint64_t offset, std::uint64_t engine_seq,
                       const std::string& what)
    : std::runtime_error(path + " at offset " + std::to_string(offset) + ", engine_seq " +
                         std::to_string(engine_seq) + ": " + what) {}

std::string segment_name(std::uint64_t first_seq) {
  std::string digits = std::to_string(first_seq);
  digits.insert(0, kSeqDigits - digits.size(), '0');
  return std::string(kPrefix) + digits + std::string(kSuffix);
}

std::vector<Segment> list_segments(const Storage& storage) {
  std::vector<Segment> segments;
  for (const std::string& name : storage.list()) {
    if (name.size() != kPrefix.size() + kSeqDigits + kSuffix.size() || !name.starts_with(kPrefix)) continue;
    std::uint64_t first_seq = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + kPrefix.size() + kSeqDigits, first_seq);
    segments.push_back({name, first_seq});
  }
  return segments;
}

JournalEnd read_journal(Storage& storage, std::uint32_t shard, std::uint64_t after_seq, const Visitor& visit) {
  JournalEnd end;
  const std::vector<Segment> segments = list_segments(storage);
  const std::size_t start = first_needed(segments, after_seq);
  for (std::size_t i = start; i < segments.size(); ++i) {
    const std::string path = storage.path(segments[i].name);
    const std::unique_ptr<File> file = storage.open(segments[i].name);
    std::string bytes = read_range(*file, 0, file->size());
    const SegmentHeader header = read_header(path, bytes, shard, segments[i]);
    if (i == start) {
      end.link = header.link;
      end.last_seq = header.first_seq - 1;
      if (end.last_seq > after_seq) throw LogCorrupt(path, 0, after_seq + 1, "the segment before it is missing");
    } else if (header.first_seq != end.last_seq + 1 || header.link != end.link) {
      throw LogCorrupt(path, 0, end.last_seq + 1, "the segment does not continue the one before it");
    }
    SegmentWalk walk(path, std::move(bytes), end);
    walk.run(after_seq, visit);
    end.segment = segments[i].name;
    if (i + 1 == segments.size()) {
      walk.finish_last();
    } else {
      walk.finish_inner();
    }
  }
  return end;
}

}  // namespace exchange::engine::log
