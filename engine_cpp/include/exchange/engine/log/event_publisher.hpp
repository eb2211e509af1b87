// Brings events into the event log once their commands are durable, as the wire bytes that readers get: the core is not
// kept waiting for those.
//
// Invariants:
// 1. Nothing is written, and so nothing can be read, before the journal has committed the command that caused it.
// 2. While there is no space, events wait in memory and `full` says so: whoever feeds the publisher stops.
// 3. Any other failure is final and reported once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/log/event_log.hpp"

namespace exchange::engine::log {

// What the publisher calls, in its thread.
struct PublisherHooks {
  // Appends, to what the log takes, the blocks as they were added.
  std::function<void(std::string_view blocks, ByteBuffer& out)> encode;
  std::function<void()> published;
  std::function<void(const std::string& reason)> failed;
};

// Owns one thread. `add` and `release` may be called from different threads.
class EventPublisher {
 public:
  EventPublisher(EventLog& log, PublisherHooks hooks, std::chrono::milliseconds space_retry = kSpaceRetry);
  EventPublisher(const EventPublisher&) = delete;
  EventPublisher& operator=(const EventPublisher&) = delete;
  ~EventPublisher();

  // Queues the blocks of all commands up to `last_seq`. Gives an empty buffer for the next ones, with the memory of one
  // that was written if there is one: a batch makes megabytes of blocks, and new memory costs as much as they do.
  ByteBuffer add(std::uint64_t last_seq, ByteBuffer blocks);
  // Everything up to this command is durable.
  void release(std::uint64_t durable_seq);
  // The last command whose events can be read.
  [[nodiscard]] std::uint64_t published() const noexcept { return published_.load(std::memory_order_acquire); }
  // Waits until the events of a command can be read; false if that will not happen.
  bool wait_for(std::uint64_t engine_seq);
  // True while there is no space for events.
  [[nodiscard]] bool full() const noexcept { return full_.load(std::memory_order_acquire); }
  // Writes what is released, then stops; `abandon` does not wait for it.
  void close();
  void abandon();

 private:
  struct Chunk {
    std::uint64_t last_seq = 0;
    ByteBuffer blocks;
  };

  void run();
  bool next(Chunk& chunk);
  void write(Chunk& chunk);

  EventLog& log_;
  const PublisherHooks hooks_;
  const std::chrono::milliseconds space_retry_;
  std::atomic<std::uint64_t> published_;
  std::atomic<bool> full_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Chunk> chunks_;
  ByteBuffer written_;  // memory of blocks that were written, empty
  std::uint64_t released_ = 0;
  bool closing_ = false;
  bool stopped_ = false;
  ByteBuffer encoded_;  // of the thread
  std::thread thread_;
};

}  // namespace exchange::engine::log
