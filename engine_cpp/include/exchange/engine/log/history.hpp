// Which history the shard's sequence numbers belong to.
//
// The epoch grows whenever something that was released may have been lost: a consumer's position in the lost history
// must not be taken for one in the history that goes on. An operator lets it grow after a restore from a backup; the
// engine itself after a machine was lost while answers were released before they were on the medium. To know of the
// latter, a life with Ack::kWritten leaves a mark for as long as it lasts: the machine's start during which it ran.
// Files: `epoch` (a number), `released` (the mark).
// Thread rules: used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// What tells this start of the machine from every other; empty if the system does not say.
std::string machine_start();

// The epoch, and the mark of a life whose end may have been lost.
class History {
 public:
  // Reads the files of a folder, or begins with epoch 1. Throws LogCorrupt, StorageError.
  explicit History(Storage& root);

  [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
  // True if the life before released answers that need not have been on the medium.
  [[nodiscard]] bool marked() const noexcept { return marked_; }
  // True if that life's machine is gone, or was not known: what it released may be lost.
  [[nodiscard]] bool in_doubt(const std::string& machine) const noexcept {
    return marked_ && (machine.empty() || mark_ != machine);
  }
  // Begins the next epoch, durably.
  void grow();
  // Leaves the mark, durably: from now on answers are released before they are on the medium.
  void mark(const std::string& machine);
  // Takes the mark away: everything released is on the medium.
  void clear();

 private:
  Storage& root_;
  std::uint32_t epoch_;
  bool marked_ = false;
  std::string mark_;
};

}  // namespace exchange::engine::log
