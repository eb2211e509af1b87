// What accounts are still to receive and to give of securities that settle after the trade, by value date. Both legs of
// a trade have moved when it was made, so all of it can be traded; what is to be received is not transferred out before.
//
// Invariants:
//   1. At most kOpenValueDates value dates of an instrument are open, in order. Trades settle under the last; the oldest is
//      delivered first, and the last not before another one follows it.
//   2. An account has a record of an instrument from its first order there on: a fill needs no room.
//   3. Over all accounts the nets of an open date add up to zero, unless its delivery is under way.
//   4. Records are not removed: slots run in order of first use, those of an account and those of an instrument too.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "exchange/engine/core.hpp"
#include "instruments.hpp"
#include "money.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

inline constexpr std::uint32_t kOpenValueDates = 8;

// Of one account in one instrument under one value date; negative: to give.
struct UnsettledNet {
  std::int64_t base = 0;
  std::int64_t quote = 0;

  bool operator==(const UnsettledNet&) const = default;
};

struct UnsettledRecord {
  std::array<UnsettledNet, kOpenValueDates> nets{};  // by the place of their date
  Slot account = kNil;
  Slot instrument = kNil;
  Slot next_of_account = kNil;
  Slot next_of_instrument = kNil;
};

// The value dates of an instrument: a ring.
struct ValueDates {
  std::array<std::uint32_t, kOpenValueDates> dates{};
  std::uint32_t first = 0;
  std::uint32_t open = 0;
  std::uint32_t delivering = 0;  // of the open ones, the oldest, those whose delivery was asked for
  std::uint32_t delivered = 0;   // the last that was delivered; 0: none

  [[nodiscard]] std::uint32_t place(std::uint32_t nth) const noexcept { return (first + nth) % kOpenValueDates; }
  [[nodiscard]] std::uint32_t nth(std::uint32_t at) const noexcept { return dates[place(at)]; }
  // The last one; 0 if there never was one.
  [[nodiscard]] std::uint32_t last() const noexcept { return open == 0 ? 0 : nth(open - 1); }
};

class Unsettled {
 public:
  explicit Unsettled(const Limits& limits);

  [[nodiscard]] std::uint32_t room() const noexcept { return records_.room(); }
  // Could the account enter an order? `beside`: orders of the same command that may need a record first.
  [[nodiscard]] bool has_room_for(Slot account, Slot instrument, std::uint32_t beside = 0) const noexcept {
    return records_.room() > beside || find(account, instrument) != kNil;
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return records_.size(); }
  // kNil if the account never had an order in the instrument.
  [[nodiscard]] Slot find(Slot account, Slot instrument) const noexcept;
  // Makes the record if it is not there; needs room for one.
  Slot obtain(Slot account, Slot instrument) noexcept;
  [[nodiscard]] const UnsettledRecord& operator[](Slot slot) const noexcept { return records_[slot]; }

  [[nodiscard]] const ValueDates& dates(Slot instrument) const noexcept { return dates_[instrument]; }
  [[nodiscard]] bool has_value_date(Slot instrument) const noexcept { return dates_[instrument].open > 0; }
  // May trades settle under this date from now on? Then takes it.
  [[nodiscard]] Reason check_value_date(Slot instrument, std::uint32_t value_date) const noexcept;
  void set_value_date(Slot instrument, std::uint32_t value_date) noexcept;
  // Is a trade of this date still to be delivered, and nothing under way about it?
  [[nodiscard]] bool is_open(Slot instrument, std::uint32_t value_date) const noexcept;

  [[nodiscard]] bool is_dated(Slot instrument, std::uint32_t value_date) const noexcept {
    return place_of(instrument, value_date).has_value();
  }

  // A trade under this open date; the same trade with the sides exchanged takes it back.
  void trade(Slot buyer, Slot seller, std::uint32_t value_date, std::int64_t base, std::int64_t quote) noexcept;

  // Is this date delivered, or being delivered, already? What else speaks against its delivery? Then it begins.
  [[nodiscard]] bool is_delivered(Slot instrument, std::uint32_t value_date) const noexcept;
  [[nodiscard]] Reason check_delivery(Slot instrument, std::uint32_t value_date) const noexcept;
  void begin_delivery(Slot instrument) noexcept { ++dates_[instrument].delivering; }
  // The next records, from `next` on, with something open under the oldest date, of at most `most` that are looked at;
  // how many were.
  [[nodiscard]] std::uint32_t collect(Slot& next, std::uint32_t most, std::vector<Slot>& out) const;
  [[nodiscard]] Slot first_of_instrument(Slot instrument) const noexcept { return by_instrument_[instrument].first; }
  // Delivers what the record has under its oldest date; nothing is open there afterwards.
  UnsettledNet deliver(Slot slot) noexcept;
  void end_delivery(Slot instrument) noexcept;
  // Is nothing open under the oldest date in the records before this one?
  [[nodiscard]] bool is_delivered_before(Slot instrument, Slot slot) const noexcept;

  // Of what the account has of the asset, what is not its own before a date comes: the most, over all dates, that is to
  // be received from that date on.
  [[nodiscard]] std::int64_t of(Slot account, Slot asset, const Instruments& instruments) const;

  void save(StateWriter& out, std::uint32_t instruments) const;
  [[nodiscard]] bool load(StateReader& in, const Instruments& instruments, std::uint32_t accounts);
  // Do the nets of every date add up to zero that is not being delivered?
  [[nodiscard]] bool consistent(std::uint32_t instruments) const;

 private:
  struct Chain {
    Slot first = kNil;
    Slot last = kNil;
  };

  [[nodiscard]] static std::uint32_t tag_of(Slot account, Slot instrument) noexcept {
    return static_cast<std::uint32_t>(mix(std::uint64_t{account} << 32U | instrument));
  }
  [[nodiscard]] std::optional<std::uint32_t> place_of(Slot instrument, std::uint32_t value_date) const noexcept;
  [[nodiscard]] bool load_dates(StateReader& in, const Instruments& instruments);
  [[nodiscard]] bool load_record(StateReader& in, const Instruments& instruments, std::uint32_t accounts);

  Pool<UnsettledRecord> records_;
  SlotTable by_key_;
  std::vector<Chain> by_account_;
  std::vector<Chain> by_instrument_;
  std::vector<ValueDates> dates_;  // by instrument
};

// Is it the decimal number YYYYMMDD of a day?
[[nodiscard]] constexpr bool is_date(std::uint32_t date) noexcept { return date >= 19'700'101 && date <= 99'991'231; }

}  // namespace exchange::engine
