// What only some orders say, and how it stands: triggers, offsets, slices, pegs, links, marks. Apart from the records of
// orders, which are many and mostly plain.
//
// Invariants:
//   1. A record belongs to exactly one order, from its entry until that order is forgotten.
//   2. All of a record is saved with its order.
//   3. An order that a parent feeds is not open for more than it was given: what it may still get is `promised`, and held.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>

#include "exchange/engine/command.hpp"
#include "pool.hpp"
#include "state.hpp"
#include "views.hpp"

namespace exchange::engine {

struct SpecialRecord {
  SpecialView view;
  std::int64_t passed = 0;    // of a parent's fills, what its children were given
  std::int64_t promised = 0;  // to a child, beyond what is open of it; below zero: all that is open is not backed yet
  std::uint64_t trail_turn = 0;  // of a child that trails: its turn among those that do; 0: its number
  bool leads = false;    // a parent whose children may get more, or have to be told that they will not
  bool is_fed = false;   // a child that is backed by what its parent's fills bring, and by nothing before
  bool awaits = false;   // a child that was given nothing yet; it says the quantity that it would be given at most
};

// The terms as an order enters with them.
[[nodiscard]] SpecialView view_of(const SpecialTerms& terms) noexcept;

class Specials {
 public:
  explicit Specials(std::uint32_t capacity) : records_(capacity) {}

  [[nodiscard]] bool has_room(std::uint32_t records = 1) const noexcept { return records_.room() >= records; }
  // Needs room for one.
  [[nodiscard]] Slot enter(const SpecialTerms& terms) noexcept;
  void give_back(Slot slot) noexcept { records_.give_back(slot); }

  [[nodiscard]] SpecialRecord& operator[](Slot slot) noexcept { return records_[slot]; }
  [[nodiscard]] const SpecialRecord& operator[](Slot slot) const noexcept { return records_[slot]; }

  // The record of one order, or that there is none.
  void save(StateWriter& out, Slot slot) const;
  [[nodiscard]] Slot load(StateReader& in) noexcept;

 private:
  Pool<SpecialRecord> records_;
};

}  // namespace exchange::engine
