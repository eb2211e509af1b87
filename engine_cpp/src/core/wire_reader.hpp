// Reading single fields from wire bytes. Strict where protobuf is lenient: what the decoder does not know, it refuses,
// because a command that is half understood would be executed half.
//
// Invariants:
//   1. A value that is returned satisfies the rule that the function's name says; anything else throws `Malformed`, or
//      protozero's own exception for bytes that are no protobuf.
//   2. Text is a view of the bytes read.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <string_view>

#include "exchange/engine/command.hpp"
#include "text.hpp"

namespace exchange::engine {

using Reader = protozero::pbf_reader;
using WireType = protozero::pbf_wire_type;

// Thrown and caught inside the decoder only.
struct Malformed {};

inline void require(bool holds) {
  if (!holds) throw Malformed{};
}

inline std::uint64_t read_uint64(Reader& in) {
  require(in.wire_type() == WireType::varint);
  return in.get_uint64();
}

inline std::int64_t read_int64(Reader& in) { return static_cast<std::int64_t>(read_uint64(in)); }

inline std::uint32_t read_uint32(Reader& in) {
  const std::uint64_t value = read_uint64(in);
  require(value <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(value);
}

inline std::int32_t read_sint32(Reader& in) {
  require(in.wire_type() == WireType::varint);
  const std::int64_t value = in.get_sint64();
  require(value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(value);
}

inline std::int64_t read_sint64(Reader& in) {
  require(in.wire_type() == WireType::varint);
  return in.get_sint64();
}

inline std::uint64_t read_fixed64(Reader& in) {
  require(in.wire_type() == WireType::fixed64);
  return in.get_fixed64();
}

inline bool read_bool(Reader& in) {
  const std::uint64_t value = read_uint64(in);
  require(value <= 1);
  return value == 1;
}

// An enumerator from 1 to `last`.
template <class Enum>
Enum read_enum(Reader& in, Enum last) {
  const std::uint64_t value = read_uint64(in);
  require(value >= 1 && value <= static_cast<std::uint64_t>(last));
  return static_cast<Enum>(value);
}

inline std::string_view read_bytes(Reader& in) {
  require(in.wire_type() == WireType::length_delimited);
  const protozero::data_view view = in.get_view();
  return {view.data(), view.size()};
}

inline std::string_view read_client_id(Reader& in) {
  const std::string_view id = read_bytes(in);
  require(!id.empty() && id.size() <= kMaxClientIdSize && std::ranges::all_of(id, is_client_id_char));
  return id;
}

// Symbols are ASCII; the listing rules say the rest.
inline std::string_view read_symbol(Reader& in) {
  const std::string_view symbol = read_bytes(in);
  require(std::ranges::all_of(symbol, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  return symbol;
}

inline Reader read_message(Reader& in) {
  require(in.wire_type() == WireType::length_delimited);
  return in.get_message();
}

// Reads `value`, the only one of a oneof: a second one would make the first a lie.
template <class Value, class Read>
void read_once(Reader& in, Value& value, bool& present, Read read) {
  require(!present);
  value = read(in);
  present = true;
}

// Reads `value` and notes that it was there.
template <class Value, class Read>
void read_present(Reader& in, Value& value, bool& present, Read read) {
  value = read(in);
  present = true;
}

}  // namespace exchange::engine
