// What the two halves of the core say to each other. They share no state: accounts know orders, money and ids; books
// know liquidity. In one process a message is an argument; across processes it would be sent.
//
// Invariants:
//   1. Accounts send Place only after reserving all that the order can cost, so books never ask for funds.
//   2. `owner` is the accounts' handle of an order and is echoed untouched; `book_slot` is the books' handle, likewise.
//   3. For each Place the books answer Refused, or Accepted and then, in order, what became of it. An order ends exactly
//      once: by the Fill or Prevented that takes its last open quantity, by a Fill with `taker_done`, or by a Release.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "exchange/engine/vocabulary.hpp"
#include "pool.hpp"

namespace exchange::engine {

[[nodiscard]] constexpr Side opposite(Side side) noexcept { return side == Side::kBuy ? Side::kSell : Side::kBuy; }

// Would an order of `side` with this limit trade at a price of the other side?
[[nodiscard]] constexpr bool crosses(Side side, std::int64_t limit, std::int64_t price) noexcept {
  return side == Side::kBuy ? limit >= price : limit <= price;
}

// Accounts to books: may an order of this kind enter now, and how far may it trade?
struct Inquiry {
  Slot instrument = kNil;
  Side side{};
  bool may_rest = false;
  bool market = false;  // asks for the protection price too
};

struct Quote {
  bool has_room = true;                  // false if the books could not hold one more order
  std::optional<std::int64_t> best;      // price of the opposite side; none if it is empty
  std::optional<std::int64_t> protection;  // worst price of a MARKET order; none if the opposite side is empty
                                           // or it was not asked for
};

// Accounts to books: enter an order.
struct Place {
  std::uint64_t order_id = 0;
  std::uint64_t self_trade_group = 0;
  std::int64_t limit = 0;     // limit price, or protection price of a MARKET order
  std::int64_t quantity = 0;  // 0 with a budget
  std::int64_t budget = 0;    // most that the order may spend, fees included; 0 with a quantity
  std::int64_t min_quantity = 0;  // least that must trade at once for any to trade
  std::int64_t display = 0;       // most that the book shows at a time; 0: all
  std::int64_t slice = 0;         // with `display`, most that it shows at first
  Slot owner = kNil;
  Slot instrument = kNil;
  Slot position = kNil;  // kNil unless on margin
  std::int32_t taker_fee_ppm = 0;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  SelfTradePrevention mode{};
  bool post_only = false;
  bool is_pegged = false;  // the limit is where it stands now
  bool linked = false;  // a leg of a pair that was joined
  bool reduces = false;  // trades no more than the position is

  // Does the book need to know no more of it than it keeps itself?
  [[nodiscard]] bool is_plain() const noexcept {
    return display == 0 && !is_pegged && !linked && position == kNil;
  }
  [[nodiscard]] bool is_kept_from(std::uint64_t other_group) const noexcept {
    return other_group == self_trade_group && mode != SelfTradePrevention::kNone;
  }
};

// Accounts to books: take an order out that rests, or waits for its trigger.
struct Remove {
  Slot owner = kNil;
  Slot instrument = kNil;
  Slot book_slot = kNil;
  Side side{};
  OrderStatus status{};
  EndReason end_reason{};
  bool waits = false;  // a MARKET order that waits for an uncross, beside the book
  bool is_untriggered = false;  // `book_slot` is of its trigger
  bool is_off_book = false;     // it stands nowhere: no `book_slot`
};

// Accounts to books: change a resting order.
struct Amend {
  Slot owner = kNil;
  Slot instrument = kNil;
  Slot book_slot = kNil;
  std::uint64_t order_id = 0;
  std::uint64_t self_trade_group = 0;
  std::int64_t limit = 0;
  std::int64_t leaves = 0;  // open quantity; nothing is left if it is not above zero
  std::int64_t display = 0;  // as of Place
  Side side{};
  SelfTradePrevention mode{};
  bool keeps_priority = false;
  bool waits = false;  // as of Remove
  bool is_untriggered = false;  // as of Remove; it never gets to the books
  bool awaits_parent = false;   // nor does a child that has no fill of its parent's
  bool is_pegged = false;
  std::optional<std::int64_t> peg_price{};  // where a pegged order stands under the new terms, if anywhere
};

// Accounts to books: a resting order belongs to another self-trade group now.
struct Regroup {
  Slot instrument = kNil;
  Slot book_slot = kNil;
  std::uint64_t self_trade_group = 0;
};

struct Accepted {
  Slot owner = kNil;
};

struct Refused {
  Slot owner = kNil;
  Reason reason{};
};

struct Fill {
  std::uint64_t trade_id = 0;
  std::uint64_t trade_seq = 0;  // number among the instrument's trades
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t notional = 0;
  Slot maker = kNil;
  Slot taker = kNil;
  Slot instrument = kNil;
  Side taker_side{};
  bool taker_done = false;  // a budget order that cannot afford another lot
  bool uncross = false;     // both orders rested
};

struct Prevented {
  std::int64_t price = 0;
  std::int64_t quantity = 0;  // what would have traded; with DECREMENT both lose it
  Slot maker = kNil;
  Slot taker = kNil;
  Slot instrument = kNil;
  SelfTradePrevention mode{};
};

// What is left of an order is open no more.
struct Release {
  Slot owner = kNil;
  OrderStatus status{};
  EndReason end_reason{};
};

struct Rested {
  Slot owner = kNil;
  Slot book_slot = kNil;
};

// The book shows the next slice of an order, at the back of its level.
struct Refreshed {
  Slot owner = kNil;
  std::int64_t slice = 0;
};

// Less is held than a reduce-only order could trade; something of it is left.
struct Reduced {
  Slot owner = kNil;
  std::int64_t quantity = 0;
};

using BookMessage = std::variant<Accepted, Refused, Fill, Prevented, Release, Rested, Refreshed, Reduced>;

// A price level changed: for the public.
struct LevelChange {
  Slot instrument = kNil;
  Side side{};
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::uint64_t book_seq = 0;
};

}  // namespace exchange::engine
