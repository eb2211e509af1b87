// Flat storage that is reserved once: slots instead of pointers, lists and hash chains threaded through the items.
//
// Invariants:
//   1. A Pool never allocates after construction and never moves an item; untouched memory is not committed.
//   2. A slot is owned by exactly one user until it is given back; the freed slot is the next one taken.
//   3. The order of a List is the order of insertion. The order of a hash chain is never visible in any output.
//
// Threads: none; owned by one Core.
#pragma once

#include <bit>
#include <cassert>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace exchange::engine {

using Slot = std::uint32_t;
inline constexpr Slot kNil = 0xFFFF'FFFF;

template <class T>
class Pool {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit Pool(std::uint32_t capacity)
      : capacity_(capacity),
        items_(std::allocator<T>().allocate(capacity), Release{capacity}),
        free_(std::make_unique_for_overwrite<Slot[]>(capacity)) {
    assert(capacity > 0 && capacity < kNil);
  }

  [[nodiscard]] Slot take() noexcept {
    assert(room() > 0);
    const Slot slot = free_count_ > 0 ? free_[--free_count_] : used_++;
    std::construct_at(&items_[slot]);
    return slot;
  }

  void give_back(Slot slot) noexcept {
    assert(slot < used_ && free_count_ < used_);
    items_[slot] = T{};
    free_[free_count_++] = slot;
  }

  [[nodiscard]] T& operator[](Slot slot) noexcept {
    assert(slot < used_);
    return items_[slot];
  }
  [[nodiscard]] const T& operator[](Slot slot) const noexcept {
    assert(slot < used_);
    return items_[slot];
  }

  [[nodiscard]] std::uint32_t room() const noexcept { return capacity_ - used_ + free_count_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return used_ - free_count_; }
  // One past the highest slot ever taken: freed slots below it hold a T{}.
  [[nodiscard]] Slot end_slot() const noexcept { return used_; }

 private:
  struct Release {
    std::uint32_t capacity;
    void operator()(T* items) const noexcept { std::allocator<T>().deallocate(items, capacity); }
  };

  std::uint32_t capacity_;
  std::uint32_t used_ = 0;
  std::uint32_t free_count_ = 0;
  std::unique_ptr<T[], Release> items_;
  std::unique_ptr<Slot[]> free_;
};

struct Links {
  Slot previous = kNil;
  Slot next = kNil;
};

// A doubly linked list through the member `kLinks` of the items of a pool.
template <class T, Links T::*kLinks>
class List {
 public:
  [[nodiscard]] Slot front() const noexcept { return head_; }
  [[nodiscard]] static Slot next(const Pool<T>& pool, Slot slot) noexcept { return (pool[slot].*kLinks).next; }

  void push_back(Pool<T>& pool, Slot slot) noexcept {
    assert(slot != kNil);
    pool[slot].*kLinks = {tail_, kNil};
    (tail_ == kNil ? head_ : (pool[tail_].*kLinks).next) = slot;
    tail_ = slot;
  }

  void erase(Pool<T>& pool, Slot slot) noexcept {
    Links& links = pool[slot].*kLinks;
    (links.previous == kNil ? head_ : (pool[links.previous].*kLinks).next) = links.next;
    (links.next == kNil ? tail_ : (pool[links.next].*kLinks).previous) = links.previous;
    links = {};
  }

 private:
  Slot head_ = kNil;
  Slot tail_ = kNil;
};

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t key) noexcept {
  key ^= key >> 33;
  key *= 0xFF51'AFD7'ED55'8CCD;
  key ^= key >> 33;
  key *= 0xC4CE'B9FE'1A85'EC53;
  return key ^ (key >> 33);
}

// Hash chains through the member `next_in_bucket` of the items of a pool.
template <class T>
class HashIndex {
 public:
  explicit HashIndex(std::uint32_t capacity) : heads_(std::bit_ceil(std::uint64_t{capacity}), kNil) {}

  template <class Matches>
  [[nodiscard]] Slot find(const Pool<T>& pool, std::uint64_t hash, Matches matches) const noexcept {
    Slot slot = heads_[bucket(hash)];
    while (slot != kNil && !matches(pool[slot])) slot = pool[slot].next_in_bucket;
    return slot;
  }

  void insert(Pool<T>& pool, std::uint64_t hash, Slot slot) noexcept {
    Slot& head = heads_[bucket(hash)];
    pool[slot].next_in_bucket = head;
    head = slot;
  }

  void erase(Pool<T>& pool, std::uint64_t hash, Slot slot) noexcept {
    Slot* link = &heads_[bucket(hash)];
    while (*link != slot) {
      assert(*link != kNil);
      link = &pool[*link].next_in_bucket;
    }
    *link = pool[slot].next_in_bucket;
  }

 private:
  [[nodiscard]] std::size_t bucket(std::uint64_t hash) const noexcept { return hash & (heads_.size() - 1); }

  std::vector<Slot> heads_;
};

}  // namespace exchange::engine
