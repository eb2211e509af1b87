#include "exchange/engine/log/event_publisher.hpp"

#include <cassert>
#include <utility>

namespace exchange::engine::log {
EventPublisher::EventPublisher(EventLog& log, PublisherHooks hooks, std::chrono::milliseconds space_retry)
    : log_(log), hooks_(std::move(hooks)), space_retry_(space_retry), published_(log.last_seq()), thread_([this] { run(); }) {}

EventPublisher::~EventPublisher() { close(); }

ByteBuffer EventPublisher::add(std::uint64_t last_seq, ByteBuffer blocks) {
  const std::lock_guard lock(mutex_);
  assert(chunks_.empty() || last_seq > chunks_.back().last_seq);
  chunks_.push_back({last_seq, std::move(blocks)});
  return std::exchange(written_, {});
}

void EventPublisher::release(std::uint64_t durable_seq) {
  {
    const std::lock_guard lock(mutex_);
    assert(durable_seq >= released_);
    released_ = durable_seq;
  }
  changed_.notify_all();
}

bool EventPublisher::wait_for(std::uint64_t engine_seq) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || published() >= engine_seq; });
  return published() >= engine_seq;
}

void EventPublisher::close() {
  abandon();
  if (thread_.joinable()) thread_.join();
}

void EventPublisher::abandon() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
}

void EventPublisher::run() {
  try {
    Chunk chunk;
    while (next(chunk)) {
      write(chunk);
      hooks_.published();
    }
  } catch (const std::exception& error) {
    hooks_.failed(error.what());
  }
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

// Waits for a chunk whose commands are durable; false once there is none and none will come.
bool EventPublisher::next(Chunk& chunk) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !chunks_.empty() && chunks_.front().last_seq <= released_; };
  changed_.wait(lock, [&] { return closing_ || ready(); });
  if (!ready()) return false;
  chunk = std::move(chunks_.front());
  chunks_.pop_front();
  return true;
}

// Repeats while there is no space: an append that failed left nothing that counts.
void EventPublisher::write(Chunk& chunk) {
  encoded_.clear();
  hooks_.encode(chunk.blocks.view(), encoded_);
  chunk.blocks.clear();
  for (;;) {
    try {
      log_.append(chunk.last_seq, encoded_.view());
      break;
    } catch (const StorageError& error) {
      if (!error.out_of_space()) throw;
    }
    full_.store(true, std::memory_order_release);
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, space_retry_, [this] { return closing_; })) {
      throw std::runtime_error("no space for events; they are made again at the next start");
    }
  }
  full_.store(false, std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
    written_ = std::move(chunk.blocks);
    published_.store(chunk.last_seq, std::memory_order_release);
  }
  changed_.notify_all();
}

}  // namespace exchange::engine::log
