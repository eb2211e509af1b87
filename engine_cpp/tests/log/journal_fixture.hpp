// A journal on storage in memory, with a listener that can be waited for.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exchange/engine/log/journal.hpp"
#include "memory_storage.hpp"

namespace exchange::engine::log {

// Keeps what the log said.
class Heard final : public Listener {
 public:
  void committed(std::uint64_t engine_seq) override {
    const std::lock_guard lock(mutex_);
    committed_ = engine_seq;
    changed_.notify_all();
  }

  void synced(std::uint64_t engine_seq) override {
    const std::lock_guard lock(mutex_);
    synced_ = engine_seq;
  }

  void failed(const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    failure_ = reason;
    changed_.notify_all();
  }

  // Waits until a command is committed or the log has failed; returns the last one committed.
  std::uint64_t wait_for(std::uint64_t engine_seq) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return committed_ >= engine_seq || !failure_.empty(); });
    return committed_;
  }

  std::string failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t committed_ = 0;
  std::uint64_t synced_ = 0;
  std::string failure_;
};

// One life of a process that writes a journal.
class JournalLife {
 public:
  explicit JournalLife(Disk& disk, std::uint64_t segment_bytes = 4096)
      : storage_(disk), journal_(storage_, {.shard = 7, .segment_bytes = segment_bytes}, heard_) {}

  // Recovers, keeps what was read, and starts.
  void begin(std::uint64_t after_seq = 0) {
    last_seq_ = journal_.recover(after_seq, [this](const Record& record) {
      commands_.emplace_back(record.payload);
    });
    journal_.start();
  }

  // Appends a batch of commands.
  void append(std::size_t commands) {
    RecordBatch batch;
    for (std::size_t i = 0; i < commands; ++i) {
      ++last_seq_;
      append_command(batch.records, last_seq_, time(), command(last_seq_));
    }
    batch.last_seq = last_seq_;
    batch.time_ns = time();
    journal_.append(std::move(batch));
  }

  // Appends and waits until it is durable.
  void commit(std::size_t commands) {
    append(commands);
    heard_.wait_for(last_seq_);
  }

  static std::string command(std::uint64_t engine_seq) { return "command " + std::to_string(engine_seq); }

  Heard& heard() { return heard_; }
  Journal& journal() { return journal_; }
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] const std::vector<std::string>& commands() const { return commands_; }

 private:
  [[nodiscard]] std::int64_t time() const { return static_cast<std::int64_t>(1000 + last_seq_); }

  Heard heard_;
  MemoryStorage storage_;
  Journal journal_;
  std::uint64_t last_seq_ = 0;
  std::vector<std::string> commands_;
};

// The commands 1 to `last_seq`.
inline std::vector<std::string> commands_up_to(std::uint64_t last_seq) {
  std::vector<std::string> commands;
  for (std::uint64_t seq = 1; seq <= last_seq; ++seq) commands.push_back(JournalLife::command(seq));
  return commands;
}

}  // namespace exchange::engine::log
