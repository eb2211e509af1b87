// Reading the commands of operators and other services, which are rare. Each throws `Malformed` for what it refuses.
//
// Threads: pure functions.
#pragma once

#include "exchange/engine/command.hpp"
#include "wire_reader.hpp"

namespace exchange::engine {

// Reads a command of a kind that no trader gives into `out`; what is large goes to `batch`.
void read_admin_body(CommandKind kind, Reader in, Batch& batch, Command& out);

// Reads an `Instrument`.
[[nodiscard]] InstrumentDefinition read_instrument(Reader in);

}  // namespace exchange::engine
