#include "golden.hpp"

#include <stdexcept>

#include "command_stream.hpp"
#include "digest.hpp"
#include "exchange/engine/core.hpp"
#include "exchange/engine/log/chain.hpp"
#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/record.hpp"
#include "memory_storage.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint64_t kSeed = 2026;
constexpr std::uint64_t kCommands = 3'000;
constexpr std::uint64_t kCommandsPerSeal = 50;
constexpr std::uint32_t kShard = 0;

// A journal is replayed under the limits it was written with, so these are never changed.
Limits golden_limits() {
  Limits limits;
  limits.instruments = 16;
  limits.assets = 16;
  limits.accounts = 64;
  limits.balances = 256;
  limits.open_orders = 4'096;
  limits.orders = 65'536;
  limits.ids = 65'536;
  limits.levels = 1'024;
  limits.ids_per_account = 70;
  limits.open_orders_per_account = 25;
  return limits;
}

// Commands in, a segment out.
class SegmentWriter {
 public:
  SegmentWriter() : segment_(log::encode_header({.shard = kShard, .first_seq = 1, .link = {}})) {}

  void add(std::string_view command, std::int64_t time_ns) {
    log::append_command(group_, ++seq_, time_ns, command);
    time_ns_ = time_ns;
    if (seq_ % kCommandsPerSeal == 0) seal();
  }

  [[nodiscard]] std::string finish() {
    if (!group_.empty()) seal();
    return segment_;
  }

 private:
  void seal() {
    segment_ += group_;
    log::append_seal(segment_, seq_, time_ns_, chain_.extend(group_));
    group_.clear();
  }

  std::string segment_;
  std::string group_;
  log::Chain chain_;
  std::uint64_t seq_ = 0;
  std::int64_t time_ns_ = 0;
};

}  // namespace

std::string make_golden_journal() {
  CommandStream stream(kSeed);
  Core core(golden_limits(), kShard);
  SegmentWriter writer;
  Batch batch;
  for (std::uint64_t seq = 1; seq <= kCommands; ++seq) {
    const std::string bytes = stream.next();
    if (Core::decode_command(bytes_of(bytes), batch) != Reason::kNone) throw std::runtime_error("the stream is broken");
    ByteBuffer result;
    ByteBuffer events;
    core.apply(batch.commands.front(), {seq, stream.time_ns()}, result, events);
    const Reason reason = read_results(result.view()).front().reason;
    stream.saw(result.view(), events);
    if (reason != Reason::kNotSupported) writer.add(bytes, stream.time_ns());
  }
  return writer.finish();
}

std::string replay_golden_journal(std::string_view segment) {
  log::Disk disk;
  log::MemoryStorage storage(disk);
  storage.create(log::segment_name(1))->write_at(0, segment);
  Core core(golden_limits(), kShard);
  Batch batch;
  Digest64 results;
  Digest64 events;
  const log::JournalEnd end = log::read_journal(storage, kShard, 0, [&](const log::Record& record) {
    if (Core::decode_command(bytes_of(record.payload), batch) != Reason::kNone) {
      throw log::RecordRefused("the command cannot be read");
    }
    ByteBuffer result;
    ByteBuffer blocks;
    ByteBuffer wire;
    core.apply(batch.commands.front(), {record.engine_seq, record.time_ns}, result, blocks);
    encode_blocks(blocks.view(), wire);
    results.take(result.view());
    events.take(wire.view());
  });
  return "commands " + std::to_string(end.last_seq) + "\nresults " + hex(results.value()) + "\nevents " +
         hex(events.value()) + "\nstate " + hex(core.state_hash()) + '\n';
}

}  // namespace exchange::engine::testing
