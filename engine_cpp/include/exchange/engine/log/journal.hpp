// The log on a local disk: segments of checksummed, chained records, made durable in groups.
//
// Invariants:
// 1. The listener hears of a command only after its record is synced.
// 2. One thread writes. It takes all that has queued up while it synced the group before as the next group, so that
//    syncing overlaps with whatever fills the queue.
// 3. A failed write or sync is final: what is on the medium is then unknown, so nothing is committed ever after.
// 4. Records before the last seal are never written again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "exchange/engine/log/chain.hpp"
#include "exchange/engine/log/journal_reader.hpp"
#include "exchange/engine/log/log.hpp"
#include "exchange/engine/log/segment_supply.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// How the journal is laid out.
struct JournalOptions {
  std::uint32_t shard = 0;
  std::uint64_t segment_bytes = 64U << 20U;
  Ack ack = Ack::kDurable;
  std::chrono::milliseconds space_retry = kSpaceRetry;
};

// The local journal. `recover` once, then `start` once, then `append` from any one thread at a time.
class Journal final : public Log {
 public:
  Journal(Storage& storage, const JournalOptions& options, Listener& listener);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() override;

  // Visits every command after `after_seq`, cuts a torn end, and seals what is left. Returns the last command's
  // sequence number. Throws LogCorrupt, StorageError.
  std::uint64_t recover(std::uint64_t after_seq, const Visitor& visit);
  // Begins to commit.
  void start();

  void append(RecordBatch batch) override;
  [[nodiscard]] bool full() const override;
  void close() override;

  // Largest batch that a segment takes, in bytes of records.
  [[nodiscard]] std::uint64_t max_batch_bytes() const noexcept;

 private:
  void run();
  bool next_group();
  void commit_group();
  void rotate();
  void seal_now();
  void take_seal(std::string& out);
  void write(std::string_view bytes);
  void wait_for_space();
  void cut(const JournalEnd& end);

  Storage& storage_;
  const JournalOptions options_;
  Listener& listener_;

  // The writing thread's own, and that of `recover` before it starts.
  SegmentSupply supply_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t capacity_ = 0;
  Chain chain_;
  std::string unsealed_;  // records since the last seal
  std::uint64_t last_seq_ = 0;
  std::int64_t time_ns_ = 0;
  std::deque<RecordBatch> group_;
  std::string buffer_;
  std::atomic<bool> full_{false};

  mutable std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<RecordBatch> queue_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace exchange::engine::log
