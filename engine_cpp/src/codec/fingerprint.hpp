// The fingerprint of a request: `services/orders/fingerprint.py` in this language. Its vectors are tests of both.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace exchange::codec {

class Fingerprint {
 public:
  void add(std::uint64_t word) noexcept { hash_ = mix(hash_ ^ word); }
  void add(std::int64_t word) noexcept { add(static_cast<std::uint64_t>(word)); }

  // A field that is present, and its value.
  template <class T>
  void add_term(std::uint64_t number, T value) noexcept {
    add(number);
    add(static_cast<std::uint64_t>(value));
  }
  // A field that is present unless it has its default.
  template <class T>
  void add_term_unless_default(std::uint64_t number, T value) noexcept {
    if (value != T{}) add_term(number, value);
  }

  // An order by a client's id: `kind`, its length, and its bytes padded to five words.
  void add_name(std::uint64_t kind, std::string_view name) noexcept {
    std::uint64_t words[5]{};
    std::memcpy(words, name.data(), name.size());
    add(kind | std::uint64_t{name.size()} << 8U);
    for (const std::uint64_t word : words) add(word);
  }

  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  static std::uint64_t mix(std::uint64_t k) noexcept {
    k = (k ^ k >> 33U) * 0xFF51AFD7ED558CCDULL;
    k = (k ^ k >> 33U) * 0xC4CEB9FE1A85EC53ULL;
    return k ^ k >> 33U;
  }

  std::uint64_t hash_ = 0;
};

}  // namespace exchange::codec
