#include "exchange/engine/log/journal_reader.hpp"

#include <algorithm>
#include <charconv>
#include <future>
#include <memory>
#include <utility>

namespace exchange::engine::log {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kSeqDigits = 20;

// A segment that was read and found whole, and where the journal ends with it.
struct Verified {
  std::string path;
  JournalEnd end;
  std::unique_ptr<char[]> room{};  // not a string, which is filled with zeros before anything is read into it
  std::string_view bytes{};        // in `room`
  std::size_t records_end = kSegmentHeaderBytes;

  void read(const File& file) {
    const auto size = static_cast<std::size_t>(file.size());
    room = std::make_unique_for_overwrite<char[]>(size);
    bytes = {room.get(), file.read_at(0, {room.get(), size})};
  }

  // Visits the commands of (after_seq, until_seq].
  void visit(std::uint64_t after_seq, const Visitor& visitor) const {
    const std::string_view whole = bytes.substr(0, records_end);
    for (std::size_t at = kSegmentHeaderBytes; at < records_end;) {
      Record record = read_again(whole.substr(at));
      record.following = whole.substr(at + record.bytes);
      if (!record.seal && record.engine_seq > after_seq) {
        try {
          visitor(record);
        } catch (const RecordRefused& refused) {
          throw LogCorrupt(path, at, record.engine_seq, refused.what());
        }
      }
      at += record.bytes;
    }
  }
};

// Walks the records of one segment and keeps the chain.
class SegmentWalk {
 public:
  SegmentWalk(Verified& segment, std::uint64_t until_seq)
      : path_(segment.path),
        bytes_(segment.bytes),
        end_(segment.end),
        at_(segment.records_end),
        until_seq_(until_seq),
        chain_(segment.end.link) {}

  void run() {
    Record record;
    while (end_.last_seq < until_seq_ && read_record(rest(), record) == Found::kRecord) {
      if (record.seal) {
        take_seal(record);
      } else {
        take_command(record);
      }
      at_ += record.bytes;
    }
    end_.link = chain_.last();
    end_.offset = at_;
  }

  // The last segment may end in a write that was cut short, unless something proves that it had been durable.
  void finish_last() {
    if (seal_follows()) corrupt("a record is damaged");
    if (until_seq_ != kToTheEnd) corrupt("the journal ends before command " + std::to_string(until_seq_));
    end_.unsealed = bytes_.substr(group_, at_ - group_);
    const std::size_t last = rest().find_last_not_of('\0');
    end_.torn_bytes = last == std::string_view::npos ? 0 : last + 1;
  }

  // A segment that another one follows was sealed to its end.
  void finish_inner() const {
    if (group_ != at_ || rest().find_first_not_of('\0') != std::string_view::npos) corrupt("a record is damaged");
  }

 private:
  [[noreturn]] void corrupt(const std::string& what) const { throw LogCorrupt(path_, at_, end_.last_seq + 1, what); }

  [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }

  void take_command(const Record& record) {
    if (record.engine_seq != end_.last_seq + 1) corrupt("the sequence has a gap");
    if (record.time_ns < end_.time_ns) corrupt("time runs backwards");
    end_.last_seq = record.engine_seq;
    end_.time_ns = record.time_ns;
  }

  void take_seal(const Record& record) {
    const Digest& link = chain_.extend(bytes_.substr(group_, at_ - group_));
    if (record.payload != std::string_view(link.data(), link.size()) || record.engine_seq != end_.last_seq) {
      corrupt("the chain does not fit the records before it");
    }
    group_ = at_ + record.bytes;
  }

  [[nodiscard]] bool seal_follows() const {
    Record record;
    for (std::size_t at = at_; at + kSealBytes <= bytes_.size(); at += 8) {
      if (read_record(bytes_.substr(at, kSealBytes), record) == Found::kRecord && record.seal) {
        return true;
      }
    }
    return false;
  }

  const std::string& path_;
  const std::string_view bytes_;
  JournalEnd& end_;
  std::size_t& at_;
  const std::uint64_t until_seq_;
  Chain chain_;
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

// Reads the segments from one on, each after the one before it.
class JournalWalk {
 public:
  JournalWalk(Storage& storage, std::uint32_t shard, std::uint64_t after_seq, std::uint64_t until_seq)
      : storage_(storage),
        shard_(shard),
        after_seq_(after_seq),
        until_seq_(until_seq),
        segments_(list_segments(storage)),
        next_(first_needed(segments_, after_seq)) {}

  // Verifies the next segment in a thread of its own; no future if there is none left, or none needed.
  [[nodiscard]] std::future<Verified> begin_next(const JournalEnd& end) {
    if (next_ == segments_.size() || end.last_seq >= until_seq_) return {};
    return std::async(std::launch::async, [this, end, place = next_++] { return verify(place, end); });
  }

 private:
  [[nodiscard]] Verified verify(std::size_t place, const JournalEnd& before) const {
    const Segment& segment = segments_[place];
    const std::unique_ptr<File> file = storage_.open(segment.name);
    Verified verified{.path = storage_.path(segment.name), .end = before};
    verified.read(*file);
    join(verified, read_header(verified.path, verified.bytes, shard_, segment));
    verified.end.segment = segment.name;
    SegmentWalk walk(verified, until_seq_);
    walk.run();
    if (verified.end.last_seq >= until_seq_) return verified;
    if (place + 1 == segments_.size()) {
      walk.finish_last();
    } else {
      walk.finish_inner();
    }
    return verified;
  }

  // Holds a segment's header against what came before it.
  void join(Verified& verified, const SegmentHeader& header) const {
    JournalEnd& end = verified.end;
    if (end.segment.empty()) {
      end.link = header.link;
      end.last_seq = header.first_seq - 1;
      if (end.last_seq > after_seq_) {
        throw LogCorrupt(verified.path, 0, after_seq_ + 1, "the segment before it is missing");
      }
    } else if (header.first_seq != end.last_seq + 1 || header.link != end.link) {
      throw LogCorrupt(verified.path, 0, end.last_seq + 1, "the segment does not continue the one before it");
    }
  }

  Storage& storage_;
  const std::uint32_t shard_;
  const std::uint64_t after_seq_;
  const std::uint64_t until_seq_;
  const std::vector<Segment> segments_;
  std::size_t next_;
};

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

JournalEnd read_journal(Storage& storage, std::uint32_t shard, std::uint64_t after_seq, const Visitor& visit,
                        std::uint64_t until_seq) {
  JournalWalk walk(storage, shard, after_seq, until_seq);
  JournalEnd end;
  for (std::future<Verified> next = walk.begin_next(end); next.valid();) {
    const Verified segment = next.get();
    end = segment.end;
    next = walk.begin_next(end);
    segment.visit(after_seq, visit);
  }
  if (until_seq != kToTheEnd && end.last_seq < until_seq && until_seq > after_seq) {
    throw LogCorrupt(storage.path(""), 0, end.last_seq + 1,
                     "the journal ends before command " + std::to_string(until_seq));
  }
  return end;
}

}  // namespace exchange::engine::log
