// An ordered map from a tick number to a slot: a 64-way trie over the smallest aligned block that holds all its keys, so
// that keys near to each other make it low wherever they lie.
//
// Invariants:
//   1. A node has a child i, and bit i of `occupied` set, exactly if that leads to at least one key; empty nodes are given
//      back.
//   2. Every key has the digits of `prefix_` above the root.
//   3. Cost is the height, at most kMaxHeight, whatever the distance between keys; a far key costs a few nodes.
//
// Threads: none; owned by one book, nodes shared by all books of a Core.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>

#include "pool.hpp"

namespace exchange::engine {

struct alignas(64) PriceNode {
  PriceNode() noexcept { child.fill(kNil); }

  std::array<Slot, 64> child;
  std::uint64_t occupied = 0;
};

// Turned in a signed number, it makes numbers without a sign that are in the same order.
inline constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

class PriceIndex {
 public:
  static constexpr std::uint32_t kBits = 6;
  static constexpr std::uint32_t kMaxHeight = (64 + kBits - 1) / kBits;
  // The root grows over the old one, and the key gets a way down of its own.
  static constexpr std::uint32_t kMaxNodesPerInsert = 2 * (kMaxHeight - 1);

  [[nodiscard]] Slot find(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept {
    if (!covers(key)) return kNil;
    Slot slot = root_;
    for (std::uint32_t level = height_; level-- > 0 && slot != kNil;) slot = nodes[slot].child[digit_of(key, level)];
    return slot;
  }

  // The value of the smallest key above `key`, or kNil.
  [[nodiscard]] Slot above(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept;
  // The value of the largest key below `key`, or kNil.
  [[nodiscard]] Slot below(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept;

  // Told to come nearer: the first node on the way to a key, and the one after it.
  void prefetch_root(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept {
    if (covers(key)) prefetch(nodes, root_, digit_of(key, height_ - 1));
  }
  void prefetch_below_root(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept {
    if (height_ < 2 || !covers(key)) return;
    const Slot child = nodes[root_].child[digit_of(key, height_ - 1)];
    if (child != kNil) prefetch(nodes, child, digit_of(key, height_ - 2));
  }

  // Takes at most kMaxNodesPerInsert nodes. `key` must be absent.
  void insert(Pool<PriceNode>& nodes, std::uint64_t key, Slot value) noexcept;
  // `key` must be present.
  void erase(Pool<PriceNode>& nodes, std::uint64_t key) noexcept;

 private:
  using Path = std::array<Slot, kMaxHeight>;

  [[nodiscard]] static std::uint32_t digit_of(std::uint64_t key, std::uint32_t level) noexcept {
    return static_cast<std::uint32_t>(key >> (level * kBits)) & 63U;
  }
  // The digits of a key above a trie of this height.
  [[nodiscard]] static std::uint64_t prefix_of(std::uint64_t key, std::uint32_t height) noexcept {
    return height >= kMaxHeight ? 0 : key >> (height * kBits);
  }
  [[nodiscard]] bool covers(std::uint64_t key) const noexcept {
    return (key & above_root_) == prefix_bits_;
  }

  static void prefetch(const Pool<PriceNode>& nodes, Slot slot, std::uint32_t digit) noexcept {
    const auto* const node = static_cast<const PriceNode*>(nodes.place(slot));
    __builtin_prefetch(&node->occupied, 1);
    __builtin_prefetch(&node->child[digit], 1);
  }
  // Keeps what `covers` asks for with the height and the prefix.
  void keep_reach() noexcept {
    const bool some = height_ > 0 && height_ < kMaxHeight;
    above_root_ = some ? ~std::uint64_t{0} << (height_ * kBits) : 0;
    prefix_bits_ = height_ == 0 ? 1 : some ? prefix_ << (height_ * kBits) : 0;
  }
  void grow(Pool<PriceNode>& nodes, std::uint64_t key) noexcept;
  void shrink(Pool<PriceNode>& nodes) noexcept;
  // Nodes from the root down along `key`, as far as they exist; the depth reached.
  [[nodiscard]] std::uint32_t descend(const Pool<PriceNode>& nodes, std::uint64_t key, Path& path) const noexcept;
  [[nodiscard]] static Slot lowest(const Pool<PriceNode>& nodes, Slot slot, std::uint32_t level) noexcept;
  [[nodiscard]] static Slot highest(const Pool<PriceNode>& nodes, Slot slot, std::uint32_t level) noexcept;

  Slot root_ = kNil;
  std::uint32_t height_ = 0;  // 0 if empty
  std::uint64_t prefix_ = 0;
  std::uint64_t above_root_ = 0;  // the bits of a key above the root, and what they are of every key; of none, if empty
  std::uint64_t prefix_bits_ = 1;
};

}  // namespace exchange::engine
