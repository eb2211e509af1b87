#include "exchange/engine/log/follower.hpp"

#include <cstdio>
#include <span>
#include <utility>

#include "state_bytes.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::size_t kReadAhead = 256;  // commands

std::string sentence(std::uint64_t engine_seq, std::uint64_t expected, std::uint64_t found) {
  char text[160];
  std::snprintf(text, sizeof text, "after engine_seq %llu the state hash is %016llx and should be %016llx",
                static_cast<unsigned long long>(engine_seq), static_cast<unsigned long long>(found),
                static_cast<unsigned long long>(expected));
  return text;
}

}  // namespace

StateDiverged::StateDiverged(std::uint64_t engine_seq, std::uint64_t expected, std::uint64_t found)
    : std::runtime_error(sentence(engine_seq, expected, found)) {}

void Replayer::apply(Core& core, const Record& record, ByteBuffer& blocks) {
  if (!is_next(record)) decode_from(record);
  const Command& command = batch_.commands[next_++];
  core.announce(std::span(batch_.commands).subspan(next_));
  results_.clear();
  core.apply(command, Stamp{record.engine_seq, record.time_ns}, results_, blocks, ResponseMode::kAck);
}

// What was read ahead lies in memory that is given back when a visit ends: both the place and the number have to be
// those of the record.
bool Replayer::is_next(const Record& record) const noexcept {
  return next_ < batch_.commands.size() && record.engine_seq == first_seq_ + next_ &&
         batch_.commands[next_].bytes.data() == reinterpret_cast<const std::byte*>(record.payload.data());
}

void Replayer::decode_from(const Record& record) {
  payloads_.clear();
  payloads_.push_back(std::as_bytes(std::span(record.payload)));
  for (std::string_view rest = record.following; !rest.empty() && payloads_.size() < kReadAhead;) {
    const Record next = read_again(rest);
    if (!next.seal) payloads_.push_back(std::as_bytes(std::span(next.payload)));
    rest.remove_prefix(next.bytes);
  }
  Core::decode_commands(payloads_, batch_);
  if (batch_.commands.empty()) throw RecordRefused("the record is not a command");
  first_seq_ = record.engine_seq;
  next_ = 0;
}

std::optional<Core> load_core(const Snapshots& snapshots, std::uint64_t engine_seq, const Limits& limits,
                              std::uint8_t shard) {
  const std::optional<Snapshot> snapshot = snapshots.load(engine_seq);
  if (!snapshot || snapshot->shard != shard) return std::nullopt;
  Core core(limits, shard);
  SavedState state(snapshot->state);
  if (!core.load(state) || !state.at_end() || core.last_stamp().engine_seq != engine_seq) return std::nullopt;
  if (core.state_hash() != snapshot->state_hash) return std::nullopt;
  return core;
}

Follower::Follower(const Snapshots& snapshots, std::uint64_t at_most_seq, const Limits& limits, std::uint8_t shard)
    : shard_(shard),
      core_(begin(snapshots, at_most_seq, limits, shard)),
      from_seq_(core_.last_stamp().engine_seq) {}

void Follower::follow(Storage& journal, std::uint64_t until_seq, const StateHashes& expected) {
  read(journal, core_.last_stamp().engine_seq, until_seq, expected);
}

JournalEnd Follower::follow_all(Storage& journal, std::uint64_t after_seq, const StateHashes& expected) {
  return read(journal, after_seq, kToTheEnd, expected);
}

JournalEnd Follower::read(Storage& journal, std::uint64_t after_seq, std::uint64_t until_seq,
                          const StateHashes& expected) {
  ByteBuffer blocks;
  const std::uint64_t applied_seq = core_.last_stamp().engine_seq;
  auto next = expected.upper_bound(applied_seq);
  const Visitor visit = [&](const Record& record) {
    if (record.engine_seq <= applied_seq) return;
    blocks.clear();
    replayer_.apply(core_, record, blocks);
    if (next == expected.end() || next->first != record.engine_seq) return;
    const std::uint64_t found = core_.state_hash();
    if (found != next->second) throw StateDiverged(record.engine_seq, next->second, found);
    ++next;
  };
  return read_journal(journal, shard_, after_seq, visit, until_seq);
}

Snapshot Follower::snapshot() const {
  StateBytes bytes;
  core_.save(bytes);
  const Stamp last = core_.last_stamp();
  return {shard_, last.engine_seq, last.time_ns, core_.state_hash(), bytes.take()};
}

Core Follower::begin(const Snapshots& snapshots, std::uint64_t at_most_seq, const Limits& limits,
                     std::uint8_t shard) {
  for (const std::uint64_t engine_seq : snapshots.list()) {
    if (engine_seq > at_most_seq) continue;
    if (std::optional<Core> core = load_core(snapshots, engine_seq, limits, shard)) return std::move(*core);
  }
  return Core(limits, shard);
}

}  // namespace exchange::engine::log
