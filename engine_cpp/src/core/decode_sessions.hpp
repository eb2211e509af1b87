// Reading the commands about trading sessions, which gateways give. Each throws `Malformed` for what it refuses.
//
// Threads: pure functions.
#pragma once

#include "exchange/engine/command.hpp"
#include "wire_reader.hpp"

namespace exchange::engine {

// Reads a command of one of these kinds into `out`; what is large goes to `batch`.
void read_session_body(CommandKind kind, Reader in, Batch& batch, Command& out);

}  // namespace exchange::engine
