// Which orders of the books are linked in pairs, so that a fill of one acts on the other within the match that made it.
//
// Invariants:
//   1. A BookOrder whose owner has kLinkedMark is a leg of a pair; its leg says where it stands. The mark may outlive the
//      other leg: one that stands nowhere, or is not linked back, is not acted on.
//   2. Legs lie by the accounts' handle of their orders, so a link costs no memory that plain orders use.
//
// Threads: none; owned by the books half of one Core.
#pragma once

#include <algorithm>

#include "book.hpp"
#include "exchange/engine/core.hpp"

namespace exchange::engine {

class Pairs {
 public:
  explicit Pairs(const Limits& limits) : legs_(limits.orders) { assert(limits.orders < kLinkedMark); }

  // From here on a fill of one cancels the other, or reduces it by as much. Neither stands in a book.
  void join(Slot one, Slot other, bool cancels) noexcept {
    legs_[one] = {.other = other, .cancels = cancels};
    legs_[other] = {.other = one, .cancels = cancels};
  }
  // The leg stands in a book, or among the orders that wait beside one; or does so no more.
  void stand(Slot owner, Slot book_slot, bool waits) noexcept {
    legs_[owner].place = book_slot + 1;
    legs_[owner].waits = waits;
    ++standing_;
  }
  void leave(Slot owner) noexcept {
    assert(legs_[owner].place != 0 && standing_ > 0);
    legs_[owner].place = 0;
    --standing_;
  }

  struct Place {
    Slot book_slot = kNil;  // kNil: nowhere
    bool waits = false;
    bool cancels = false;
  };
  [[nodiscard]] Place place_of(Slot owner) const noexcept {
    const Leg& leg = legs_[owner];
    return {leg.place == 0 ? kNil : leg.place - 1, leg.waits, leg.cancels};
  }
  // Where the other leg stands.
  [[nodiscard]] Place other(Slot owner) const noexcept {
    const Slot other = legs_[owner].other;
    return legs_[other].other == owner ? place_of(other) : Place{};
  }
  // Legs that stand in books.
  [[nodiscard]] std::uint32_t standing() const noexcept { return standing_; }

  // A count of what would trade, order by order, touches nothing: it begins, and then learns of each leg that it comes
  // to how much of that is left of what it had open; up to `most` of it trades.
  void begin_count() const noexcept { ++count_; }
  [[nodiscard]] std::int64_t count(Slot owner, std::int64_t leaves, std::int64_t most) const noexcept;
  // The same trade by trade: how much of `open` the other leg has left so far, and what trades then.
  [[nodiscard]] std::int64_t left(Slot owner, std::int64_t open) const noexcept;
  void count_more(Slot owner, std::int64_t quantity) const noexcept;

 private:
  struct Leg {
    Slot other = 0;
    Slot place = 0;  // one more than the slot in its book; 0: in none
    mutable std::uint64_t count = 0;     // that came to it last
    mutable std::int64_t counted = 0;    // and what traded of it there
    bool waits = false;
    bool cancels = false;
  };

  FlatArray<Leg> legs_;
  std::uint32_t standing_ = 0;
  mutable std::uint64_t count_ = 0;
};

}  // namespace exchange::engine
