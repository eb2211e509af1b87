#include "exchange/engine/log/journal.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "exchange/engine/log/record.hpp"

namespace exchange::engine::log {
namespace {

// Parts of a segment that one group may fill: bounds the copy, and leaves several groups to a segment.
constexpr std::uint64_t kGroupsPerSegment = 4;

}  // namespace

Journal::Journal(Storage& storage, const JournalOptions& options, Listener& listener)
    : storage_(storage), options_(options), listener_(listener), supply_(storage, options.segment_bytes, options.space_retry) {}

Journal::~Journal() { close(); }

std::uint64_t Journal::recover(std::uint64_t after_seq, const Visitor& visit) {
  assert(!thread_.joinable());
  const JournalEnd end = read_journal(storage_, options_.shard, after_seq, visit);
  last_seq_ = end.last_seq;
  time_ns_ = end.time_ns;
  if (end.segment.empty()) {
    rotate();
    return last_seq_;
  }
  file_ = storage_.open(end.segment);
  chain_ = Chain(end.link);
  offset_ = end.offset;
  capacity_ = std::max(file_->size(), end.offset + kSealBytes);  // made with the size that was set then
  unsealed_ = end.unsealed;
  cut(end);
  return last_seq_;
}

void Journal::start() {
  assert(file_ != nullptr && !thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Journal::append(RecordBatch batch) {
  assert(!batch.records.empty() && batch.records.size() <= max_batch_bytes());
  {
    const std::lock_guard lock(mutex_);
    assert(!closing_);
    queue_.push_back(std::move(batch));
  }
  queued_.notify_one();
}

bool Journal::full() const { return supply_.full() || full_.load(std::memory_order_acquire); }

void Journal::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  queued_.notify_one();
  if (thread_.joinable()) thread_.join();
  supply_.stop();
}

std::uint64_t Journal::max_batch_bytes() const noexcept { return options_.segment_bytes / kGroupsPerSegment; }

void Journal::run() {
  try {
    while (next_group()) commit_group();
    seal_now();
    file_->sync();
  } catch (const std::exception& error) {
    listener_.failed(error.what());
  }
}

// Waits for work; false once there is none left and none will come.
bool Journal::next_group() {
  std::unique_lock lock(mutex_);
  if (queue_.empty() && !unsealed_.empty()) {
    lock.unlock();  // idle: prove now that the last group was durable
    seal_now();
    lock.lock();
  }
  queued_.wait(lock, [this] { return closing_ || !queue_.empty(); });
  std::uint64_t bytes = 0;
  while (!queue_.empty() && bytes + queue_.front().records.size() <= max_batch_bytes()) {
    bytes += queue_.front().records.size();
    group_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !group_.empty();
}

void Journal::commit_group() {
  assert(!group_.empty());
  buffer_.clear();
  take_seal(buffer_);
  for (const RecordBatch& batch : group_) unsealed_ += batch.records;
  // The seal that will follow this group has to fit behind it.
  if (offset_ + buffer_.size() + unsealed_.size() + kSealBytes > capacity_) {
    write(buffer_);
    buffer_.clear();
    rotate();
  }
  buffer_ += unsealed_;
  write(buffer_);
  last_seq_ = group_.back().last_seq;
  time_ns_ = group_.back().time_ns;
  group_.clear();
  if (options_.ack == Ack::kWritten) listener_.committed(last_seq_);
  file_->sync();
  listener_.synced(last_seq_);
  if (options_.ack == Ack::kDurable) listener_.committed(last_seq_);
}

// Goes on in a new segment. The old one is sealed and durable before the new one exists.
void Journal::rotate() {
  if (file_ != nullptr) file_->sync();
  const SegmentHeader header{options_.shard, last_seq_ + 1, chain_.last()};
  const OnFullDisk on_full_disk = thread_.joinable() ? OnFullDisk::kWait : OnFullDisk::kThrow;
  file_ = supply_.take(segment_name(header.first_seq), encode_header(header), on_full_disk);
  offset_ = kSegmentHeaderBytes;
  capacity_ = options_.segment_bytes;
}

void Journal::seal_now() {
  buffer_.clear();
  take_seal(buffer_);
  write(buffer_);
}

// Appends the seal over what is durable and not yet sealed, if there is any.
void Journal::take_seal(std::string& out) {
  if (unsealed_.empty()) return;
  append_seal(out, last_seq_, time_ns_, chain_.extend(unsealed_));
  unsealed_.clear();
}

void Journal::write(std::string_view bytes) {
  assert(offset_ + bytes.size() <= capacity_);
  for (;;) {
    try {
      file_->write_at(offset_, bytes);
      break;
    } catch (const StorageError& error) {
      if (!error.out_of_space() || !thread_.joinable()) throw;
    }
    wait_for_space();
  }
  full_.store(false, std::memory_order_release);
  offset_ += bytes.size();
}

// A segment's room was taken when it was made, yet a file system that copies on write may have none left. Half a write
// does no harm: it is repeated at the same place.
void Journal::wait_for_space() {
  full_.store(true, std::memory_order_release);
  std::unique_lock lock(mutex_);
  if (queued_.wait_for(lock, options_.space_retry, [this] { return closing_; })) {
    throw std::runtime_error("no space for the journal; what was not answered is not in it");
  }
}

// Overwrites a torn end with zeros, so that no trace of it is ever taken for a record, and seals what was kept.
void Journal::cut(const JournalEnd& end) {
  file_->write_at(end.offset, std::string(static_cast<std::size_t>(end.torn_bytes), '\0'));
  file_->sync();
  seal_now();
  file_->sync();
}

}  // namespace exchange::engine::log
