// A seeded stream, played on a core whose limits are tight enough to be met.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "command_stream.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {

// Hands over the results and the events of each command; stops at the first failure.
template <class See>
void play(std::uint64_t seed, std::uint64_t commands, See see) {
  CommandStream stream(seed);
  Core core(tight_limits(), 0);
  Batch batch;
  for (std::uint64_t seq = 1; seq <= commands; ++seq) {
    const std::string bytes = stream.next();
    ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
    ByteBuffer result;
    ByteBuffer events;
    core.apply(batch.commands.front(), {seq, stream.time_ns()}, result, events);
    stream.saw(result.view(), events);
    see(result, events);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "command " << seq;
  }
}

}  // namespace exchange::engine::testing
