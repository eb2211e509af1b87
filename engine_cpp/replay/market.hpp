// A recording on its way through the full core: every check on, every account funded as far as amounts go, no fees, and
// nobody kept from trading with himself.
//
// What is measured is a command from its decoded form to the bytes of its events, its record in the journal included.
// All memory is there before the clock starts. Commands come in batches, as the service takes them; what a batch needs from outside (decoding) and what is done with
// its events stay outside the time.
//
// Threads: none; one market belongs to one caller.
#pragma once

#include <cstdint>
#include <vector>

#include "recording.hpp"

namespace exchange::engine::replay {

struct Options {
  std::size_t batch = 256;               // commands
  std::uint32_t id_window = 1U << 18U;  // commands for which the id of a new order is remembered
  bool memory = false;                  // measure what the core comes to use as well, in a run of its own
};

struct Outcome {
  std::uint64_t commands = 0;
  std::uint64_t rejects = 0;
  std::uint64_t trades = 0;
  std::uint64_t quantity = 0;
  std::uint64_t notional = 0;  // wraps beyond 64 bits
  std::uint64_t hash = 0;      // over the trades, in order
  std::uint64_t state_hash = 0;
  std::uint64_t resting = 0;
  std::uint64_t core_bytes = 0;  // memory that the core came to use; 0 unless asked for
  double ns_per_command = 0;
  double p50_ns = 0;
  double p99_ns = 0;
  double p999_ns = 0;
  double p9999_ns = 0;
};

// Runs a recording. The steps that set the market up are neither counted in `commands` nor timed; all else counts them.
[[nodiscard]] Outcome run(const Recording& recording, const Options& options);

}  // namespace exchange::engine::replay
