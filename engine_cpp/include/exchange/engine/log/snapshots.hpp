// Saved states of the core, so that recovery replays only what came after.
//
// A file is published whole (written aside, synced, renamed) and never changed. The one before the newest is kept: a
// snapshot that turns out damaged costs a longer replay, nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// The state after a command.
struct Snapshot {
  std::uint32_t shard = 0;
  std::uint64_t engine_seq = 0;
  std::int64_t time_ns = 0;
  std::uint64_t state_hash = 0;
  std::string state;  // as Core::save writes it
};

// The name of the snapshot of a command.
std::string snapshot_name(std::uint64_t engine_seq);

// The snapshots in one folder. Used by one thread at a time.
class Snapshots {
 public:
  explicit Snapshots(Storage& storage);

  // Sequence numbers of all snapshots, newest first.
  [[nodiscard]] std::vector<std::uint64_t> list() const;
  // The snapshot of a command; nothing if the file is damaged.
  [[nodiscard]] std::optional<Snapshot> load(std::uint64_t engine_seq) const;
  // Publishes a snapshot and removes those older than the one before it.
  void publish(const Snapshot& snapshot);

 private:
  Storage& storage_;
};

}  // namespace exchange::engine::log
