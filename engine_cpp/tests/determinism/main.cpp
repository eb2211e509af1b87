// `determinism`: plays the seeded streams and prints, at intervals, digests of all answers and all events so far, of the
// saved state, and the hash of the state. A second core is saved and loaded at each interval, and has to print the same.
// Whatever compiler built this, the lines are the same.
#include <cstdint>
#include <iostream>
#include <string>

#include "command_stream.hpp"
#include "digest.hpp"
#include "saved_state.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint64_t kSeeds = 8;
constexpr std::uint64_t kCommandsPerSeed = 12'000;
constexpr std::uint64_t kInterval = 1'500;

// A core and all it has said.
struct Speaker {
  Core core{tight_limits(), 0};
  Digest64 results;
  Digest64 events;

  std::string apply(const Command& command, Stamp stamp, ByteBuffer& blocks) {
    ByteBuffer result;
    ByteBuffer wire;
    core.apply(command, stamp, result, blocks);
    encode_blocks(blocks.view(), wire);
    results.take(result.view());
    events.take(blocks.view());
    events.take(wire.view());
    return std::string(result.view());
  }

  [[nodiscard]] bool restart() {
    const std::string saved = save(core);
    core = Core(tight_limits(), 0);
    return load(core, saved);
  }

  [[nodiscard]] std::string line() const {
    Digest64 saved;
    saved.take(save(core));
    return "results " + hex(results.value()) + " events " + hex(events.value()) + " saved " + hex(saved.value()) +
           " state " + hex(core.state_hash());
  }
};

bool play(std::uint64_t seed) {
  CommandStream stream(seed);
  Speaker steady;
  Speaker restarted;
  Batch batch;
  for (std::uint64_t seq = 1; seq <= kCommandsPerSeed; ++seq) {
    const std::string bytes = stream.next();
    if (Core::decode_command(bytes_of(bytes), batch) != Reason::kNone) return false;
    const Stamp stamp{seq, stream.time_ns()};
    ByteBuffer blocks;
    ByteBuffer others;
    const std::string result = steady.apply(batch.commands.front(), stamp, blocks);
    restarted.apply(batch.commands.front(), stamp, others);
    stream.saw(result, blocks);
    if (seq % kInterval != 0) continue;
    std::cout << "seed " << seed << " command " << seq << ' ' << steady.line() << '\n';
    if (restarted.line() != steady.line() || !restarted.restart()) {
      std::cout << "seed " << seed << " command " << seq << ": save and load made a difference\n";
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace exchange::engine::testing

int main() {
  for (std::uint64_t seed = 1; seed <= exchange::engine::testing::kSeeds; ++seed) {
    if (!exchange::engine::testing::play(seed)) return 1;
  }
  return 0;
}
