// The few protobuf fields that are written here by hand; everything else comes framed from the core.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>

namespace exchange::engine::log {

// Appends a base-128 varint.
inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  out.push_back(static_cast<char>(value));
}

// Appends a varint field, unless it has the default value.
inline void put_field(std::string& out, unsigned number, std::uint64_t value) {
  assert(number > 0 && number < 16);
  if (value == 0) return;
  out.push_back(static_cast<char>(number << 3U));
  put_varint(out, value);
}

}  // namespace exchange::engine::log
