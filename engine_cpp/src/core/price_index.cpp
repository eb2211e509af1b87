#include "price_index.hpp"

namespace exchange::engine {
namespace {

std::uint64_t above_digit(std::uint64_t occupied, std::uint32_t digit) noexcept {
  return digit == 63 ? 0 : occupied & (~std::uint64_t{0} << (digit + 1));
}

std::uint64_t below_digit(std::uint64_t occupied, std::uint32_t digit) noexcept {
  return occupied & ((std::uint64_t{1} << digit) - 1);
}

std::uint32_t first_of(std::uint64_t bits) noexcept { return static_cast<std::uint32_t>(std::countr_zero(bits)); }

std::uint32_t last_of(std::uint64_t bits) noexcept { return 63U - static_cast<std::uint32_t>(std::countl_zero(bits)); }

}  // namespace

Slot PriceIndex::above(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept {
  if (height_ == 0) return kNil;
  if (!covers(key)) return prefix_of(key, height_) < prefix_ ? lowest(nodes, root_, height_) : kNil;
  Path path;
  const std::uint32_t depth = descend(nodes, key, path);
  for (std::uint32_t at = depth; at-- > 0;) {
    const std::uint32_t level = height_ - 1 - at;
    const std::uint64_t rest = above_digit(nodes[path[at]].occupied, digit_of(key, level));
    if (rest != 0) return lowest(nodes, nodes[path[at]].child[first_of(rest)], level);
  }
  return kNil;
}

Slot PriceIndex::below(const Pool<PriceNode>& nodes, std::uint64_t key) const noexcept {
  if (height_ == 0) return kNil;
  if (!covers(key)) return prefix_of(key, height_) > prefix_ ? highest(nodes, root_, height_) : kNil;
  Path path;
  const std::uint32_t depth = descend(nodes, key, path);
  for (std::uint32_t at = depth; at-- > 0;) {
    const std::uint32_t level = height_ - 1 - at;
    const std::uint64_t rest = below_digit(nodes[path[at]].occupied, digit_of(key, level));
    if (rest != 0) return highest(nodes, nodes[path[at]].child[last_of(rest)], level);
  }
  return kNil;
}

void PriceIndex::insert(Pool<PriceNode>& nodes, std::uint64_t key, Slot value) noexcept {
  assert(find(nodes, key) == kNil);
  grow(nodes, key);
  Slot slot = root_;
  for (std::uint32_t level = height_ - 1; level > 0; --level) {
    const std::uint32_t digit = digit_of(key, level);
    if (nodes[slot].child[digit] == kNil) {
      const Slot child = nodes.take();
      nodes[slot].child[digit] = child;
      nodes[slot].occupied |= std::uint64_t{1} << digit;
    }
    slot = nodes[slot].child[digit];
  }
  nodes[slot].child[digit_of(key, 0)] = value;
  nodes[slot].occupied |= std::uint64_t{1} << digit_of(key, 0);
}

void PriceIndex::erase(Pool<PriceNode>& nodes, std::uint64_t key) noexcept {
  assert(find(nodes, key) != kNil);
  Path path;
  const std::uint32_t depth = descend(nodes, key, path);
  assert(depth == height_);
  for (std::uint32_t at = depth; at-- > 0;) {
    PriceNode& node = nodes[path[at]];
    const std::uint32_t digit = digit_of(key, height_ - 1 - at);
    node.occupied &= ~(std::uint64_t{1} << digit);
    node.child[digit] = kNil;
    if (node.occupied != 0) return shrink(nodes);
    nodes.give_back(path[at]);
  }
  root_ = kNil;
  height_ = 0;
  keep_reach();
}

void PriceIndex::grow(Pool<PriceNode>& nodes, std::uint64_t key) noexcept {
  if (height_ == 0) {
    root_ = nodes.take();
    height_ = 1;
    prefix_ = prefix_of(key, 1);
    keep_reach();
  }
  while (!covers(key)) {
    const auto digit = static_cast<std::uint32_t>(prefix_ & 63U);
    const Slot above = nodes.take();
    nodes[above].child[digit] = root_;
    nodes[above].occupied = std::uint64_t{1} << digit;
    root_ = above;
    prefix_ >>= kBits;
    ++height_;
    keep_reach();
  }
}

void PriceIndex::shrink(Pool<PriceNode>& nodes) noexcept {
  while (height_ > 1 && std::has_single_bit(nodes[root_].occupied)) {
    const std::uint32_t digit = first_of(nodes[root_].occupied);
    const Slot emptied = root_;
    root_ = nodes[root_].child[digit];
    nodes.give_back(emptied);
    prefix_ = prefix_ << kBits | digit;
    --height_;
    keep_reach();
  }
}

std::uint32_t PriceIndex::descend(const Pool<PriceNode>& nodes, std::uint64_t key, Path& path) const noexcept {
  assert(height_ > 0 && covers(key));
  path[0] = root_;
  std::uint32_t depth = 1;
  while (depth < height_) {
    const PriceNode& node = nodes[path[depth - 1]];
    const std::uint32_t digit = digit_of(key, height_ - depth);
    if (node.child[digit] == kNil) break;
    path[depth++] = node.child[digit];
  }
  return depth;
}

Slot PriceIndex::lowest(const Pool<PriceNode>& nodes, Slot slot, std::uint32_t level) noexcept {
  for (; level > 0; --level) slot = nodes[slot].child[first_of(nodes[slot].occupied)];
  return slot;
}

Slot PriceIndex::highest(const Pool<PriceNode>& nodes, Slot slot, std::uint32_t level) noexcept {
  for (; level > 0; --level) slot = nodes[slot].child[last_of(nodes[slot].occupied)];
  return slot;
}

}  // namespace exchange::engine
