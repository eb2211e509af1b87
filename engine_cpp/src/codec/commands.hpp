// From the requests of clients to the commands of the engine: exactly, or not at all.
//
// Invariants:
//   1. What is refused here is what the call for the one request would be refused for, with the same reason:
//      `services/orders/usecases/translate.py` in this language. The grid is the engine's business.
//   2. A command is written only once all of its request is known to be good.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "exchange/codec/batch.hpp"
#include "exchange/codec/instruments.hpp"
#include "exchange/engine/byte_buffer.hpp"
#include "requests.hpp"

namespace exchange::codec {

// An order as the engine takes it; views lead into the request.
struct NewOrder {
  PlaceRequest asked;
  const Instrument* instrument = nullptr;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t quote_budget = 0;
  std::int64_t trigger_price = 0;
  std::int64_t display_quantity = 0;
  std::int64_t min_quantity = 0;
  std::int64_t expire_time_ns = 0;
};

struct NewGroup {
  LinkType link_type{};
  std::array<NewOrder, kMaxLegs> orders;
  std::size_t count = 0;
};

// Each reads a request, and says why it is refused; an instrument that is not known goes to `unknown`.
[[nodiscard]] Reason translate(std::string_view request, const Setting& setting, NewOrder& out, std::string_view& unknown);
[[nodiscard]] Reason translate(std::string_view request, const Setting& setting, NewGroup& out, std::string_view& unknown);

// Each translates a request and writes its `Command`; `about` is the instrument that it names.
[[nodiscard]] Reason write_amend(std::string_view request, const Setting& setting, engine::ByteBuffer& out,
                                 const Instrument*& about, std::string_view& unknown);
[[nodiscard]] Reason write_cancel(std::string_view request, const Setting& setting, engine::ByteBuffer& out);
[[nodiscard]] Reason write_mass_cancel(std::string_view request, const Setting& setting, engine::ByteBuffer& out,
                                       std::string_view& unknown);

// The `Command` that enters an order, a group, or all of several orders.
void write_place(const NewOrder& order, const Setting& setting, engine::ByteBuffer& out);
void write_group(const NewGroup& group, const Setting& setting, engine::ByteBuffer& out);
void write_together(std::span<const NewOrder> orders, const Setting& setting, engine::ByteBuffer& out);

}  // namespace exchange::codec
