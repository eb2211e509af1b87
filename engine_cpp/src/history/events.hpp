// Reads the engine's events: fields by number, and whose a private event is.
#pragma once

#include <bitset>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string_view>

#include "columns.hpp"
#include "exchange/history/private_events.hpp"

namespace exchange::history {

inline std::string_view view_of(const protozero::data_view& data) { return {data.data(), data.size()}; }

inline protozero::pbf_reader reader_of(std::string_view message) { return {message.data(), message.size()}; }

// A field's number with the wire type of integers.
constexpr std::uint32_t integer(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}

struct Place {
  std::uint64_t engine_seq = 0;
  std::uint64_t time_ns = 0;
};

inline constexpr std::uint32_t kInstrumentUpdated = 1;
inline constexpr std::uint32_t kOrderUpdated = 4;
inline constexpr std::uint32_t kPreventedMatch = 5;
inline constexpr std::uint32_t kTradeBusted = 17;

// Where every other private event says whose it is: the field of the event, and in it those of account and number.
struct Owner {
  std::uint32_t event;
  std::uint32_t account;
  std::uint32_t seq;
};
inline constexpr Owner kOwners[] = {{6, 1, 8},  {9, 1, 7},  {10, 1, 5}, {13, 1, 10},
                                    {21, 1, 4}, {23, 1, 5}, {24, 1, 5}, {27, 1, 7}, {30, 1, 8}};

struct Fields {
  std::uint64_t values[kOrderFields] = {};
  std::string_view texts[kOrderFields];
  std::bitset<kOrderFields> present;
};

inline Fields fields_of(std::string_view message) {
  Fields fields;
  for (auto reader = reader_of(message); reader.next();) {
    const auto field = static_cast<std::uint32_t>(reader.tag());
    if (field >= kOrderFields) {
      reader.skip();
      continue;
    }
    fields.present.set(field);
    if (reader.wire_type() == protozero::pbf_wire_type::varint) {
      fields.values[field] = reader.get_uint64();
    } else if (reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
      fields.texts[field] = view_of(reader.get_view());
    } else {
      reader.skip();
    }
  }
  return fields;
}

inline std::uint64_t integer_of(std::string_view message, std::uint32_t field) {
  std::uint64_t value = 0;
  for (auto reader = reader_of(message); reader.next(field);) value = reader.get_uint64();
  return value;
}

// Calls `tell(account, account_seq)` for each owner of a private event: none of a public one, two of a match that was
// prevented between two accounts.
template <class Tell>
void each_owner(std::uint32_t kind, std::string_view body, const Tell& tell) {
  const auto owned = [&tell](std::uint64_t account, std::uint64_t seq) {
    if (account != 0 && account < kVenueAccounts) tell(account, seq);
  };
  if (kind == kOrderUpdated) {
    std::string_view order;
    for (auto reader = reader_of(body); reader.next(2);) order = view_of(reader.get_view());
    return owned(integer_of(order, 2), integer_of(body, 4));
  }
  if (kind == kPreventedMatch) {
    const Fields match = fields_of(body);
    owned(match.values[7], match.values[9]);
    const bool one = match.values[7] == match.values[8] && match.values[9] == match.values[10];
    return one ? void() : owned(match.values[8], match.values[10]);
  }
  for (const Owner& owner : kOwners) {
    if (owner.event == kind) return owned(integer_of(body, owner.account), integer_of(body, owner.seq));
  }
}

// Calls `tell(kind, body, event, place, index)` for each event of a block, in order.
template <class Tell>
void each_event(std::string_view block, const Tell& tell) {
  Place place;
  std::uint64_t index = 0;
  for (auto reader = reader_of(block); reader.next();) {
    switch (reader.tag()) {
      case 1: place.engine_seq = reader.get_uint64(); break;
      case 2: place.time_ns = reader.get_uint64(); break;
      case 3: {
        const std::string_view event = view_of(reader.get_view());
        if (auto told = reader_of(event); told.next()) {
          const auto kind = static_cast<std::uint32_t>(told.tag());  // reading the body forgets it
          const std::string_view body = view_of(told.get_view());
          tell(kind, body, event, place, index);
        }
        ++index;
        break;
      }
      default: reader.skip();
    }
  }
}

}  // namespace exchange::history
