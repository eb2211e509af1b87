// Reading fields as protobuf's own readers do, and the forms that the contract gives to text.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <string_view>

#include "requests.hpp"
#include "text.hpp"

namespace exchange::codec {

using Reader = protozero::pbf_reader;

// A field's number with the only wire type that it is read from: with another one it is unknown.
[[nodiscard]] constexpr std::uint32_t varint(std::uint32_t field) noexcept {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}
[[nodiscard]] constexpr std::uint32_t bytes(std::uint32_t field) noexcept {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}

[[nodiscard]] inline Reader reader_of(std::string_view bytes) noexcept { return {bytes.data(), bytes.size()}; }

[[nodiscard]] inline std::string_view view_of(Reader& in) {
  const protozero::data_view view = in.get_view();
  return {view.data(), view.size()};
}

// Calls `field(in)` at each field, which takes its value or skips it; throws `Unreadable`.
template <class Field>
void read_fields(std::string_view bytes, Field field) {
  try {
    Reader in = reader_of(bytes);
    while (in.next()) field(in);
  } catch (const protozero::exception&) {
    throw Unreadable{};
  }
}

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// A `string`; throws `Unreadable` if it is no UTF-8.
[[nodiscard]] inline std::string_view text_of(Reader& in) {
  const std::string_view text = view_of(in);
  if (!is_utf8(text)) throw Unreadable{};
  return text;
}

// An enumerator from `first` to `last`; anything else clears `well_formed` and leaves zero.
template <class Enum>
[[nodiscard]] Enum enum_of(Reader& in, bool& well_formed, Enum last, int first = 1) {
  const auto value = static_cast<std::int32_t>(in.get_uint64());
  const bool defined = value >= first && value <= static_cast<std::int32_t>(last);
  well_formed = well_formed && defined;
  return defined ? static_cast<Enum>(value) : Enum{};
}

[[nodiscard]] inline bool bool_of(Reader& in) { return in.get_uint64() != 0; }
[[nodiscard]] inline std::uint32_t uint32_of(Reader& in) { return static_cast<std::uint32_t>(in.get_uint64()); }
[[nodiscard]] inline std::int64_t int64_of(Reader& in) { return static_cast<std::int64_t>(in.get_uint64()); }
[[nodiscard]] inline std::int64_t sint64_of(Reader& in) { return protozero::decode_zigzag64(in.get_uint64()); }

[[nodiscard]] inline bool is_client_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 36 && std::ranges::all_of(text, engine::is_client_id_char);
}
[[nodiscard]] inline bool is_symbol(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 32) return false;
  if (!engine::is_upper_or_digit(text.front()) || !engine::is_upper_or_digit(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return engine::is_upper_or_digit(c) || c == '.' || c == '-'; });
}
[[nodiscard]] inline bool is_number(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= 20 && text.front() != '0' && std::ranges::all_of(text, is_digit);
}

}  // namespace exchange::codec
