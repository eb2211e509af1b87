// How an engine starts: the newest snapshot that is usable, then the journal after it.
//
// Replaying writes the events that the event log does not hold, so one that lost its end, or all of it, is made anew.
#include <algorithm>
#include <utility>

#include "exchange/engine/log/engine.hpp"
#include "exchange/engine/memory.hpp"

namespace exchange::engine::log {
namespace {

constexpr std::size_t kReplayChunkBytes = 1U << 20U;

}  // namespace

EngineStorage open_engine_folders(const std::string& folder, const std::string& archive_folder) {
  EngineStorage storage{open_folder(folder), open_folder(folder + "/journal"), open_folder(folder + "/events"),
                        open_folder(folder + "/snapshots")};
  if (!archive_folder.empty()) {
    storage.journal_archive = open_folder(archive_folder + "/journal");
    storage.events_archive = open_folder(archive_folder + "/events");
  }
  return storage;
}

Engine::Engine(const EngineOptions& options)
    : Engine(options, open_engine_folders(options.folder, options.archive_folder)) {}

Engine::Engine(const EngineOptions& options, EngineStorage storage)
    : options_(options),
      storage_(std::move(storage)),
      lock_(std::in_place, options.folder + "/lock"),
      history_(*storage_.root),
      events_(*storage_.events, options.event_segment_bytes),
      snapshots_(*storage_.snapshots),
      journal_(std::make_unique<Journal>(
          *storage_.journal, JournalOptions{options.shard, options.journal_segment_bytes, options.ack, options.space_retry},
          static_cast<Listener&>(*this))) {
  recover();
  durable_.store(last_seq_, std::memory_order_release);
  publisher_ = std::make_unique<EventPublisher>(
      events_, PublisherHooks{encode_blocks, [this] { signal_.raise(); },
                              [this](const std::string& reason) { failed(reason); }},
      options.space_retry);
  journal_->start();
}

Engine::~Engine() { close(); }

void Engine::recover() {
  load_newest_snapshot();
  events_.verify_after(recovery_.snapshot_seq);
  const std::uint64_t published_before = events_.last_seq();
  replay(recovery_.snapshot_seq);
  const std::vector<std::uint64_t> snapshots = snapshots_.list();
  if (!snapshots.empty() && recovery_.last_seq < snapshots.front()) {
    throw LogCorrupt(storage_.journal->path(""), 0, recovery_.last_seq + 1,
                     "the journal ends before command " + std::to_string(snapshots.front()) + ", which was durable");
  }
  settle_history(published_before);
  last_seq_ = recovery_.last_seq;
  synced_ = last_seq_;
  time_ns_ = core_->last_stamp().time_ns;
  instruments_seq_ = core_->instruments_seq();
  if (options_.populate && !populate_memory()) {
    recovery_.notes.push_back("memory is not populated: the system does not let the process lock it");
  }
}

// Decides whether what the life before released is all here. With Ack::kDurable there is no doubt about it; what was
// released earlier and is lost begins another epoch, whose events must not be taken for those of the old one.
void Engine::settle_history(std::uint64_t published_seq) {
  const bool lost = recovery_.last_seq < published_seq;
  if (lost && !history_.marked()) {
    throw LogCorrupt(storage_.journal->path(""), 0, recovery_.last_seq + 1,
                     "the journal ends before command " + std::to_string(published_seq) + ", which was durable");
  }
  if (lost || history_.in_doubt(options_.machine)) {
    history_.grow();
    events_.cut_after(recovery_.last_seq);
    recovery_.notes.push_back("answers may have been released that are lost: epoch " +
                              std::to_string(history_.epoch()) + " begins");
  }
  if (options_.ack == Ack::kWritten) {
    history_.mark(options_.machine);
  } else {
    history_.clear();
  }
}

// Says how this life ended. A file that cannot be written leaves the mark as it was, and the next start in doubt.
void Engine::leave_history() noexcept {
  const std::lock_guard lock(failure_mutex_);
  try {
    if (failure_.empty()) {
      history_.clear();
    } else if (options_.ack == Ack::kWritten) {
      history_.mark("failed");
    }
  } catch (const StorageError&) {
    return;
  }
}

// A snapshot is usable if the journal goes on from it and the events up to it are there, because those are not written
// again. If none is, events that the journal does not reach back to are given up, and the newest snapshot will do.
void Engine::load_newest_snapshot() {
  std::vector<std::uint64_t> candidates = snapshots_.list();
  candidates.push_back(0);
  std::vector<std::uint64_t> without_events;
  for (const std::uint64_t engine_seq : candidates) {
    if (!journal_reaches(engine_seq)) continue;
    if (events_.last_seq() < engine_seq) {
      without_events.push_back(engine_seq);
    } else if (load(engine_seq)) {
      for (const std::uint64_t passed : without_events) {
        recovery_.notes.push_back("events before snapshot " + std::to_string(passed) + " are missing: made again");
      }
      return;
    }
  }
  for (const std::uint64_t engine_seq : without_events) {
    if (!load(engine_seq)) continue;
    events_.begin_after(engine_seq);
    recovery_.notes.push_back("events before snapshot " + std::to_string(engine_seq) +
                              " are lost: the journal does not reach back to them");
    return;
  }
  throw LogCorrupt(storage_.snapshots->path(""), 0, 1,
                   "there is no snapshot that is whole, and the journal does not begin with command 1");
}

// The journal holds the command after this one, or nothing at all.
bool Engine::journal_reaches(std::uint64_t after_seq) const {
  const std::vector<Segment> segments = list_segments(*storage_.journal);
  return segments.empty() || segments.front().first_seq <= after_seq + 1;
}

bool Engine::load(std::uint64_t engine_seq) {
  if (engine_seq == 0) {
    core_.emplace(options_.limits, options_.shard);
    note_snapshot(0, core_->state_hash());
    return true;
  }
  core_ = load_core(snapshots_, engine_seq, options_.limits, options_.shard);
  if (!core_) {
    recovery_.notes.push_back("snapshot " + std::to_string(engine_seq) + " is damaged: an older one is used");
    return false;
  }
  recovery_.snapshot_seq = engine_seq;
  note_snapshot(engine_seq, core_->state_hash());
  return true;
}

void Engine::replay(std::uint64_t after_seq) {
  Replayer replayer;
  ByteBuffer blocks;
  ByteBuffer encoded;
  std::uint64_t seq = after_seq;
  const std::uint64_t held_seq = events_.last_seq();
  const auto write = [&] {
    encoded.clear();
    encode_blocks(blocks.view(), encoded);
    events_.append(seq, encoded.view());
    blocks.clear();
  };
  recovery_.last_seq = journal_->recover(after_seq, [&](const Record& record) {
    replayer.apply(*core_, record, blocks);
    seq = record.engine_seq;
    if (seq <= held_seq) {
      blocks.clear();
    } else if (blocks.size() >= kReplayChunkBytes) {
      write();
    }
  });
  if (!blocks.empty()) write();
}

}  // namespace exchange::engine::log
