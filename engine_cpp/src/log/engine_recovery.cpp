// How an engine starts: the newest snapshot that is whole, then the journal after it.
//
// Replaying writes the events after the snapshot again, so an event log that lost its end, or all of it, is made anew.
#include <algorithm>
#include <charconv>
#include <utility>

#include "exchange/engine/log/engine.hpp"
#include "state_bytes.hpp"

namespace exchange::engine::log {
namespace {

constexpr const char* kEpochFile = "epoch";
constexpr std::size_t kReplayChunkBytes = 1U << 20U;

// The epoch of the history: grows only by an operator's hand, when released history may have been lost.
std::uint32_t read_epoch(Storage& root) {
  const std::vector<std::string> names = root.list();
  if (!std::binary_search(names.begin(), names.end(), std::string(kEpochFile))) {
    replace_file(root, kEpochFile, "1\n");
    return 1;
  }
  const std::string text = read_range(*root.open(kEpochFile), 0, 16);
  std::uint32_t epoch = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (parsed.ec != std::errc{} || epoch == 0) throw LogCorrupt(root.path(kEpochFile), 0, 0, "not an epoch");
  return epoch;
}

}  // namespace

EngineStorage open_engine_folders(const std::string& folder) {
  return {open_folder(folder), open_folder(folder + "/journal"), open_folder(folder + "/events"),
          open_folder(folder + "/snapshots")};
}

Engine::Engine(const EngineOptions& options) : Engine(options, open_engine_folders(options.folder)) {}

Engine::Engine(const EngineOptions& options, EngineStorage storage)
    : options_(options),
      storage_(std::move(storage)),
      lock_(std::in_place, options.folder + "/lock"),
      epoch_(read_epoch(*storage_.root)),
      events_(*storage_.events, options.event_segment_bytes),
      snapshots_(*storage_.snapshots),
      journal_(std::make_unique<Journal>(
          *storage_.journal, JournalOptions{options.shard, options.journal_segment_bytes},
          static_cast<Listener&>(*this))) {
  recover();
  durable_.store(last_seq_, std::memory_order_release);
  publisher_ = std::make_unique<EventPublisher>(
      events_, PublisherHooks{encode_blocks, [this] { signal_.raise(); }, [this](const std::string& reason) { failed(reason); }});
  journal_->start();
}

Engine::~Engine() { close(); }

void Engine::recover() {
  const std::uint64_t published_before = events_.last_seq();
  recovery_.snapshot_seq = load_newest_snapshot();
  replay(recovery_.snapshot_seq);
  const std::vector<std::uint64_t> snapshots = snapshots_.list();
  const std::uint64_t proved = std::max(published_before, snapshots.empty() ? 0 : snapshots.front());
  if (recovery_.last_seq < proved) {
    throw LogCorrupt(storage_.journal->path(""), 0, recovery_.last_seq + 1,
                     "the journal ends before command " + std::to_string(proved) + ", which was durable");
  }
  last_seq_ = recovery_.last_seq;
  time_ns_ = core_->last_stamp().time_ns;
  snapshot_seq_.store(recovery_.snapshot_seq, std::memory_order_release);
}

// A snapshot is usable only if the events up to it are there: those are not written again.
std::uint64_t Engine::load_newest_snapshot() {
  for (const std::uint64_t engine_seq : snapshots_.list()) {
    if (events_.last_seq() < engine_seq) {
      recovery_.notes.push_back("events before snapshot " + std::to_string(engine_seq) + " are missing: made again");
      continue;
    }
    if (load(engine_seq)) {
      events_.cut_after(engine_seq);
      return engine_seq;
    }
    recovery_.notes.push_back("snapshot " + std::to_string(engine_seq) + " is damaged: an older one is used");
  }
  core_.emplace(options_.limits, options_.shard);
  events_.cut_after(0);
  return 0;
}

bool Engine::load(std::uint64_t engine_seq) {
  const std::optional<Snapshot> snapshot = snapshots_.load(engine_seq);
  if (!snapshot || snapshot->shard != options_.shard) return false;
  core_.emplace(options_.limits, options_.shard);
  SavedState state(snapshot->state);
  return core_->load(state) && state.at_end() && core_->last_stamp().engine_seq == engine_seq &&
         core_->state_hash() == snapshot->state_hash;
}

void Engine::replay(std::uint64_t after_seq) {
  ByteBuffer blocks;
  ByteBuffer encoded;
  ByteBuffer ignored;
  const auto write = [&](std::uint64_t last_seq) {
    encode_blocks(blocks.view(), encoded);
    events_.append(last_seq, encoded.view());
    blocks.clear();
    encoded.clear();
  };
  std::uint64_t seq = after_seq;
  recovery_.last_seq = journal_->recover(after_seq, [&](const Record& record) {
    batch_.clear();
    const std::span payload(reinterpret_cast<const std::byte*>(record.payload.data()), record.payload.size());
    if (Core::decode_command(payload, batch_) != Reason::kNone) {
      throw LogCorrupt(storage_.journal->path(""), 0, record.engine_seq, "the record is not a command");
    }
    ignored.clear();
    core_->apply(batch_.commands.front(), Stamp{record.engine_seq, record.time_ns}, ignored, blocks);
    seq = record.engine_seq;
    if (blocks.size() >= kReplayChunkBytes) write(seq);
  });
  if (!blocks.empty()) write(seq);
}

}  // namespace exchange::engine::log
