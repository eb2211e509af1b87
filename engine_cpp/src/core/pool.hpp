// Flat storage that is reserved once: slots instead of pointers, lists and tables of slots.
//
// Invariants:
//   1. Nothing allocates after construction and no item moves; untouched memory is not committed. Memory comes in large
//      pages where the system gives them, since most accesses are to distant places.
//   2. A slot is owned by exactly one user until it is given back. The slot freed last is the next one taken, since its
//      memory is near; in a pool of Reuse::kOldest the one freed first, so that what leaves in the order in which it
//      came lies in that order too.
//   3. The order of a List is the order of insertion. The order of a SlotTable is never visible in any output.
//
// Threads: none; owned by one Core.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace exchange::engine {

using Slot = std::uint32_t;
inline constexpr Slot kNil = 0xFFFF'FFFF;

// An array without values at first, but for those of zero bytes if it is never written.
template <class T>
class FlatArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit FlatArray(std::size_t size) : size_(size) {
    void* const memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, bytes(), MADV_HUGEPAGE);
    items_ = static_cast<T*>(memory);
  }
  FlatArray(FlatArray&& other) noexcept : items_(std::exchange(other.items_, nullptr)), size_(other.size_) {}
  FlatArray& operator=(FlatArray&&) = delete;
  ~FlatArray() {
    if (items_ != nullptr) munmap(items_, bytes());
  }

  [[nodiscard]] T& operator[](std::size_t at) noexcept { return items_[at]; }
  [[nodiscard]] const T& operator[](std::size_t at) const noexcept { return items_[at]; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  [[nodiscard]] std::size_t bytes() const noexcept { return size_ * sizeof(T); }

  T* items_ = nullptr;
  std::size_t size_;
};

// Records of one command, in order: cleared and filled again, they stop allocating.
template <class T>
class RecordList {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit RecordList(std::size_t capacity) : records_(std::make_unique<T[]>(capacity)), capacity_(capacity) {}

  void push_back(const T& record) {
    if (size_ == capacity_) [[unlikely]] grow();
    records_[size_++] = record;
  }
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& back() noexcept { return records_[size_ - 1]; }
  [[nodiscard]] const T* begin() const noexcept { return records_.get(); }
  [[nodiscard]] const T* end() const noexcept { return records_.get() + size_; }

 private:
  [[gnu::noinline, gnu::cold]] void grow() {
    auto larger = std::make_unique<T[]>(2 * capacity_);
    std::copy(begin(), end(), larger.get());
    records_ = std::move(larger);
    capacity_ *= 2;
  }

  std::unique_ptr<T[]> records_;
  std::size_t size_ = 0;
  std::size_t capacity_;
};

enum class Reuse { kNewest, kOldest };

template <class T, Reuse kReuse = Reuse::kNewest>
class Pool {
 public:
  explicit Pool(std::uint32_t capacity) : items_(capacity), free_(capacity), room_(capacity) {
    assert(capacity > 0 && capacity < kNil);
  }

  [[nodiscard]] Slot take() noexcept {
    assert(room() > 0);
    const Slot slot = next();
    if (free_count_ > 0) {
      --free_count_;
      if constexpr (kReuse == Reuse::kOldest) first_free_ = wrapped(first_free_ + 1);
    }
    --room_;
    std::construct_at(&items_[slot]);
    return slot;
  }

  void give_back(Slot slot) noexcept {
    assert(slot < end_slot() && size() > 0);
    free_[wrapped(first_free_ + free_count_++)] = slot;
    ++room_;
  }

  [[nodiscard]] T& operator[](Slot slot) noexcept {
    assert(slot < end_slot());
    return items_[slot];
  }
  [[nodiscard]] const T& operator[](Slot slot) const noexcept {
    assert(slot < end_slot());
    return items_[slot];
  }

  // All items, for what looks at several: nothing between may move them, and nothing does.
  [[nodiscard]] T* items() noexcept { return &items_[0]; }

  // The slot that `take` gives next; needs room for one.
  [[nodiscard]] Slot next() const noexcept {
    if (free_count_ == 0) return capacity() - room_;
    return free_[kReuse == Reuse::kOldest ? first_free_ : free_count_ - 1];
  }
  // One that `take` gives soon, and whose memory was not touched lately; kNil if there is none such.
  [[nodiscard]] Slot soon() const noexcept {
    constexpr std::uint32_t kAhead = 8;
    if (room_ <= kAhead) return kNil;
    if (free_count_ == 0) return capacity() - room_ + kAhead;
    if constexpr (kReuse == Reuse::kNewest) return kNil;
    return free_count_ > kAhead ? free_[wrapped(first_free_ + kAhead)] : kNil;
  }
  // The memory of a slot that may be free, to be told to come nearer.
  [[nodiscard]] const void* place(Slot slot) const noexcept { return &items_[slot]; }

