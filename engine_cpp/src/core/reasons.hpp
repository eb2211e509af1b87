// All the reasons for which an order would be refused, and what it would cost.
//
// Invariants:
//   1. In the order of the checks; no more than there are checks.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <optional>
#include <span>

#include "exchange/engine/vocabulary.hpp"
#include "views.hpp"

namespace exchange::engine {

class ReasonList {
 public:
  void add(Reason reason) noexcept {
    if (reason == Reason::kNone) return;
    assert(count_ < reasons_.size());
    reasons_[count_++] = reason;
  }
  void clear() noexcept { count_ = 0; }
  [[nodiscard]] Reason first() const noexcept { return count_ == 0 ? Reason::kNone : reasons_[0]; }
  [[nodiscard]] std::span<const Reason> all() const noexcept { return {reasons_.data(), count_}; }

 private:
  static constexpr std::size_t kMostChecks = 24;

  std::array<Reason, kMostChecks> reasons_{};
  std::size_t count_ = 0;
};

// What there is to say of an order that is only validated.
struct Judgement : ReasonList {
  std::optional<OrderCostView> cost;

  void clear() noexcept {
    ReasonList::clear();
    cost.reset();
  }
  [[nodiscard]] bool is_empty() const noexcept { return all().empty() && !cost; }
};

}  // namespace exchange::engine
