// How large an order may be, and how many the books hold.
//
// Invariants:
//   1. As many of the largest orders as all books hold are, at one price, still a number of 64 bits: so no level's total
//      overflows, whatever enters it.
//
// Threads: constants.
#pragma once

#include <limits>

#include "money.hpp"

namespace exchange::engine {

// In units of the instrument's quantity scale.
inline constexpr std::int64_t kMaxQuantity = std::int64_t{1} << 42;
inline constexpr std::uint32_t kMaxBookOrders = (std::uint32_t{1} << 21) - 1;
static_assert(Int128{kMaxQuantity} * kMaxBookOrders <= std::numeric_limits<std::int64_t>::max());

}  // namespace exchange::engine