  [[nodiscard]] std::uint32_t capacity() const noexcept { return static_cast<std::uint32_t>(items_.size()); }
  [[nodiscard]] std::uint32_t room() const noexcept { return room_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return capacity() - room_; }
  // One past the highest slot ever taken.
  [[nodiscard]] Slot end_slot() const noexcept { return size() + free_count_; }

 private:
  [[nodiscard]] std::uint64_t wrapped(std::uint64_t at) const noexcept {
    if constexpr (kReuse == Reuse::kNewest) return at;
    return at < items_.size() ? at : at - items_.size();
  }

  FlatArray<T> items_;
  FlatArray<Slot> free_;
  std::uint64_t first_free_ = 0;  // stays 0 unless the oldest is taken
  std::uint32_t room_;
  std::uint32_t free_count_ = 0;
};

struct Links {
  Slot previous = kNil;
  Slot next = kNil;
};

// A doubly linked list of slots whose links are given by `links(slot)`.
class List {
 public:
  [[nodiscard]] Slot front() const noexcept { return head_; }

  template <class LinksOf>
  void push_back(Slot slot, LinksOf links) noexcept {
    assert(slot != kNil);
    links(slot) = {tail_, kNil};
    (tail_ == kNil ? head_ : links(tail_).next) = slot;
    tail_ = slot;
  }

  template <class LinksOf>
  void erase(Slot slot, LinksOf links) noexcept {
    const Links& own = links(slot);
    (own.previous == kNil ? head_ : links(own.previous).next) = own.next;
    (own.next == kNil ? tail_ : links(own.next).previous) = own.previous;
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

// A tag of a key that nobody chooses to do harm: for a SlotTable.
[[nodiscard]] constexpr std::uint32_t spread(std::uint64_t key) noexcept {
  return static_cast<std::uint32_t>(key * 0x9E37'79B9'7F4A'7C15 >> 32U);
}

// Slots by a 32-bit tag of their key, in a table that is at most half full: what is looked for is nearly always in the
// first line of memory that is read.
class SlotTable {
 public:
  explicit SlotTable(std::uint32_t capacity)
      : entries_(std::bit_ceil(std::size_t{2} * capacity)), mask_(static_cast<std::uint32_t>(entries_.size() - 1)) {}

  template <class Matches>
  [[nodiscard]] Slot find(std::uint32_t tag, Matches matches) const noexcept {
    for (std::uint32_t at = tag & mask_; entries_[at].next_slot != 0; at = (at + 1) & mask_) {
      const Slot slot = entries_[at].next_slot - 1;
      if (entries_[at].tag == tag && matches(slot)) return slot;
    }
    return kNil;
  }

  // The first slot with this tag, right or not: to be told to come nearer.
  [[nodiscard]] Slot guess(std::uint32_t tag) const noexcept {
    return find(tag, [](Slot) { return true; });
  }
  void prefetch(std::uint32_t tag) const noexcept { __builtin_prefetch(&entries_[tag & mask_]); }

  void insert(std::uint32_t tag, Slot slot) noexcept {
    std::uint32_t at = tag & mask_;
    while (entries_[at].next_slot != 0) at = (at + 1) & mask_;
    entries_[at] = {tag, slot + 1};
  }

  // Moves back what had to stand aside for the slot, so that no search ends early.
  void erase(std::uint32_t tag, Slot slot) noexcept {
    std::uint32_t hole = tag & mask_;
    while (entries_[hole].next_slot != slot + 1) {
      assert(entries_[hole].next_slot != 0);
      hole = (hole + 1) & mask_;
    }
    for (std::uint32_t at = (hole + 1) & mask_; entries_[at].next_slot != 0; at = (at + 1) & mask_) {
      const std::uint32_t home = entries_[at].tag & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = {};
  }

 private:
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t next_slot = 0;  // one more than the slot; 0 if there is none
  };

  FlatArray<Entry> entries_;
  std::uint32_t mask_;
};

}  // namespace exchange::engine
