// The private events of one of the engine's blocks: whose they are, and their numbers.
//
// 1. They come in the order of the block; one of two accounts comes twice, each time with its own number.
// 2. Their contents are views into the block.
// 3. Bytes that are no block are refused as a whole: std::invalid_argument.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace exchange::history {

// Numbers from here on, and 0, are the venue's own accounts: nobody follows them.
inline constexpr std::uint64_t kVenueAccounts = std::uint64_t{1} << 63;

struct PrivateEvent {
  std::uint64_t account_id = 0;
  std::uint64_t account_seq = 0;
  std::string_view content;  // exchange.engine.v1.Event
};

struct PrivateEvents {
  std::uint64_t engine_seq = 0;  // 0 in a block without events
  std::int64_t time_ns = 0;
  bool lists_instruments = false;  // one was listed or changed
  std::vector<PrivateEvent> events;
};

PrivateEvents private_events_of(std::string_view block);

}  // namespace exchange::history
