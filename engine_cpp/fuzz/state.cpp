// Any bytes as a saved state: refused, or a state that holds every invariant, is saved as it was loaded, and goes on.
#include "command_stream.hpp"
#include "saved_state.hpp"
#include "subject.hpp"
#include "wire.hpp"

namespace exchange::engine::fuzzing {
namespace {

constexpr int kCommandsAfter = 30;

void play(std::string_view bytes) {
  Core core(fuzz_limits(), 0);
  if (!testing::load(core, bytes)) return;
  require_whole(core);
  testing::CommandStream stream(1);
  Batch batch;
  for (int i = 0; i < kCommandsAfter; ++i) {
    const std::string command = stream.next();
    require(Core::decode_command(testing::bytes_of(command), batch) == Reason::kNone, "a stream's commands can be read");
    apply_all(core, batch, stream.time_ns());
    require(core.consistent(), "every invariant holds");
  }
}

}  // namespace
}  // namespace exchange::engine::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  exchange::engine::fuzzing::play({reinterpret_cast<const char*>(data), size});
  return 0;
}
