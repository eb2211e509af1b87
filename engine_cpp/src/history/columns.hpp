// Which field of exchange.engine.v1.Order goes into which column, and how.
#pragma once

#include <array>
#include <cstdint>

namespace exchange::history {

enum class Kind : std::uint8_t { kInteger, kZigzag, kText, kReason };

struct Column {
  const char* name;
  std::uint32_t field;  // of the Order
  Kind kind;
  std::uint8_t width;  // of an integer
  bool nullable = false;
  bool changes = false;      // it may differ between two events of an order
  bool identifies = false;   // it finds the order's row
  std::uint8_t absent = 0;   // what an absent field means
};

// clang-format off
inline constexpr std::array kOrderColumns{
    Column{.name = "order_id", .field = 1, .kind = Kind::kInteger, .width = 8, .identifies = true},
    Column{.name = "account_id", .field = 2, .kind = Kind::kInteger, .width = 8, .identifies = true},
    Column{.name = "client_order_id", .field = 3, .kind = Kind::kText, .width = 0},
    Column{.name = "instrument_id", .field = 4, .kind = Kind::kInteger, .width = 8},
    Column{.name = "side", .field = 5, .kind = Kind::kInteger, .width = 2},
    Column{.name = "type", .field = 6, .kind = Kind::kInteger, .width = 2},
    Column{.name = "time_in_force", .field = 7, .kind = Kind::kInteger, .width = 2},
    Column{.name = "post_only", .field = 8, .kind = Kind::kInteger, .width = 1},
    Column{.name = "self_trade_prevention", .field = 9, .kind = Kind::kInteger, .width = 2, .absent = 1},
    Column{.name = "price", .field = 10, .kind = Kind::kZigzag, .width = 8, .changes = true},
    Column{.name = "quantity", .field = 11, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "quote_budget", .field = 24, .kind = Kind::kInteger, .width = 8},
    Column{.name = "cum_quantity", .field = 12, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "leaves_quantity", .field = 13, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "prevented_quantity", .field = 14, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "cancelled_quantity", .field = 15, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "cum_notional", .field = 16, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "cum_fee", .field = 17, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "status", .field = 18, .kind = Kind::kInteger, .width = 2, .changes = true},
    Column{.name = "end_reason", .field = 19, .kind = Kind::kInteger, .width = 2, .changes = true},
    Column{.name = "reject_reason", .field = 20, .kind = Kind::kReason, .width = 0},
    Column{.name = "version", .field = 21, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "accepted_time_ns", .field = 22, .kind = Kind::kInteger, .width = 8, .identifies = true},
    Column{.name = "updated_time_ns", .field = 23, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "trigger_price", .field = 25, .kind = Kind::kZigzag, .width = 8, .nullable = true, .changes = true},
    Column{.name = "trigger_reference", .field = 26, .kind = Kind::kInteger, .width = 2},
    Column{.name = "trailing_ticks", .field = 27, .kind = Kind::kInteger, .width = 8},
    Column{.name = "trailing_bps", .field = 28, .kind = Kind::kInteger, .width = 8},
    Column{.name = "display_quantity", .field = 31, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "min_quantity", .field = 34, .kind = Kind::kInteger, .width = 8},
    Column{.name = "expire_time_ns", .field = 35, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "post_only_reprice", .field = 36, .kind = Kind::kInteger, .width = 1},
    Column{.name = "reduce_only", .field = 37, .kind = Kind::kInteger, .width = 1},
    Column{.name = "peg_reference", .field = 38, .kind = Kind::kInteger, .width = 2},
    Column{.name = "peg_offset_ticks", .field = 39, .kind = Kind::kZigzag, .width = 8},
    Column{.name = "session_id", .field = 42, .kind = Kind::kInteger, .width = 8},
    Column{.name = "survive_disconnect", .field = 43, .kind = Kind::kInteger, .width = 1},
    Column{.name = "tag", .field = 41, .kind = Kind::kInteger, .width = 8},
    Column{.name = "watermark_price", .field = 29, .kind = Kind::kZigzag, .width = 8, .nullable = true, .changes = true},
    Column{.name = "triggered_time_ns", .field = 30, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "displayed_quantity", .field = 32, .kind = Kind::kInteger, .width = 8, .changes = true},
    Column{.name = "working_price", .field = 40, .kind = Kind::kZigzag, .width = 8, .nullable = true, .changes = true},
};
// clang-format on

inline constexpr std::size_t kAcceptedTime = 22;
inline constexpr std::size_t kOrderFields = 64;  // numbers of fields that are looked at lie below

}  // namespace exchange::history
