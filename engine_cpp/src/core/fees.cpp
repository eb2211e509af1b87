#include "fees.hpp"

#include <algorithm>

#include "money.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint32_t kHighestTier = 255;
constexpr std::int32_t kRuinousPpm = kMillion;  // before any instrument has the schedule

bool is_in_range(const FeeTier& tier) noexcept {
  return tier.fee_tier <= kHighestTier && is_fee_rate(tier.taker_fee_ppm) && is_fee_rate(tier.maker_fee_ppm);
}

std::int32_t highest(std::span<const FeeTier> tiers) noexcept {
  std::int32_t most = 0;
  for (const FeeTier& tier : tiers) most = std::max({most, tier.taker_fee_ppm, tier.maker_fee_ppm});
  return most;
}

// Any tier may meet any other in a trade, and what one side is given back comes from the other's fee.
bool covers_rebates(std::span<const FeeTier> tiers) noexcept {
  const auto lowest = [&](auto rate) { return std::ranges::min(tiers, {}, rate).*rate; };
  return lowest(&FeeTier::taker_fee_ppm) + lowest(&FeeTier::maker_fee_ppm) >= 0;
}

// Of tiers in order of number.
bool is_complete(std::span<const FeeTier> tiers) noexcept {
  return !tiers.empty() && tiers.front().fee_tier == 0 &&
         std::ranges::adjacent_find(tiers, {}, &FeeTier::fee_tier) == tiers.end();
}

}  // namespace

FeeSchedules::Outcome FeeSchedules::set(const SetFeeSchedule& command, std::int32_t ruinous_ppm) noexcept {
  if (command.fee_schedule_id == 0 || command.tiers.empty() || command.tiers.size() > kMaxFeeTiers ||
      !std::ranges::all_of(command.tiers, is_in_range)) {
    return {Reason::kInvalidField};
  }
  Schedule wanted{.fee_schedule_id = command.fee_schedule_id,
                  .count = static_cast<std::uint32_t>(command.tiers.size())};
  std::ranges::copy(command.tiers, wanted.tiers.begin());
  std::ranges::sort(std::span(wanted.tiers).first(wanted.count), {}, &FeeTier::fee_tier);
  const bool bearable = highest(wanted.all()) < ruinous_ppm;
  if (!is_complete(wanted.all()) || !covers_rebates(wanted.all()) || !bearable) return {Reason::kFeeScheduleInvalid};
  Slot slot = find(command.fee_schedule_id);
  if (slot == kNil) {
    if (schedules_.room() == 0) return {Reason::kEngineFull};
    slot = schedules_.take();
  } else if (std::ranges::equal(schedules_[slot].all(), wanted.all())) {
    return {};
  }
  schedules_[slot] = wanted;
  return {Reason::kNone, true};
}

Slot FeeSchedules::find(std::uint32_t fee_schedule_id) const noexcept {
  for (Slot slot = 0; slot < schedules_.size(); ++slot) {
    if (schedules_[slot].fee_schedule_id == fee_schedule_id) return slot;
  }
  return kNil;
}

FeeRates FeeSchedules::rates(Slot schedule, std::uint32_t fee_tier) const noexcept {
  const std::span<const FeeTier> tiers = schedules_[schedule].all();
  const auto found = std::ranges::find(tiers, fee_tier, &FeeTier::fee_tier);
  const FeeTier& tier = found == tiers.end() ? tiers.front() : *found;
  return {tier.taker_fee_ppm, tier.maker_fee_ppm};
}

std::int32_t FeeSchedules::highest_ppm(Slot schedule) const noexcept { return highest(schedules_[schedule].all()); }

SetFeeSchedule FeeSchedules::definition(Slot schedule) const noexcept {
  return {schedules_[schedule].fee_schedule_id, schedules_[schedule].all()};
}

void FeeSchedules::save(StateWriter& out) const {
  out.put(schedules_.size());
  for (Slot slot = 0; slot < schedules_.size(); ++slot) {
    const Schedule& schedule = schedules_[slot];
    out.put(schedule.fee_schedule_id, schedule.count);
    for (const FeeTier& tier : schedule.all()) out.put(tier.fee_tier, tier.taker_fee_ppm, tier.maker_fee_ppm);
  }
}

bool FeeSchedules::load(StateReader& in) {
  const std::uint32_t count = in.get_count(schedules_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    std::uint32_t fee_schedule_id = 0;
    in.get(fee_schedule_id);
    std::array<FeeTier, kMaxFeeTiers> tiers{};
    const std::uint32_t tier_count = in.get_count(kMaxFeeTiers);
    for (std::uint32_t at = 0; at < tier_count; ++at) {
      in.get(tiers[at].fee_tier, tiers[at].taker_fee_ppm, tiers[at].maker_fee_ppm);
    }
    if (!in.ok()) return false;
    const Outcome outcome = set({fee_schedule_id, std::span(tiers).first(tier_count)}, kRuinousPpm);
    in.require(outcome.reason == Reason::kNone && outcome.changed && find(fee_schedule_id) == i);
  }
  return in.ok();
}

}  // namespace exchange::engine
