// Transfers between the ledger and the engine, in one contiguous sequence.
//
// Invariants:
//   1. Only the next number is applied; it is consumed whether the transfer is applied or refused for what it asks.
//   2. One of the last kRemembered numbers gets its first answer again. Any other number is a gap and changes nothing.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "exchange/engine/command.hpp"
#include "state.hpp"

namespace exchange::engine {

struct TransferAnswer {
  std::uint64_t engine_seq = 0;
  std::uint64_t account_id = 0;
  std::int64_t amount = 0;
  std::uint32_t asset_id = 0;
  Reason reason = Reason::kNone;
  TransferDirection direction{};
};

class Transfers {
 public:
  static constexpr std::size_t kRemembered = 4'096;

  Transfers() : answers_(kRemembered) {}

  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  [[nodiscard]] bool remembers(std::uint64_t transfer_seq) const noexcept {
    return transfer_seq > 0 && transfer_seq <= last_ && last_ - transfer_seq < kRemembered;
  }
  [[nodiscard]] const TransferAnswer& answer(std::uint64_t transfer_seq) const noexcept {
    return answers_[transfer_seq % kRemembered];
  }
  void remember(const TransferAnswer& answer) noexcept { answers_[++last_ % kRemembered] = answer; }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in);

 private:
  [[nodiscard]] std::uint64_t first() const noexcept { return last_ < kRemembered ? 1 : last_ - kRemembered + 1; }

  std::uint64_t last_ = 0;
  std::vector<TransferAnswer> answers_;
};

}  // namespace exchange::engine
