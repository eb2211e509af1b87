#include "exchange/engine/log/segment_supply.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <utility>

namespace exchange::engine::log {
namespace {

constexpr const char* kSpareName = "spare.tmp";
constexpr std::size_t kFillBytes = 1U << 20U;
constexpr std::chrono::milliseconds kSpaceRetry{200};

}  // namespace

SegmentSupply::SegmentSupply(Storage& storage, std::uint64_t segment_bytes)
    : storage_(storage), segment_bytes_(segment_bytes), thread_([this] { run(); }) {
  assert(segment_bytes_ > 0 && segment_bytes_ % 8 == 0);
}

SegmentSupply::~SegmentSupply() { stop(); }

std::unique_ptr<File> SegmentSupply::take(const std::string& name, std::string_view header) {
  std::unique_ptr<File> file;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return spare_ != nullptr || failure_ != nullptr || stopping_; });
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    if (spare_ == nullptr) throw StorageError("make room for", storage_.path(name), ENOSPC);
    file = std::move(spare_);
    file->write_at(0, header);
    file->sync();
    storage_.rename(kSpareName, name);
    storage_.sync_folder();
  }
  changed_.notify_all();
  return file;
}

bool SegmentSupply::full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

void SegmentSupply::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SegmentSupply::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && failure_ == nullptr) {
    lock.unlock();
    fill();
    lock.lock();
    changed_.notify_all();
    const auto wanted = [this] { return stopping_ || (spare_ == nullptr && !full_); };
    if (full_) {
      changed_.wait_for(lock, kSpaceRetry, [this] { return stopping_; });
    } else {
      changed_.wait(lock, wanted);
    }
  }
}

void SegmentSupply::fill() {
  std::unique_ptr<File> file;
  bool full = false;
  std::exception_ptr failure;
  try {
    file = storage_.create(kSpareName);
    const std::string zeros(kFillBytes, '\0');
    for (std::uint64_t at = 0; at < segment_bytes_; at += zeros.size()) {
      file->write_at(at, std::string_view(zeros).substr(0, std::min<std::uint64_t>(zeros.size(), segment_bytes_ - at)));
    }
    file->sync();
  } catch (const StorageError& error) {
    file = nullptr;
    full = error.out_of_space();
    if (!full) failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  spare_ = std::move(file);
  full_ = full;
  failure_ = failure;
}

}  // namespace exchange::engine::log
