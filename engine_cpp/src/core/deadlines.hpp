// When things are due: slots in order of time, then of number, then of slot.
//
// Invariants:
//   1. A slot has at most one deadline. What is due first follows from times and numbers alone, never from the order in
//      which they were set.
//   2. Setting and erasing cost the height of a heap of what is set; the front costs nothing.
//
// Threads: none; owned by one Core.
#pragma once

#include <cstdint>
#include <limits>

#include "pool.hpp"

namespace exchange::engine {

class Deadlines {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // For slots below `capacity`.
  explicit Deadlines(std::uint32_t capacity) : heap_(capacity), places_(capacity) {}

  // Gives a slot a deadline, in place of one it has. `number` decides among those due at one time.
  void set(Slot slot, std::int64_t due_ns, std::uint64_t number) noexcept;
  // The slot must have one.
  void erase(Slot slot) noexcept;

  [[nodiscard]] bool contains(Slot slot) const noexcept { return places_[slot] != 0; }
  [[nodiscard]] std::int64_t due_ns(Slot slot) const noexcept { return heap_[places_[slot] - 1].due_ns; }
  // kNil if nothing is set.
  [[nodiscard]] Slot front() const noexcept { return size_ == 0 ? kNil : heap_[0].slot; }
  // kNever if nothing is set.
  [[nodiscard]] std::int64_t next_ns() const noexcept { return next_ns_; }
  [[nodiscard]] std::uint64_t next_number() const noexcept { return heap_[0].number; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool consistent() const noexcept;

 private:
  struct Entry {
    std::int64_t due_ns = 0;
    std::uint64_t number = 0;
    Slot slot = kNil;

    [[nodiscard]] bool is_before(const Entry& other) const noexcept {
      if (due_ns != other.due_ns) return due_ns < other.due_ns;
      return number != other.number ? number < other.number : slot < other.slot;
    }
  };

  void put(std::uint32_t at, const Entry& entry) noexcept {
    heap_[at] = entry;
    places_[entry.slot] = at + 1;
  }
  // Lets an entry find its place from a hole at `at`.
  void settle(std::uint32_t at, const Entry& entry) noexcept;
  [[nodiscard]] std::uint32_t rise(std::uint32_t at, const Entry& entry) noexcept;
  [[nodiscard]] std::uint32_t sink(std::uint32_t at, const Entry& entry) noexcept;

  FlatArray<Entry> heap_;
  FlatArray<std::uint32_t> places_;  // in the heap, from 1; 0 without a deadline
  std::uint32_t size_ = 0;
  std::int64_t next_ns_ = kNever;  // of the front: asked for before every command
};

}  // namespace exchange::engine
