// Which orders go together in a group.
//
// Invariants:
//   1. Pure: the answer follows from the command alone, and consumes nothing.
//   2. The legs of a pair give the same asset of one account. Children have the quantity of their parent, and rest, follow
//      or wait for a price once they are active.
//
// Threads: pure functions.
#pragma once

#include "exchange/engine/command.hpp"

namespace exchange::engine {

// Two orders of which each acts on the other, and nothing else.
[[nodiscard]] constexpr bool are_pair(LinkType type) noexcept { return type == LinkType::kOco || type == LinkType::kOuo; }

// A parent, and children that come with its fills.
[[nodiscard]] constexpr bool has_children(LinkType type) noexcept {
  return type == LinkType::kOtoPartial || type == LinkType::kOtoFull || type == LinkType::kBracket;
}

[[nodiscard]] Reason check_group_shape(const PlaceOrderGroup& command) noexcept;

}  // namespace exchange::engine
