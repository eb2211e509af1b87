// An engine's folder, or a copy of one, opened to be read: nothing is locked, made or changed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange/engine/log/follower.hpp"
#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/snapshots.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::tools {

// What the whole journal says.
struct Examined {
  log::JournalEnd end;
  std::uint64_t first_seq = 0;   // of the oldest segment
  std::uint64_t began_seq = 0;   // the state was replayed from the snapshot of this command; 0: from the beginning
  std::uint64_t state_hash = 0;  // after the last command
  std::vector<std::uint64_t> snapshots;
  std::size_t segments = 0;
};

// A state, as somebody may want to see it.
struct Replayed {
  std::uint64_t began_seq = 0;
  Stamp last;
  std::uint64_t state_hash = 0;
  Counts counts;
};

class JournalCopy {
 public:
  // Throws StorageError, LogCorrupt.
  explicit JournalCopy(const std::string& folder);

  [[nodiscard]] std::uint8_t shard() const noexcept { return shard_; }

  // Reads every record that is retained, checksums and chain, and replays them, held against every snapshot on the way.
  // Throws LogCorrupt, StateDiverged.
  [[nodiscard]] Examined verify();

  // Visits the commands of [from_seq, until_seq]. Throws LogCorrupt.
  void visit(std::uint64_t from_seq, std::uint64_t until_seq, const log::Visitor& visit);

  // The state after a command, with log::kToTheEnd after the last one; from the newest snapshot before it, or from the
  // first command on. Throws LogCorrupt.
  [[nodiscard]] Replayed replay(std::uint64_t until_seq, bool from_start);

 private:
  [[nodiscard]] std::uint64_t first_seq() const { return segments_.front().first_seq; }
  [[nodiscard]] log::StateHashes snapshot_hashes() const;
  [[nodiscard]] std::unique_ptr<log::Follower> begin(std::uint64_t at_most_seq) const;
  [[nodiscard]] std::uint64_t oldest_start() const;

  std::unique_ptr<log::Storage> journal_;
  std::unique_ptr<log::Storage> snapshots_folder_;
  log::Snapshots snapshots_;
  std::vector<log::Segment> segments_;
  std::uint8_t shard_ = 0;
};

}  // namespace exchange::engine::tools
