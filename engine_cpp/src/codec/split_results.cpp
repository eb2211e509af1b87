#include "exchange/codec/batch.hpp"

#include "wire_fields.hpp"

namespace exchange::codec {
namespace {

constexpr std::uint32_t kResultsOfResponse = 1;  // of `SubmitResponse`
constexpr std::uint32_t kTimesOfResponse = 3;

// What `BatchTimes` says.
Turn turn_of(std::string_view times) {
  Turn turn;
  read_fields(times, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): turn.sequenced_time_ns = int64_of(in); break;
      case varint(2): turn.matched_time_ns = int64_of(in); break;
      case varint(3): turn.queue_length = in.get_uint64(); break;
      default: in.skip();
    }
  });
  return turn;
}

// The results end to end as they came; false if there are not as many as `counts` says.
bool split(std::string_view response, std::span<const std::size_t> counts, SplitResults& out) {
  std::size_t in_part = 0;
  std::size_t start = 0;
  read_fields(response, [&](Reader& in) {
    if (in.tag_and_type() == bytes(kTimesOfResponse)) {
      out.turn = turn_of(view_of(in));
      return;
    }
    const bool is_result = in.tag_and_type() == bytes(kResultsOfResponse);
    in.skip();
    if (!is_result) return;
    if (++in_part != (out.parts.size() < counts.size() ? counts[out.parts.size()] : 0)) return;
    const std::size_t end = response.size() - in.length();
    out.parts.push_back(response.substr(start, end - start));
    start = end;
    in_part = 0;
  });
  return in_part == 0 && out.parts.size() == counts.size();
}

}  // namespace

SplitResults split_results(std::string_view response, std::span<const std::size_t> counts) {
  SplitResults out;
  try {
    if (!split(response, counts, out)) out.parts.clear();
  } catch (const Unreadable&) {
    out.parts.clear();
  }
  return out;
}

}  // namespace exchange::codec
