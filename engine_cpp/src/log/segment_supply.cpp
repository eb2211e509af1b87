#include "exchange/engine/log/segment_supply.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace exchange::engine::log {
namespace {

constexpr const char* kSpareName = "spare.tmp";
constexpr std::size_t kFillBytes = 1U << 20U;

}  // namespace

SegmentSupply::SegmentSupply(Storage& storage, std::uint64_t segment_bytes, std::chrono::milliseconds space_retry)
    : storage_(storage), segment_bytes_(segment_bytes), space_retry_(space_retry), thread_([this] { run(); }) {
  assert(segment_bytes_ > 0 && segment_bytes_ % 8 == 0);
}

SegmentSupply::~SegmentSupply() { stop(); }

std::unique_ptr<File> SegmentSupply::take(const std::string& name, std::string_view header, OnFullDisk on_full_disk) {
  std::unique_ptr<File> file;
  {
    std::unique_lock lock(mutex_);
    const auto served = [&] {
      return spare_ != nullptr || failure_ != nullptr || stopping_ || (full() && on_full_disk == OnFullDisk::kThrow);
    };
    for (;;) {
      changed_.wait(lock, served);
      if (failure_ != nullptr) std::rethrow_exception(failure_);
      if (spare_ == nullptr) throw StorageError("make room for", storage_.path(name), ENOSPC);
      if (publish(name, header)) break;
      if (on_full_disk == OnFullDisk::kThrow || changed_.wait_for(lock, space_retry_, [this] { return stopping_; })) {
        throw StorageError("make room for", storage_.path(name), ENOSPC);
      }
    }
    full_.store(false, std::memory_order_release);
    file = std::move(spare_);
  }
  changed_.notify_all();
  return file;
}

void SegmentSupply::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Gives the spare file its header and its name; false, with the spare as it was, if there is no space for that.
bool SegmentSupply::publish(const std::string& name, std::string_view header) {
  try {
    spare_->write_at(0, header);
    spare_->sync();
    storage_.rename(kSpareName, name);
  } catch (const StorageError& error) {
    if (!error.out_of_space()) throw;
    full_.store(true, std::memory_order_release);
    return false;
  }
  storage_.sync_folder();
  return true;
}

void SegmentSupply::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && failure_ == nullptr) {
    lock.unlock();
    fill();
    lock.lock();
    changed_.notify_all();
    if (spare_ == nullptr && full()) {
      changed_.wait_for(lock, space_retry_, [this] { return stopping_; });
    } else {
      changed_.wait(lock, [this] { return stopping_ || spare_ == nullptr; });
    }
  }
}

void SegmentSupply::fill() {
  bool full = false;
  std::exception_ptr failure;
  try {
    make_spare();
  } catch (const StorageError& error) {
    full = error.out_of_space();
    if (!full) failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  full_.store(full, std::memory_order_release);
  failure_ = failure;
}

// A file that does not fit leaves at once: what little room there is belongs to events and snapshots. Room is set
// aside first, so that a full disk is asked again without being written to.
void SegmentSupply::make_spare() {
  std::unique_ptr<File> file = storage_.create(kSpareName);
  try {
    file->allocate(segment_bytes_);
    const std::string zeros(kFillBytes, '\0');
    for (std::uint64_t at = 0; at < segment_bytes_; at += zeros.size()) {
      file->write_at(at, std::string_view(zeros).substr(0, std::min<std::uint64_t>(zeros.size(), segment_bytes_ - at)));
    }
    file->sync();
  } catch (const StorageError& error) {
    file = nullptr;
    if (error.out_of_space()) storage_.remove(kSpareName);
    throw;
  }
  const std::lock_guard lock(mutex_);
  spare_ = std::move(file);
}

}  // namespace exchange::engine::log
