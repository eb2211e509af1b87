// Protobuf's wire format, written straight into a buffer.
//
// Invariants:
//   1. A field with its default value is left out; every varint, lengths of messages included, is the shortest.
//
// Threads: none; a writer belongs to one call.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "exchange/engine/byte_buffer.hpp"

namespace exchange::engine {

// Fields and numbers, written to memory that has room for them. Each answers where it ended.
namespace wire {

using Field = std::uint32_t;

inline constexpr std::size_t kMaxVarint = 10;
inline constexpr std::size_t kMaxField = 2 + kMaxVarint;

[[nodiscard]] inline char* put_varint(char* at, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7U) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

// A key is known when this is compiled, and so is how many bytes it takes.
[[nodiscard, gnu::always_inline]] inline char* put_key(char* at, Field field, std::uint32_t wire_type) noexcept {
  const Field key = field << 3U | wire_type;
  assert(key < 0x80U * 0x80U);
  if (key >= 0x80) *at++ = static_cast<char>(key | 0x80);
  *at++ = static_cast<char>(key < 0x80 ? key : key >> 7U);
  return at;
}

}  // namespace wire

class WireWriter {
 public:
  using Field = wire::Field;

  explicit WireWriter(ByteBuffer& out) noexcept : out_(out) {}
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  [[gnu::always_inline]] void put(Field field, T value) {
    if (value != T{}) put_present(field, value);
  }

  // A field whose presence says something: written with its default value too.
  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  [[gnu::always_inline]] void put_present(Field field, T value) {
    char* const at = wire::put_key(out_.reserve(wire::kMaxField), field, 0);
    out_.end_at(wire::put_varint(at, static_cast<std::uint64_t>(value)));
  }

  // A `sint64`.
  void put_signed(Field field, std::int64_t value) {
    put(field, zigzag(value));
  }
  // A `sint64` whose presence says something.
  void put_signed_present(Field field, std::int64_t value) { put_present(field, zigzag(value)); }

  void put(Field field, std::string_view text) {
    if (text.empty()) return;
    char* at = wire::put_key(out_.reserve(wire::kMaxField + text.size()), field, 2);
    at = wire::put_varint(at, text.size());
    std::memcpy(at, text.data(), text.size());
    out_.end_at(at + text.size());
  }

  // Several enumerators, packed.
  template <class Enum>
  void put_packed(Field field, std::span<const Enum> values) {
    if (values.empty()) return;
    message(field, [&](WireWriter&) {
      for (const Enum value : values) out_.end_at(wire::put_varint(out_.reserve(wire::kMaxVarint), static_cast<std::uint64_t>(value)));
    });
  }

  // A message of what `write(*this)` puts.
  template <class Write>
  void message(Field field, Write write) {
    out_.end_at(wire::put_key(out_.reserve(wire::kMaxField), field, 2) + 1);
    const std::size_t start = out_.size();
    write(*this);
    close(start);
  }

 private:
  [[nodiscard]] static std::uint64_t zigzag(std::int64_t value) noexcept {
    return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U);
  }

  // Puts the length into the byte kept before `start`; a longer one pushes the message back.
  void close(std::size_t start) {
    const std::size_t size = out_.size() - start;
    if (size < 0x80) {
      *out_.at(start - 1) = static_cast<char>(size);
      return;
    }
    char length[wire::kMaxVarint];
    const auto bytes = static_cast<std::size_t>(wire::put_varint(length, size) - length);
    static_cast<void>(out_.extend(bytes - 1));
    std::memmove(out_.at(start + bytes - 1), out_.at(start), size);
    std::memcpy(out_.at(start - 1), length, bytes);
  }

  ByteBuffer& out_;
};

// A message of a few numbers, complete at the end of its writer's life.
class ShortMessage {
 public:
  static constexpr std::size_t kMaxFields = 8;

  ShortMessage(ByteBuffer& out, wire::Field field)
      : out_(out), start_(wire::put_key(out.reserve(kMaxBytes), field, 2) + 1), at_(start_) {}
  ShortMessage(const ShortMessage&) = delete;
  ShortMessage& operator=(const ShortMessage&) = delete;
  ~ShortMessage() {
    start_[-1] = static_cast<char>(at_ - start_);
    out_.end_at(at_);
  }

  template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  [[gnu::always_inline]] void put(wire::Field field, T value) {
    if (value != T{}) at_ = wire::put_varint(wire::put_key(at_, field, 0), static_cast<std::uint64_t>(value));
  }

 private:
  static constexpr std::size_t kMaxBytes = 3 + kMaxFields * wire::kMaxField;
  static_assert(kMaxBytes < 0x80, "the length takes one byte");

  ByteBuffer& out_;
  char* start_;
  char* at_;
};

}  // namespace exchange::engine
