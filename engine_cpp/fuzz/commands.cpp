// Any bytes as batches of commands: refused, or applied with every invariant held after each.
#include "saved_state.hpp"
#include "subject.hpp"
#include "wire.hpp"

namespace exchange::engine::fuzzing {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kCommandsBefore = 400;
constexpr int kMostBatches = 64;

Core begin(std::uint8_t from) {
  Core core(fuzz_limits(), 0);
  if (from % 2 == kFromNothing) return core;
  static const std::string busy = state_after(kSeed, kCommandsBefore);
  require(testing::load(core, busy), "a saved state loads");
  return core;
}

void play(Input input) {
  Core core = begin(input.byte());
  Batch batch;
  std::int64_t time_ns = core.last_stamp().time_ns;
  for (int i = 0; i < kMostBatches && !input.empty(); ++i) {
    const std::uint8_t how = input.byte();
    time_ns += kTimeSteps[(how & ~kRestartAfter) % std::size(kTimeSteps)];
    const std::vector<char> request = alone(input.text());
    const Reason reason = Core::decode(testing::bytes_of({request.data(), request.size()}), kAllCommandKinds, batch);
    require(reason == Reason::kNone || reason == Reason::kMalformedCommand, "a refusal says what is wrong");
    require(reason == Reason::kNone || batch.commands.empty(), "a refused batch has no part that is taken");
    apply_all(core, batch, time_ns);
    require(core.consistent(), "every invariant holds");
    if ((how & kRestartAfter) != 0) require_whole(core);
  }
  require_whole(core);
  core.snapshot_parts(1, [](std::string_view) {});
}

}  // namespace
}  // namespace exchange::engine::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  exchange::engine::fuzzing::play({data, size});
  return 0;
}
