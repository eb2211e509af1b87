// The engine's events, as far as they concern instruments: what gateways need of them.
//
// Threads: pure functions.
#pragma once

#include <string_view>

#include "exchange/engine/byte_buffer.hpp"

namespace exchange::codec {

// Appends an `EventsResponse` with what another one says of instruments: orders, fills, books and balances, which are
// nearly all of it, are left out. False if it cannot be read.
[[nodiscard]] bool keep_instruments(std::string_view response, engine::ByteBuffer& out);

}  // namespace exchange::codec
