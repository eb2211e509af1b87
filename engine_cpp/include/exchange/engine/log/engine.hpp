// One shard at work: the core, its journal, its events and its snapshots behind one face.
//
// Invariants:
// 1. Commands get contiguous sequence numbers and one stamp of time a batch, never earlier than the one before.
// 2. A batch is applied and queued for the journal in one step under one mutex, so the journal holds the commands in
//    the order in which the core saw them.
// 3. What `apply`, `query` and `snapshot` return may be ahead of the journal: it carries the sequence number to wait
//    for, and leaves the process only once `durable` has reached it. What `read_events` returns is durable.
// 4. Once the journal has failed, or a second core has come to another state, nothing is applied and nothing becomes
//    durable.
// 5. A life that finds open sessions begins with a LeaderChange, before time itself does anything.
// 6. The core at work is not held up by a snapshot: a follower, a second core, makes it from the journal. It stays for
//    the next one, so an engine comes to take twice the memory of its state.
//
// "Durable" means what `EngineOptions::ack` promises.
// Files below the folder: `lock` (one process at a time), `epoch`, `released`, `journal/`, `events/`, `snapshots/`.
// Thread rules: every method may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/engine/core.hpp"
#include "exchange/engine/log/event_log.hpp"
#include "exchange/engine/log/event_publisher.hpp"
#include "exchange/engine/log/folder_lock.hpp"
#include "exchange/engine/log/follower.hpp"
#include "exchange/engine/log/history.hpp"
#include "exchange/engine/log/journal.hpp"
#include "exchange/engine/log/log.hpp"
#include "exchange/engine/log/signal.hpp"
#include "exchange/engine/log/snapshots.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// How long journal and events are kept if nothing else is said: seven days.
inline constexpr std::int64_t kKeepNs = 7LL * 24 * 3'600 * 1'000'000'000;

// What an engine is built with.
struct EngineOptions {
  std::string folder;
  std::uint8_t shard = 0;
  std::uint64_t journal_segment_bytes = 64U << 20U;
  std::uint64_t event_segment_bytes = 256U << 20U;
  Ack ack = Ack::kDurable;
  std::int64_t keep_ns = kKeepNs;   // journal and events stay at least that long
  std::string archive_folder = {};  // where segments go after that; deleted if empty
  std::string machine = machine_start();
  std::chrono::milliseconds space_retry = kSpaceRetry;
  bool populate = false;            // take the memory of all pools at the start, so that no order waits for a page
  Limits limits;
};

// The folders an engine keeps its files in.
struct EngineStorage {
  std::unique_ptr<Storage> root;
  std::unique_ptr<Storage> journal;
  std::unique_ptr<Storage> events;
  std::unique_ptr<Storage> snapshots;
  std::unique_ptr<Storage> journal_archive = nullptr;  // none: old segments are deleted
  std::unique_ptr<Storage> events_archive = nullptr;
};

// The journal has died, with the reason; or the engine is closed.
class JournalFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An answer, and the command that has to be durable before it may leave.
struct Answer {
  std::uint64_t ticket = 0;
  std::string bytes;
};

// How many levels were read, and the command that has to be durable before they may leave.
struct Levels {
  std::uint64_t ticket = 0;
  std::size_t count = 0;
};

// The best of a book; a side that is empty has none.
struct Top {
  std::uint64_t ticket = 0;
  std::optional<PriceLevel> bid;
  std::optional<PriceLevel> ask;
};

// How an engine got to where it started.
struct Recovery {
  std::uint64_t snapshot_seq = 0;  // 0: from the beginning
  std::uint64_t last_seq = 0;
  std::vector<std::string> notes;  // what an operator should know
};

// How far an engine is.
struct State {
  std::uint32_t shard = 0;
  std::uint32_t epoch = 0;
  std::uint64_t engine_seq = 0;
  std::uint64_t durable_seq = 0;
  std::uint64_t state_hash = 0;  // 0 unless asked for
  std::uint64_t snapshot_seq = 0;
  std::int64_t engine_time_ns = 0;
  std::uint64_t open_orders = 0;
};

class Engine final : private Listener {
 public:
  // Recovers: newest usable snapshot, then the journal after it. Throws LogCorrupt, StorageError.
  explicit Engine(const EngineOptions& options);
  Engine(const EngineOptions& options, EngineStorage storage);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() override;

  // Applies a serialized SubmitRequest, after the Tick that time may have made due, and answers with the serialized
  // SubmitResponse. A refused batch has ticket 0. An empty one lets time pass. Throws JournalFailed.
  Answer apply(std::span<const std::byte> submit_request, std::int64_t now_ns, CommandKinds allowed_kinds);

  // The last durable command. Throws JournalFailed.
  [[nodiscard]] std::uint64_t durable() const;
  // The last command whose events can be read.
  [[nodiscard]] std::uint64_t published() const noexcept { return publisher_->published(); }
  // True while there is no space for more: commands are refused with UNAVAILABLE, reads go on.
  [[nodiscard]] bool full() const { return journal_->full() || publisher_->full(); }
  // Becomes readable when `durable` or `published` grew, and when the journal failed; reading 8 bytes resets it.
  [[nodiscard]] int fileno() const noexcept { return signal_.fileno(); }
  // Engine time at which time itself has work to do.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const;

