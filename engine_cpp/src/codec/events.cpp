#include "exchange/codec/events.hpp"

#include "wire_fields.hpp"
#include "wire_writer.hpp"

namespace exchange::codec {
namespace {

using engine::WireWriter;

constexpr std::uint32_t kBlocks = 4;
constexpr std::uint32_t kSnapshot = 5;
constexpr std::uint32_t kEventsOfBlock = 3;
constexpr std::uint32_t kInstrumentUpdated = 1;
constexpr std::uint32_t kOrdersOfSnapshot = 3;

// Copies each field that `keep(in)`, which does not move on, accepts.
template <class Keep>
void copy_fields(std::string_view message, engine::ByteBuffer& out, Keep keep) {
  std::size_t start = 0;
  read_fields(message, [&](Reader& in) {
    const bool kept = keep(in);
    in.skip();
    const std::size_t end = message.size() - in.length();
    if (kept) out.append(message.substr(start, end - start));
    start = end;
  });
}

// Every event is one field of its kind.
bool is_of_instrument(std::string_view event) {
  bool found = false;
  read_fields(event, [&](Reader& in) {
    found = found || in.tag() == kInstrumentUpdated;
    in.skip();
  });
  return found;
}

bool keeps_event(const Reader& in) {
  if (in.tag() != kEventsOfBlock) return true;
  Reader at = in;
  return is_of_instrument(view_of(at));
}

bool has_instruments(std::string_view block) {
  bool found = false;
  read_fields(block, [&](Reader& in) {
    found = found || (in.tag() == kEventsOfBlock && keeps_event(in));
    in.skip();
  });
  return found;
}

void copy(std::string_view response, engine::ByteBuffer& out) {
  WireWriter writer(out);
  copy_fields(response, out, [](const Reader& in) { return in.tag() != kBlocks && in.tag() != kSnapshot; });
  read_fields(response, [&](Reader& in) {
    if (in.tag_and_type() == bytes(kBlocks)) {
      const std::string_view block = view_of(in);
      if (!has_instruments(block)) return;
      writer.message(kBlocks, [&](WireWriter&) { copy_fields(block, out, keeps_event); });
    } else if (in.tag_and_type() == bytes(kSnapshot)) {
      const std::string_view snapshot = view_of(in);
      writer.message(kSnapshot, [&](WireWriter&) {
        copy_fields(snapshot, out, [](const Reader& field) { return field.tag() != kOrdersOfSnapshot; });
      });
    } else {
      in.skip();
    }
  });
}

}  // namespace

bool keep_instruments(std::string_view response, engine::ByteBuffer& out) {
  try {
    copy(response, out);
    return true;
  } catch (const Unreadable&) {
    return false;
  } catch (const protozero::exception&) {
    return false;
  }
}

}  // namespace exchange::codec
