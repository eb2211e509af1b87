// Integers of fixed width as the files hold them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace exchange::engine::log {

// Appends an integer, little endian.
template <typename Integer>
void put_fixed(std::string& out, Integer value) {
  static_assert(std::is_integral_v<Integer>);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// Reads the integer at a place.
template <typename Integer>
Integer get_fixed(std::string_view bytes, std::size_t at) noexcept {
  static_assert(std::is_integral_v<Integer>);
  assert(at + sizeof(Integer) <= bytes.size());
  Integer value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace exchange::engine::log
