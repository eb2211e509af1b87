#include "exchange/history/private_events.hpp"

#include <stdexcept>

#include "events.hpp"

namespace exchange::history {

PrivateEvents private_events_of(std::string_view block) {
  PrivateEvents told;
  const auto tell = [&told](std::uint32_t kind, std::string_view body, std::string_view event, const Place& place,
                            std::uint64_t) {
    told.engine_seq = place.engine_seq;
    told.time_ns = static_cast<std::int64_t>(place.time_ns);
    told.lists_instruments = told.lists_instruments || kind == kInstrumentUpdated;
    each_owner(kind, body, [&](std::uint64_t account, std::uint64_t seq) {
      told.events.push_back({account, seq, event});
    });
  };
  try {
    each_event(block, tell);
  } catch (const protozero::exception&) {
    throw std::invalid_argument("not a block of the engine");
  }
  return told;
}

}  // namespace exchange::history
