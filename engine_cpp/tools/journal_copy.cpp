#include "journal_copy.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exchange/engine/log/record.hpp"

namespace exchange::engine::tools {

using log::Follower;
using log::JournalEnd;
using log::kToTheEnd;
using log::LogCorrupt;
using log::Record;
using log::StateDiverged;
using log::StateHashes;

JournalCopy::JournalCopy(const std::string& folder)
    : journal_(log::open_folder_read_only(folder + "/journal")),
      snapshots_folder_(log::open_folder_read_only(folder + "/snapshots")),
      snapshots_(*snapshots_folder_),
      segments_(log::list_segments(*journal_)) {
  if (segments_.empty()) throw log::StorageError("find a segment in", journal_->path(""), ENOENT);
  log::SegmentHeader header;
  const auto first = journal_->open(segments_.front().name);
  if (!log::decode_header(log::read_range(*first, 0, log::kSegmentHeaderBytes), header)) {
    throw LogCorrupt(journal_->path(segments_.front().name), 0, first_seq(), "the segment's header is damaged");
  }
  shard_ = static_cast<std::uint8_t>(header.shard);
}

Examined JournalCopy::verify() {
  const StateHashes hashes = snapshot_hashes();
  const std::unique_ptr<Follower> follower = begin(oldest_start());
  Examined examined;
  examined.first_seq = first_seq();
  examined.began_seq = follower->from_seq();
  examined.segments = segments_.size();
  for (const auto& [engine_seq, hash] : hashes) examined.snapshots.push_back(engine_seq);
  examined.end = follower->follow_all(*journal_, first_seq() - 1, hashes);
  examined.state_hash = follower->core().state_hash();
  if (!hashes.empty() && hashes.rbegin()->first > examined.end.last_seq) {
    throw LogCorrupt(journal_->path(examined.end.segment), examined.end.offset, examined.end.last_seq + 1,
                     "the journal ends before snapshot " + std::to_string(hashes.rbegin()->first));
  }
  return examined;
}

void JournalCopy::visit(std::uint64_t from_seq, std::uint64_t until_seq, const log::Visitor& visit) {
  const std::uint64_t after_seq = std::max(from_seq, first_seq()) - 1;
  log::read_journal(*journal_, shard_, after_seq, visit, until_seq);
}

Replayed JournalCopy::replay(std::uint64_t until_seq, bool from_start) {
  const std::unique_ptr<Follower> follower = begin(from_start ? oldest_start() : until_seq);
  follower->follow(*journal_, until_seq);
  return {follower->from_seq(), follower->core().last_stamp(), follower->core().state_hash(), follower->core().counts()};
}

// The hash that each snapshot states. Throws LogCorrupt if one is damaged.
StateHashes JournalCopy::snapshot_hashes() const {
  StateHashes hashes;
  for (const std::uint64_t engine_seq : snapshots_.list()) {
    const auto snapshot = snapshots_.load(engine_seq);
    if (!snapshot || snapshot->shard != shard_) {
      throw LogCorrupt(snapshots_folder_->path(log::snapshot_name(engine_seq)), 0, engine_seq,
                       "the snapshot is damaged");
    }
    hashes[engine_seq] = snapshot->state_hash;
  }
  return hashes;
}

// A core at the newest usable snapshot up to a command, or empty if the journal reaches back to the beginning.
std::unique_ptr<Follower> JournalCopy::begin(std::uint64_t at_most_seq) const {
  auto follower = std::make_unique<Follower>(snapshots_, at_most_seq, Limits{}, shard_);
  if (follower->from_seq() + 1 < first_seq()) {
    throw LogCorrupt(journal_->path(segments_.front().name), 0, first_seq(),
                     "the journal begins here, and no snapshot that is whole leads to it");
  }
  return follower;
}

// Where the longest replay begins.
std::uint64_t JournalCopy::oldest_start() const {
  if (first_seq() == 1) return 0;
  std::uint64_t oldest = kToTheEnd;
  for (const std::uint64_t engine_seq : snapshots_.list()) {
    if (engine_seq + 1 >= first_seq()) oldest = std::min(oldest, engine_seq);
  }
  return oldest;
}

}  // namespace exchange::engine::tools
