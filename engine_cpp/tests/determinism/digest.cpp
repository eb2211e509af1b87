#include "digest.hpp"

namespace exchange::engine::testing {

void Digest64::take(std::string_view bytes) noexcept {
  for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 1'099'511'628'211U;
}

std::string hex(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t digit = out.size(); digit-- > 0; value >>= 4U) out[digit] = "0123456789abcdef"[value & 15U];
  return out;
}

}  // namespace exchange::engine::testing
