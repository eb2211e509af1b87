// The requests of clients as read from wire bytes, before their numbers mean anything.
//
// Invariants:
//   1. Reading is as lenient as protobuf is: unknown fields are passed over, the last of several wins, and what is wrong
//      with a value is found by `is_well_formed`, which holds the contract's rules. Bytes that protobuf cannot read throw
//      `Unreadable`.
//   2. A request that is well formed has defined enumerators, ids and symbols of the contract's form, and decimals that are
//      decimals.
//   3. Text is a view of the bytes read.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "decimal.hpp"
#include "exchange/engine/vocabulary.hpp"

namespace exchange::codec {

using engine::LinkType;
using engine::OrderType;
using engine::PegReference;
using engine::SelfTradePrevention;
using engine::Side;
using engine::TimeInForce;
using engine::TriggerReference;

// Thrown and caught inside the codec only.
struct Unreadable {};

// A `google.protobuf.Timestamp`.
struct Moment {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool present = false;

  // Nanoseconds since 1970, held within 64 bits.
  [[nodiscard]] std::int64_t ns() const noexcept;
};

struct PlaceRequest {
  std::string_view client_order_id;
  std::string_view symbol;
  std::string_view session_text;
  Decimal price;
  Decimal quantity;
  Decimal quote_budget;
  Decimal trigger_price;
  Decimal display_quantity;
  Decimal min_quantity;
  Moment valid_until;
  Moment expire_time;
  std::int64_t trailing_ticks = 0;
  std::int64_t peg_offset_ticks = 0;
  std::uint64_t session_id = 0;
  std::uint32_t trailing_bps = 0;
  std::uint32_t tag = 0;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  SelfTradePrevention self_trade_prevention = SelfTradePrevention::kCancelMaker;
  TriggerReference trigger_reference{};
  PegReference peg_reference{};
  bool post_only = false;
  bool post_only_reprice = false;
  bool reduce_only = false;
  bool survive_disconnect = false;
  bool validate_only = false;
  bool has_schedule = false;  // of a TWAP
  bool well_formed = true;
};

// Which order is meant: `by_number` says which of the two texts counts.
struct TargetText {
  std::string_view number;
  std::string_view client_order_id;
  bool present = false;
  bool by_number = false;
};

struct AmendRequest {
  TargetText target;
  std::string_view symbol;
  std::string_view request_id;
  Decimal quantity;
  Decimal price;
  Decimal display_quantity;
  Decimal trigger_price;
  Moment expire_time;
  Moment valid_until;
  std::uint32_t expected_version = 0;
  bool well_formed = true;
};

struct CancelRequest {
  TargetText target;
  std::string_view request_id;
  bool well_formed = true;
};

struct MassCancelRequest {
  std::string_view symbol;
  std::string_view session_text;
  std::string_view request_id;
  Moment valid_until;
  std::uint64_t session_id = 0;
  std::uint32_t tag = 0;
  Side side{};  // zero: both
  bool has_tag = false;
  bool well_formed = true;
};

inline constexpr std::size_t kMinLegs = 2;
inline constexpr std::size_t kMaxLegs = 4;

struct GroupRequest {
  LinkType link_type{};
  std::array<PlaceRequest, kMaxLegs> orders;
  std::size_t count = 0;
  bool well_formed = true;
};

// Each throws `Unreadable`, and says in `well_formed` whether the contract's rules hold.
void read_request(std::string_view bytes, PlaceRequest& out);
void read_request(std::string_view bytes, AmendRequest& out);
void read_request(std::string_view bytes, CancelRequest& out);
void read_request(std::string_view bytes, MassCancelRequest& out);
void read_request(std::string_view bytes, GroupRequest& out);

// The number that digits say; nothing if 64 bits cannot hold it.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view digits) noexcept;

}  // namespace exchange::codec
