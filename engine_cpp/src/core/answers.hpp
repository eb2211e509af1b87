// What goes in and out of the accounts half: a command on its way, what it comes to, and what its checks have found.
//
// Threads: plain values.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "deadlines.hpp"
#include "events.hpp"
#include "mass_cancel.hpp"
#include "messages.hpp"
#include "pricing.hpp"

namespace exchange::engine {

// One command on its way through the halves.
struct Step {
  Stamp stamp;
  EventWriter& events;
  std::vector<FillView>& fills;  // of the order that the command enters
};

// What a command comes to.
struct Answer {
  std::uint64_t engine_seq = 0;
  Reason reason = Reason::kNone;
  bool replayed = false;
  Slot order = kNil;
  Slot first = kNil;  // of the id window: show the order as its first answer did
  std::uint32_t cancelled = 0;  // orders, by a mass cancel
};

[[nodiscard]] inline Answer refuse(Reason reason, const Step& step) noexcept {
  return {.engine_seq = step.stamp.engine_seq, .reason = reason};
}

// What all requests about existing orders have in common.
struct Request {
  CommandKind kind{};
  Slot account = kNil;
  std::string_view id;  // empty if it is not to be remembered
  std::uint64_t fingerprint = 0;
  std::int64_t valid_until_ns = 0;
};

// An order that passed the checks which need no price of the book, or the answer it got.
struct Admission {
  std::optional<Answer> answer;
  Slot account = kNil;
  Inquiry inquiry;
};

// An order whose cost is reserved, or the answer it got.
struct Reservation {
  std::optional<Answer> answer;
  Place place;
};

// An order whose cost is reserved and which is to wait for its trigger, or the answer it got.
struct Waiting {
  std::optional<Answer> answer;
  Slot order = kNil;
};

// One of the orders that a command enters together: all of them or none.
struct Entrant {
  Reason reason = Reason::kNone;  // why it was refused
  Slot order = kNil;
  Slot first = kNil;  // of the id window, if the command is a repeat: show the order as its first answer did
  bool is_child = false;  // it waits for the first of them
  bool is_fed = false;    // and has to back nothing
  bool is_pegged = false;
  Admission admission{};
  Pricing pricing{};
  Place place{};
};

// A fill of a leg of a pair whose other leg is open.
struct LinkedFill {
  Slot order = kNil;
  std::int64_t quantity = 0;
};

// A cancel that found an open order, or the answer it got.
struct Cancellation {
  std::optional<Answer> answer;
  Remove remove;
};

// An amend that its order can take, or the answer it got.
struct Amendment {
  std::optional<Answer> answer;
  Amend amend;
};

// A plain amend that its order can take and pay for.
struct PlainAmend {
  Slot order = kNil;  // kNil if it is for the general way
  std::int64_t price = 0;
  std::int64_t leaves = 0;
  std::int64_t needed = 0;  // to be held then
  bool keeps_priority = false;
};

// A plain order that may enter.
struct PlainPlace {
  bool affords = false;  // false too if it is for the general way
  std::int64_t needed = 0;  // to be held
  Slot account = kNil;
  Slot instrument = kNil;
  Slot base_balance = kNil;
  Slot quote_balance = kNil;
  std::uint32_t tag = 0;  // of its id
};

// A mass cancel that may begin, or the answer it got.
struct MassCancellation {
  std::optional<Answer> answer;
  MassCancelTask task;
};

// Timers that are due at one time run in the order of their kinds.
enum class TimerKind : std::uint8_t { kExpireTime, kOrderAge, kCancelAllAfter, kSession };

struct Timer {
  std::int64_t due_ns = Deadlines::kNever;
  TimerKind kind{};
};

// What was set of an account, or the answer it got.
struct AccountChange {
  Answer answer;
  Slot account = kNil;
  std::uint64_t self_trade_group = 0;
  bool regrouped = false;  // its resting orders belong to another self-trade group now
  bool cancels = false;    // its open orders are to go
};

}  // namespace exchange::engine
