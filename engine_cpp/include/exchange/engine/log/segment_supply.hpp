// Makes journal segments ahead of their use.
//
// A write into bytes that are on the medium already needs no change of the file system's own records, so a sync after
// it is up to twice as fast: each segment is filled with zeros, and synced, before the first record. One thread of its
// own does that, always one segment ahead, so that running out of space is noticed a whole segment early.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// What to do while there is no space.
enum class OnFullDisk { kWait, kThrow };

// Hands out zero-filled files. `take` is called by one thread, `full` by any.
class SegmentSupply {
 public:
  SegmentSupply(Storage& storage, std::uint64_t segment_bytes, std::chrono::milliseconds space_retry);
  SegmentSupply(const SegmentSupply&) = delete;
  SegmentSupply& operator=(const SegmentSupply&) = delete;
  ~SegmentSupply();

  // The spare file under its final name, with its header written; both durable. Throws StorageError if making it
  // failed for good, and while there is no space: at once, or when the supply is stopped while it waits.
  std::unique_ptr<File> take(const std::string& name, std::string_view header, OnFullDisk on_full_disk);
  // True while there is no space for the next segment.
  [[nodiscard]] bool full() const noexcept { return full_.load(std::memory_order_acquire); }
  // Ends the thread.
  void stop();

 private:
  void run();
  void fill();
  void make_spare();
  bool publish(const std::string& name, std::string_view header);

  Storage& storage_;
  const std::uint64_t segment_bytes_;
  const std::chrono::milliseconds space_retry_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<File> spare_;
  std::exception_ptr failure_;
  std::atomic<bool> full_{false};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace exchange::engine::log
