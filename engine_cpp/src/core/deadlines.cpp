#include "deadlines.hpp"

namespace exchange::engine {

void Deadlines::set(Slot slot, std::int64_t due_ns, std::uint64_t number) noexcept {
  assert(slot < places_.size() && due_ns < kNever);
  const std::uint32_t at = contains(slot) ? places_[slot] - 1 : size_++;
  settle(at, {due_ns, number, slot});
}

void Deadlines::erase(Slot slot) noexcept {
  assert(contains(slot));
  const std::uint32_t hole = places_[slot] - 1;
  places_[slot] = 0;
  const Entry last = heap_[--size_];
  if (hole < size_) return settle(hole, last);
  if (size_ == 0) next_ns_ = kNever;
}

void Deadlines::settle(std::uint32_t at, const Entry& entry) noexcept {
  const std::uint32_t risen = rise(at, entry);
  put(risen == at ? sink(at, entry) : risen, entry);
  next_ns_ = heap_[0].due_ns;
}

std::uint32_t Deadlines::rise(std::uint32_t at, const Entry& entry) noexcept {
  while (at > 0 && entry.is_before(heap_[(at - 1) / 2])) {
    put(at, heap_[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  return at;
}

std::uint32_t Deadlines::sink(std::uint32_t at, const Entry& entry) noexcept {
  for (std::uint32_t child = 2 * at + 1; child < size_; child = 2 * at + 1) {
    if (child + 1 < size_ && heap_[child + 1].is_before(heap_[child])) ++child;
    if (!heap_[child].is_before(entry)) break;
    put(at, heap_[child]);
    at = child;
  }
  return at;
}

bool Deadlines::consistent() const noexcept {
  for (std::uint32_t at = 0; at < size_; ++at) {
    if (places_[heap_[at].slot] != at + 1) return false;
    if (at > 0 && heap_[at].is_before(heap_[(at - 1) / 2])) return false;
  }
  return next_ns_ == (size_ == 0 ? kNever : heap_[0].due_ns);
}

}  // namespace exchange::engine
