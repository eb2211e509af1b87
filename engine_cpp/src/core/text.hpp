// Short text held in place.
//
// Invariants:
//   1. `size <= kCapacity`; bytes past `size` are zero, so equal text has equal bytes.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace exchange::engine {

template <std::size_t kCapacity>
struct ShortText {
  static_assert(kCapacity < 256);
  std::uint8_t size = 0;
  std::array<char, kCapacity> bytes{};

  ShortText() = default;
  explicit ShortText(std::string_view text) noexcept : size(static_cast<std::uint8_t>(text.size())) {
    assert(text.size() <= kCapacity);
    std::memcpy(bytes.data(), text.data(), text.size());
  }

  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

[[nodiscard]] constexpr bool is_upper_or_digit(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

[[nodiscard]] constexpr bool is_client_id_char(char c) noexcept {
  return is_upper_or_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

}  // namespace exchange::engine
