// What of the journal and of the event log may go.
//
// A segment goes once it is both old enough and not needed: everything in it lies at or before `needed_after_seq`, the
// oldest snapshot that is kept. Oldest first, so what stays has no gap. Who reads events slowly keeps nothing back.
#pragma once

#include <cstdint>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// Which segments go, and where to.
struct Retirement {
  std::uint64_t needed_after_seq = 0;
  std::int64_t before_ns = 0;   // engine time: younger segments stay
  Storage* archive = nullptr;   // they are brought there; if there is none they are deleted
};

// Lets journal segments go. Throws StorageError; what was not brought to the archive is still here.
void retire_journal(Storage& journal, const Retirement& retirement);

}  // namespace exchange::engine::log
