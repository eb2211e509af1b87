// What orders that enter all or none would take, while they are checked: each is checked against what those before it
// leave.
//
// Invariants:
//   1. A claim is taken from the account itself, so every check sees it without knowing of claims; what was claimed is
//      given back before anything enters.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "balances.hpp"
#include "exchange/engine/command.hpp"
#include "positions.hpp"

namespace exchange::engine {

class Claims {
 public:
  Claims() { claims_.reserve(kMaxAtomicOrders); }

  // One id, and one open order if it `rests`; and an amount that is available.
  void take(Balances& balances, Slot account, bool rests) {
    take(balances, {.account = account, .rests = rests});
  }
  void take(Balances& balances, Slot account, Slot asset, std::int64_t amount, bool rests);
  // The same of an order on margin: what it exposes, in its position.
  void take(Balances& balances, Positions& positions, const Position& after, bool rests);
  void give_back(Balances& balances, Positions& positions) noexcept;
  [[nodiscard]] std::uint32_t orders() const noexcept { return static_cast<std::uint32_t>(claims_.size()); }

 private:
  struct Claim {
    std::int64_t amount = 0;
    Slot account = kNil;
    Slot balance = kNil;   // kNil on margin
    Slot position = kNil;  // kNil unless on margin
    bool rests = false;
    bool is_first = false;  // made the position
    std::int64_t open_buys = 0;
    std::int64_t open_sells = 0;
    std::int64_t reserved = 0;
    std::uint32_t reducing = 0;
  };

  void take(Balances& balances, const Claim& claim);

  std::vector<Claim> claims_;
};

}  // namespace exchange::engine
