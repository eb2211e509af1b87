// What margin the instruments ask of each class of accounts.
//
// Invariants:
//   1. An instrument that has parameters has those of class 0, which hold for every class without its own.
//   2. maintenance <= initial, initial * leverage >= 1, and no fee of the instrument's schedule reaches the margin at the
//      largest leverage.
//   3. Parameters are changed but never removed: slots run in order of first mention.
//
// Threads: none; owned by one Core.
#pragma once

#include <cstdint>

#include "exchange/engine/command.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

class MarginParameters {
 public:
  static constexpr std::uint32_t kMaxParameters = 16'384;

  MarginParameters() : parameters_(kMaxParameters), by_key_(kMaxParameters) {}

  // Null if nobody can trade the instrument yet.
  [[nodiscard]] const SetMarginParameters* find(std::uint32_t instrument_id, std::uint32_t account_class) const noexcept;
  // kNone if the parameters may be set; `is_option` is of the instrument.
  [[nodiscard]] Reason check(const SetMarginParameters& wanted, bool is_option) const noexcept;
  // Sets what was checked; true if that changed anything.
  bool set(const SetMarginParameters& wanted) noexcept;
  // The smallest fee, in millionths, that eats the margin at the largest leverage that the instrument allows any class.
  [[nodiscard]] std::int32_t ruinous_fee_ppm(std::uint32_t instrument_id) const noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return parameters_.size(); }
  [[nodiscard]] const SetMarginParameters& operator[](Slot slot) const noexcept { return parameters_[slot]; }

  void save(StateWriter& out) const;
  // The next parameters of a saved state; zeros if they cannot be read.
  [[nodiscard]] static SetMarginParameters load_one(StateReader& in);

 private:
  [[nodiscard]] Slot find_own(std::uint32_t instrument_id, std::uint32_t account_class) const noexcept;
  [[nodiscard]] static std::uint32_t tag_of(std::uint32_t instrument_id, std::uint32_t account_class) noexcept {
    return static_cast<std::uint32_t>(mix(std::uint64_t{instrument_id} << 8U | account_class));
  }

  Pool<SetMarginParameters> parameters_;
  SlotTable by_key_;
};

// The smallest fee, in millionths, that eats the margin at this leverage.
[[nodiscard]] constexpr std::int32_t ruinous_fee_ppm(std::uint32_t leverage) noexcept {
  return static_cast<std::int32_t>((1'000'000 + leverage - 1) / leverage);
}

}  // namespace exchange::engine