  // A serialized EventsResponse with the blocks after a position; `ticket` is the position after it. Empty, with the
  // same position, if there is nothing. Throws PositionGone, LogCorrupt, StorageError.
  [[nodiscard]] Answer read_events(std::uint64_t after_seq, std::uint64_t max_bytes) const;
  // A serialized EventsResponse without blocks.
  [[nodiscard]] std::string heartbeat() const;
  // The same, and as `ticket` the position to go on from; nothing if a block after `after_seq` may tell of an instrument.
  [[nodiscard]] std::optional<Answer> heartbeat_without_instruments(std::uint64_t after_seq) const;
  // Serialized EventsResponses that make up a snapshot of now.
  [[nodiscard]] std::pair<std::uint64_t, std::vector<std::string>> snapshot_parts() const;
  // An account's serialized QueryResponse; nothing if it is unknown.
  [[nodiscard]] std::optional<Answer> query(std::uint64_t account_id) const;
  // Fills `levels` with one side of a book, best first, and tells how many there were; nothing for an unknown instrument.
  [[nodiscard]] std::optional<Levels> depth(std::uint32_t instrument_id, Side side, std::span<PriceLevel> levels) const;
  // The best level of both sides, at one command; nothing for an unknown instrument.
  [[nodiscard]] std::optional<Top> top(std::uint32_t instrument_id) const;
  // How far the engine is. The hash is a walk over the whole state, under the mutex; the next snapshot's follower is
  // held against it. Throws StateDiverged.
  State state(bool with_hash = false);
  [[nodiscard]] const Recovery& recovery() const noexcept { return recovery_; }

  // Writes the state of now to disk, once its events are published, and lets segments go that are old and not needed.
  // Returns how far the engine then was. Throws JournalFailed, StateDiverged, LogCorrupt, StorageError.
  State take_snapshot();
  // Commits what is queued, then stops and lets go of the folder. Only reads can follow.
  void close();

 private:
  void committed(std::uint64_t engine_seq) override;
  void synced(std::uint64_t engine_seq) override;
  void failed(const std::string& reason) override;

  void recover();
  void load_newest_snapshot();
  bool load(std::uint64_t engine_seq);
  bool journal_reaches(std::uint64_t after_seq) const;
  void replay(std::uint64_t after_seq);
  void settle_history(std::uint64_t published_seq);
  void leave_history() noexcept;
  void wait_until_synced(std::uint64_t engine_seq);
  Snapshot follow(std::uint64_t until_seq);
  void note_snapshot(std::uint64_t engine_seq, std::uint64_t state_hash);
  void compare(std::uint64_t engine_seq, std::uint64_t state_hash);
  void retire();
  Reason admit(std::span<const std::byte> submit_request, CommandKinds allowed_kinds);
  void sequence_batch(std::int64_t time_ns);
  void sequence(const Command& command, std::int64_t time_ns);
  void begin_to_lead(std::int64_t time_ns);
  void tick_if_due(std::int64_t time_ns);
  void hand_over(std::int64_t time_ns);
  void require_alive() const;
  void require_open() const;
  State state_locked(bool with_hash) const;
  std::string response_head(std::uint64_t durable_seq) const;

  const EngineOptions options_;
  EngineStorage storage_;
  std::optional<FolderLock> lock_;  // until the engine is closed
  Signal signal_;
  History history_;
  EventLog events_;
  Snapshots snapshots_;
  Recovery recovery_;
  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> snapshot_seq_{0};
  std::atomic<std::uint64_t> instruments_seq_{0};  // no command after it told of an instrument

  mutable std::mutex failure_mutex_;
  std::condition_variable synced_changed_;
  std::uint64_t synced_ = 0;
  std::string failure_;  // empty while all is well

  std::mutex hashes_mutex_;    // over the hashes of the core at work, and that of the newest snapshot
  StateHashes live_hashes_;
  std::uint64_t snapshot_hash_ = 0;

  std::mutex snapshot_mutex_;  // one snapshot at a time, and over the core that makes them; taken before mutex_
  std::unique_ptr<Follower> follower_;
  mutable std::mutex mutex_;   // over the core and what belongs to a batch under way
  std::optional<Core> core_;
  std::uint64_t last_seq_ = 0;
  std::int64_t time_ns_ = 0;
  Batch batch_;
  std::string records_;
  ByteBuffer results_;
  ByteBuffer blocks_;
  bool leads_ = false;  // something was sequenced in this life
  bool closed_ = false;

  // Last, so that their threads end before what they use.
  std::unique_ptr<EventPublisher> publisher_;
  std::unique_ptr<Journal> journal_;
};

// Opens the folders of an engine on the local file system.
EngineStorage open_engine_folders(const std::string& folder, const std::string& archive_folder = {});

}  // namespace exchange::engine::log
