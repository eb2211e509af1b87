// A digest over bytes, the same everywhere: FNV-1a, 64 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exchange::engine::testing {

class Digest64 {
 public:
  void take(std::string_view bytes) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 14'695'981'039'346'656'037U;
};

// Sixteen digits.
[[nodiscard]] std::string hex(std::uint64_t value);

}  // namespace exchange::engine::testing
