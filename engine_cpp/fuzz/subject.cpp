#include "subject.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "command_stream.hpp"
#include "saved_state.hpp"
#include "wire.hpp"

namespace exchange::engine::fuzzing {

using testing::bytes_of;

Limits fuzz_limits() {
  Limits limits;
  limits.instruments = 8;
  limits.assets = 8;
  limits.accounts = 16;
  limits.balances = 64;
  limits.positions = 64;
  limits.open_orders = 256;
  limits.orders = 512;
  limits.ids = 512;
  limits.levels = 128;
  limits.ids_per_account = 100;
  limits.open_orders_per_account = 25;
  limits.positions_per_command = 2;
  return limits;
}

void require(bool promise, const char* text) {
  if (promise) return;
  std::fprintf(stderr, "broken: %s\n", text);
  std::abort();
}

void apply_all(Core& core, const Batch& batch, std::int64_t time_ns) {
  for (const Command& command : batch.commands) {
    ByteBuffer result;
    ByteBuffer events;
    ByteBuffer wire;
    const Stamp last = core.last_stamp();
    core.apply(command, {last.engine_seq + 1, std::max(time_ns, last.time_ns)}, result, events);
    require(testing::read_results(result.view()).size() == 1, "one answer a command");
    require(testing::read_blocks(events).size() == 1, "one block of events a command");
    encode_blocks(events.view(), wire);
  }
}

void require_whole(const Core& core) {
  require(core.consistent(), "every invariant holds");
  const std::string saved = testing::save(core);
  Core loaded(fuzz_limits(), 0);
  require(testing::load(loaded, saved), "a saved state loads");
  require(testing::save(loaded) == saved, "a loaded state is what was saved");
  require(loaded.state_hash() == core.state_hash(), "a loaded state has the hash of what was saved");
}

namespace {

// Applies what comes next; answers how many more accounts are liquidated than before.
int go_on(testing::CommandStream& stream, Core& core) {
  const std::string bytes = stream.next();
  Batch batch;
  require(Core::decode_command(bytes_of(bytes), batch) == Reason::kNone, "a stream's commands can be read");
  ByteBuffer result;
  ByteBuffer events;
  core.apply(batch.commands.front(), {core.last_stamp().engine_seq + 1, stream.time_ns()}, result, events);
  stream.saw(result.view(), events);
  int more = 0;
  const auto blocks = testing::read_blocks(events);
  for (const testing::ReadEvent& event : blocks.front().events) {
    const auto* change = std::get_if<LiquidationView>(&event);
    if (change == nullptr || change->state == LiquidationState::kDeleveraging) continue;
    more += change->state == LiquidationState::kStarted ? 1 : -1;
  }
  return more;
}

}  // namespace

std::string state_after(std::uint64_t seed, std::uint64_t commands) {
  testing::CommandStream stream(seed);
  Core core(fuzz_limits(), 0);
  for (std::uint64_t seq = 1; seq <= commands; ++seq) static_cast<void>(go_on(stream, core));
  return testing::save(core);
}

std::string state_in_liquidation(std::uint64_t seed, std::uint64_t commands) {
  constexpr std::uint64_t kMost = 20'000;
  testing::CommandStream stream(testing::CommandStream::kFirstLeveragedSeed + seed);
  Core core(fuzz_limits(), 0);
  int liquidated = 0;
  for (std::uint64_t seq = 1; seq <= commands || liquidated == 0; ++seq) {
    require(seq < kMost, "a leveraged stream liquidates");
    liquidated += go_on(stream, core);
  }
  return testing::save(core);
}

std::uint8_t Input::byte() noexcept {
  if (rest_.empty()) return 0;
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::string_view Input::text() noexcept {
  const std::size_t low = byte();
  const std::size_t size = low | static_cast<std::size_t>(byte()) << 8U;
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(text.size());
  return text;
}

void put_text(std::string& out, std::string_view text) {
  const std::size_t size = std::min<std::size_t>(text.size(), 0xFFFF);
  out.push_back(static_cast<char>(size & 0xFFU));
  out.push_back(static_cast<char>(size >> 8U));
  out.append(text.substr(0, size));
}

}  // namespace exchange::engine::fuzzing
