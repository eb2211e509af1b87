// Fee schedules: what the tiers of an instrument's schedule take of a notional.
//
// Invariants:
//   1. A schedule has tier 0, each tier once, no rebate that is above the lowest fee of the other side, and no fee that
//      its instruments cannot bear. Tiers lie in order of number.
//   2. Schedules are changed but never removed: slots run in order of first mention.
//
// Threads: none; owned by one Core.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "exchange/engine/command.hpp"
#include "pool.hpp"
#include "state.hpp"

namespace exchange::engine {

// In millionths of the notional; negative for a rebate.
struct FeeRates {
  std::int32_t taker_ppm = 0;
  std::int32_t maker_ppm = 0;
};

class FeeSchedules {
 public:
  static constexpr std::uint32_t kMaxSchedules = 1'024;

  FeeSchedules() : schedules_(kMaxSchedules) {}

  // Also what the command would change: nothing, if `changed` is false.
  struct Outcome {
    Reason reason = Reason::kNone;
    bool changed = false;
  };
  // `ruinous_ppm` is the smallest fee that is too high.
  [[nodiscard]] Outcome set(const SetFeeSchedule& command, std::int32_t ruinous_ppm) noexcept;

  [[nodiscard]] Slot find(std::uint32_t fee_schedule_id) const noexcept;
  // Tier 0 holds for every tier that the schedule lacks.
  [[nodiscard]] FeeRates rates(Slot schedule, std::uint32_t fee_tier) const noexcept;
  [[nodiscard]] std::int32_t highest_ppm(Slot schedule) const noexcept;
  // As it is now; the tiers are valid until the next change.
  [[nodiscard]] SetFeeSchedule definition(Slot schedule) const noexcept;

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in);

 private:
  struct Schedule {
    std::uint32_t fee_schedule_id = 0;
    std::uint32_t count = 0;
    std::array<FeeTier, kMaxFeeTiers> tiers{};

    [[nodiscard]] std::span<const FeeTier> all() const noexcept { return std::span(tiers).first(count); }
  };

  Pool<Schedule> schedules_;
};

}  // namespace exchange::engine
