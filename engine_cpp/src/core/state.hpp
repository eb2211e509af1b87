// The bytes of a saved state: integers in little-endian order, text with its length, no padding.
//
// Invariants:
//   1. Only logical content is written, in an order that follows from the history: never slots, never hash order.
//   2. A reader never trusts: after the first read that fails all reads answer zero and `ok()` is false.
//
// Threads: none; one writer or reader belongs to one caller.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "exchange/engine/core.hpp"
#include "text.hpp"

namespace exchange::engine {

template <class T>
concept StateScalar = std::integral<T> || std::is_enum_v<T>;

class StateWriter {
 public:
  explicit StateWriter(Sink& sink) : sink_(sink) {}
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;
  ~StateWriter() { flush(); }

  template <StateScalar... Ts>
  void put(Ts... values) {
    (put_one(static_cast<std::uint64_t>(values), sizeof(Ts)), ...);
  }

  void put_text(std::string_view text) {
    put(static_cast<std::uint8_t>(text.size()));
    for (const char c : text) put(c);
  }

  void flush() {
    sink_.write(std::span(buffer_).first(used_));
    used_ = 0;
  }

 private:
  void put_one(std::uint64_t value, std::size_t size) {
    if (used_ + size > buffer_.size()) flush();
    for (std::size_t i = 0; i < size; ++i) buffer_[used_++] = static_cast<std::byte>(value >> (8 * i));
  }

  Sink& sink_;
  std::size_t used_ = 0;
  std::array<std::byte, 16'384> buffer_;
};

class StateReader {
 public:
  explicit StateReader(Source& source) : source_(source) {}

  template <StateScalar... Ts>
  void get(Ts&... values) {
    (get_one(values), ...);
  }

  template <std::size_t kCapacity>
  void get_text(ShortText<kCapacity>& text) {
    std::uint8_t size = 0;
    get(size);
    if (size > kCapacity) ok_ = false;
    text = {};
    for (std::size_t i = 0; ok_ && i < size; ++i) get(text.bytes[i]);
    text.size = ok_ ? size : std::uint8_t{0};
  }

  // A count of items that follow; zero, and no longer ok, if there is no room for them.
  [[nodiscard]] std::uint32_t get_count(std::uint32_t room) {
    std::uint32_t count = 0;
    get(count);
    if (count > room) ok_ = false;
    return ok_ ? count : 0;
  }

  // Refuses the state unless `holds`.
  void require(bool holds) noexcept { ok_ = ok_ && holds; }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  template <StateScalar T>
  void get_one(T& value) {
    std::array<std::byte, sizeof(T)> bytes{};
    ok_ = ok_ && source_.read(bytes);
    std::uint64_t whole = 0;
    for (std::size_t i = 0; ok_ && i < bytes.size(); ++i) whole |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    if constexpr (std::same_as<T, bool>) {
      require(whole <= 1);
      value = whole == 1;
    } else {
      value = static_cast<T>(whole);
    }
  }

  Source& source_;
  bool ok_ = true;
};

// Is `value` an enumerator from `first` to `last`? For enums whose numbers are contiguous.
template <class Enum>
[[nodiscard]] constexpr bool is_between(Enum value, Enum first, Enum last) noexcept {
  return value >= first && value <= last;
}

}  // namespace exchange::engine
