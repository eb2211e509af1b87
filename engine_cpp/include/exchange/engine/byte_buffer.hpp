// Bytes that grow at their end.
//
// Invariants:
//   1. Growing doubles, and what is added is not cleared first: whoever extends writes every byte.
//   2. `clear` keeps the memory, so a buffer that is reused from batch to batch stops allocating.
//
// Threads: a plain value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace exchange::engine {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  // Adds `count` bytes and answers where they begin; valid until the next call.
  [[nodiscard]] char* extend(std::size_t count) {
    char* const at = reserve(count);
    size_ += count;
    return at;
  }

  // Makes room for `count` bytes and answers where they would begin; `end_at` says how many it came to.
  [[nodiscard]] char* reserve(std::size_t count) {
    if (count > capacity_ - size_) [[unlikely]] grow(count);
    return bytes_.get() + size_;
  }
  // One past the room there is.
  [[nodiscard]] char* limit() noexcept { return bytes_.get() + capacity_; }
  void end_at(const char* end) noexcept { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  void append(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }

  // A byte that was added before.
  [[nodiscard]] char* at(std::size_t offset) noexcept { return bytes_.get() + offset; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  void clear() noexcept { size_ = 0; }

 private:
  static constexpr std::size_t kFirstCapacity = 4'096;

  [[gnu::noinline, gnu::cold]] void grow(std::size_t count) {
    const std::size_t capacity = std::max({kFirstCapacity, capacity_ * 2, size_ + count});
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace exchange::engine
