#include "argument.hpp"

#include <utility>

#include "saved_state.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint8_t kShard = 3;

}  // namespace

Argument::Argument(std::uint64_t seed)
    : stream_(seed), core_(tight_limits(), kShard), oracle_(tight_limits(), kShard) {}

std::string Argument::next() {
  const std::string bytes = stream_.next();
  const std::string place = " command " + std::to_string(++seq_);
  if (Core::decode_command(bytes_of(bytes), batch_) != Reason::kNone) return "cannot be read:" + place;
  const Stamp stamp{seq_, stream_.time_ns()};
  ByteBuffer result;
  ByteBuffer events;
  ByteBuffer expected_result;
  ByteBuffer expected_events;
  core_.apply(batch_.commands.front(), stamp, result, events);
  oracle_.apply(batch_.commands.front(), stamp, expected_result, expected_events);
  if (result.view() != expected_result.view()) return "the answers differ to" + place;
  if (events.view() != expected_events.view()) return "the events differ of" + place;
  stream_.saw(result.view(), events);
  return {};
}

std::string Argument::check() const {
  const std::string place = " after command " + std::to_string(seq_);
  if (!core_.consistent()) return "an invariant is broken" + place;
  const std::string saved = save(core_);
  Core loaded(tight_limits(), kShard);
  if (!load(loaded, saved)) return "the saved state cannot be loaded" + place;
  if (save(loaded) != saved) return "the loaded state is another one" + place;
  if (loaded.state_hash() != core_.state_hash()) return "the hash of the loaded state is another one" + place;
  return {};
}

bool Argument::restart() {
  const std::string saved = save(core_);
  core_ = Core(tight_limits(), kShard);
  return load(core_, saved);
}

}  // namespace exchange::engine::testing
