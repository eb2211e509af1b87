// Snapshots, and what may go once one is there.
#include <cassert>
#include <future>
#include <memory>
#include <utility>

#include "exchange/engine/log/engine.hpp"

namespace exchange::engine::log {
namespace {

// Hashes of the core at work that wait for a follower to come by.
constexpr std::size_t kMostLiveHashes = 16;

}  // namespace

State Engine::take_snapshot() {
  const std::lock_guard one_at_a_time(snapshot_mutex_);
  State state;
  {
    const std::lock_guard lock(mutex_);
    require_open();
    state = state_locked(false);
  }
  if (state.engine_seq > state.snapshot_seq) {
    wait_until_synced(state.engine_seq);
    if (!publisher_->wait_for(state.engine_seq)) {
      require_alive();
      throw JournalFailed("the engine closed before the snapshot");
    }
    const Snapshot snapshot = follow(state.engine_seq);
    events_.sync();
    snapshots_.publish(snapshot);
    note_snapshot(snapshot.engine_seq, snapshot.state_hash);
    retire();
  }
  const std::lock_guard lock(hashes_mutex_);
  state.snapshot_seq = state.engine_seq;
  state.state_hash = snapshot_hash_;
  return state;
}

void Engine::wait_until_synced(std::uint64_t engine_seq) {
  std::unique_lock lock(failure_mutex_);
  synced_changed_.wait(lock, [&] { return synced_ >= engine_seq || !failure_.empty(); });
  if (synced_ < engine_seq) throw JournalFailed(failure_);
}

// Makes the snapshot with a core of its own, in a thread of its own. That core is kept for the next snapshot: one that
// is loaded anew takes all its memory from the system again, which costs more than what it replays. One that failed is
// not trusted any more. The thread's priority is that of the others: while it maps memory it holds up every thread of
// the process, so on a busy machine giving way would hold up the market.
Snapshot Engine::follow(std::uint64_t until_seq) {
  StateHashes expected;
  {
    const std::lock_guard lock(hashes_mutex_);
    expected = live_hashes_;
  }
  const auto make = [&] {
    std::unique_ptr<Follower> follower = std::move(follower_);
    if (!follower) follower = std::make_unique<Follower>(snapshots_, until_seq, options_.limits, options_.shard);
    follower->follow(*storage_.journal, until_seq, expected);
    Snapshot snapshot = follower->snapshot();
    follower_ = std::move(follower);
    return snapshot;
  };
  try {
    return std::async(std::launch::async, make).get();
  } catch (const StateDiverged& diverged) {
    failed(diverged.what());
    throw;
  }
}

// Hashes up to a snapshot have been held against its follower.
void Engine::note_snapshot(std::uint64_t engine_seq, std::uint64_t state_hash) {
  const std::lock_guard lock(hashes_mutex_);
  live_hashes_.erase(live_hashes_.begin(), live_hashes_.upper_bound(engine_seq));
  snapshot_hash_ = state_hash;
  snapshot_seq_.store(engine_seq, std::memory_order_release);
}

// Holds a hash of the core at work against the newest snapshot's, or keeps it for the next follower.
void Engine::compare(std::uint64_t engine_seq, std::uint64_t state_hash) {
  const std::lock_guard lock(hashes_mutex_);
  const std::uint64_t snapshot_seq = snapshot_seq_.load(std::memory_order_acquire);
  if (engine_seq > snapshot_seq) {
    live_hashes_[engine_seq] = state_hash;
    if (live_hashes_.size() > kMostLiveHashes) live_hashes_.erase(live_hashes_.begin());
  } else if (engine_seq == snapshot_seq && engine_seq > 0 && state_hash != snapshot_hash_) {
    const StateDiverged diverged(engine_seq, snapshot_hash_, state_hash);
    failed(diverged.what());
    throw diverged;
  }
}

// One snapshot alone is not trusted with being the only way back.
void Engine::retire() {
  const std::vector<std::uint64_t> kept = snapshots_.list();
  if (kept.size() < 2) return;
  std::int64_t now_ns = 0;
  {
    const std::lock_guard lock(mutex_);
    now_ns = time_ns_;
  }
  Retirement retirement{kept.back(), now_ns - options_.keep_ns, storage_.journal_archive.get()};
  retire_journal(*storage_.journal, retirement);
  retirement.archive = storage_.events_archive.get();
  events_.retire(retirement);
}

}  // namespace exchange::engine::log
