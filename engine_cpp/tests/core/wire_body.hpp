// Writing the body of a command, for tests.
#pragma once

#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>

#include "exchange/engine/command.hpp"

namespace exchange::engine::testing {

using Writer = protozero::pbf_writer;
using Tag = protozero::pbf_tag_type;

// A serialized `Command` of one kind.
template <class Write>
std::string one(CommandKind kind, Write write) {
  std::string body;
  Writer message(body);
  write(message);
  std::string out;
  Writer command(out);
  command.add_message(static_cast<Tag>(kind), body);
  return out;
}

inline void add_text(Writer& out, Tag tag, std::string_view text) {
  if (!text.empty()) out.add_string(tag, text.data(), text.size());
}

template <class Enum>
void add(Writer& out, Tag tag, Enum value) {
  out.add_enum(tag, static_cast<std::int32_t>(value));
}

// Leaves a choice out that was not made.
template <class Enum>
void add_chosen(Writer& out, Tag tag, Enum value) {
  if (value != Enum{}) add(out, tag, value);
}

}  // namespace exchange::engine::testing
