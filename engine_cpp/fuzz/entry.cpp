// Any bytes as a client's message and as the engine's answer to it. The first two bytes say where one ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "exchange/codec/batch.hpp"

namespace {

using exchange::codec::Batch;
using exchange::codec::Instruments;
using exchange::codec::Message;
using exchange::codec::MessageKind;
using exchange::codec::ReasonNames;

const Instruments& instruments() {
  static const Instruments known = [] {
    Instruments made;
    made.know({7, "BTC-KK99", 2, 4, 6});
    return made;
  }();
  return known;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t split = std::min(std::size_t{data[0]} | std::size_t{data[1]} << 8U, bytes.size());
  const std::vector<char> sent(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(split));  // alone, as in `fuzzing::alone`
  const Message message = exchange::codec::read_message({sent.data(), sent.size()});
  if (message.kind != MessageKind::kBatch) return 0;
  static const ReasonNames names({{1, "INVALID_FIELD"}}, "INTERNAL");
  Batch batch(message.body, {instruments(), {.account_id = 1, .session_id = 2, .now_ns = 3}}, names);
  require(batch.command_count() <= batch.item_count());
  if (batch.fault() != exchange::codec::BatchFault::kNone) return 0;
  if (!batch.answer(bytes.substr(split), {})) return 0;
  for (const auto& item : batch.refused()) batch.explain(item.index, "words");
  static_cast<void>(batch.write());
  return 0;
}
