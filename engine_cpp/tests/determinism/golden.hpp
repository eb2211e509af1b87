// Golden journals: commands of the seeded streams as one segment, kept with what they once came to. Whatever changes in
// the engine, they come to the same ever after.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exchange::engine::testing {

// A journal's one segment. Commands that the core does not support yet are left out: some day it will.
[[nodiscard]] std::string make_golden_journal();

// Replays a journal and says how many commands it holds, digests of all answers and events, and the hash of the state,
// a line each.
[[nodiscard]] std::string replay_golden_journal(std::string_view segment);

}  // namespace exchange::engine::testing
