// A second core that follows the journal beside the one at work.
//
// It is loaded from a snapshot, or begins empty, and replays what is durable: so a state can be saved, hashed or looked
// at without holding up the core that trades, and two cores that came the same way by different means can be compared.
// Thread rules: used by one thread at a time; the journal it reads may grow meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/engine/core.hpp"
#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/snapshots.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// State hashes by the command after which they were taken.
using StateHashes = std::map<std::uint64_t, std::uint64_t>;

// Two cores that applied the same commands are not in the same state: one of them, or the memory it is in, is wrong.
class StateDiverged : public std::runtime_error {
 public:
  StateDiverged(std::uint64_t engine_seq, std::uint64_t expected, std::uint64_t found);
};

// Applies the journal's records to a core.
class Replayer {
 public:
  // Applies one record and appends its block, as the core writes it, to `blocks`. Throws RecordRefused if it is not a command.
  void apply(Core& core, const Record& record, ByteBuffer& blocks);

 private:
  [[nodiscard]] bool is_next(const Record& record) const noexcept;
  void decode_from(const Record& record);

  Batch batch_;  // commands from `first_seq_` on, read ahead so that the core can be told what comes
  std::uint64_t first_seq_ = 0;
  std::size_t next_ = 0;
  std::vector<std::span<const std::byte>> payloads_;
  ByteBuffer results_;
};

// The state in a snapshot; nothing if the file is damaged, of another shard, or does not fit the limits.
std::optional<Core> load_core(const Snapshots& snapshots, std::uint64_t engine_seq, const Limits& limits,
                              std::uint8_t shard);

class Follower {
 public:
  // Begins with the newest usable snapshot at or before a command, or empty if there is none.
  Follower(const Snapshots& snapshots, std::uint64_t at_most_seq, const Limits& limits, std::uint8_t shard);

  // Follows the journal to a command, and compares with each hash that is expected on the way. Throws StateDiverged,
  // LogCorrupt, StorageError.
  void follow(Storage& journal, std::uint64_t until_seq, const StateHashes& expected = {});

  // Reads the journal after a command to its end, applies what the core has not applied yet, and compares likewise.
  JournalEnd follow_all(Storage& journal, std::uint64_t after_seq, const StateHashes& expected);

  // The snapshot it began with; 0 for none.
  [[nodiscard]] std::uint64_t from_seq() const noexcept { return from_seq_; }
  [[nodiscard]] const Core& core() const noexcept { return core_; }
  // The state as it is now.
  [[nodiscard]] Snapshot snapshot() const;

 private:
  JournalEnd read(Storage& journal, std::uint64_t after_seq, std::uint64_t until_seq, const StateHashes& expected);
  static Core begin(const Snapshots& snapshots, std::uint64_t at_most_seq, const Limits& limits, std::uint8_t shard);

  const std::uint8_t shard_;
  Core core_;
  const std::uint64_t from_seq_;
  Replayer replayer_;
};

}  // namespace exchange::engine::log
