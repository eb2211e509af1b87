#include "margin_parameters.hpp"

#include <algorithm>
#include <limits>

#include "money.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint32_t kHighestClass = 255;
constexpr std::uint32_t kHighestLeverage = 500;

bool is_in_range(const SetMarginParameters& p) noexcept {
  return p.account_class <= kHighestClass && p.initial_margin_ppm > 0 && p.initial_margin_ppm <= kMillion &&
         p.maintenance_margin_ppm > 0 && p.maintenance_margin_ppm <= kMillion && p.max_leverage > 0 &&
         p.max_leverage <= kHighestLeverage && p.liquidation_penalty_ppm <= kMillion && p.short_option_margin >= 0 &&
         p.short_option_margin <= kMaxAmount;
}

bool same(const SetMarginParameters& one, const SetMarginParameters& other) noexcept {
  return one.initial_margin_ppm == other.initial_margin_ppm &&
         one.maintenance_margin_ppm == other.maintenance_margin_ppm && one.max_leverage == other.max_leverage &&
         one.liquidation_penalty_ppm == other.liquidation_penalty_ppm &&
         one.short_option_margin == other.short_option_margin;
}

}  // namespace

Slot MarginParameters::find_own(std::uint32_t instrument_id, std::uint32_t account_class) const noexcept {
  return by_key_.find(tag_of(instrument_id, account_class), [&](Slot slot) {
    return parameters_[slot].instrument_id == instrument_id && parameters_[slot].account_class == account_class;
  });
}

const SetMarginParameters* MarginParameters::find(std::uint32_t instrument_id,
                                                  std::uint32_t account_class) const noexcept {
  Slot slot = find_own(instrument_id, account_class);
  if (slot == kNil && account_class != 0) slot = find_own(instrument_id, 0);
  return slot == kNil ? nullptr : &parameters_[slot];
}

Reason MarginParameters::check(const SetMarginParameters& wanted, bool is_option) const noexcept {
  if (!is_in_range(wanted)) return Reason::kInvalidField;
  const bool agrees = wanted.maintenance_margin_ppm <= wanted.initial_margin_ppm &&
                      std::int64_t{wanted.initial_margin_ppm} * wanted.max_leverage >= kMillion &&
                      (wanted.short_option_margin > 0) == is_option;
  const bool has_default = wanted.account_class == 0 || find_own(wanted.instrument_id, 0) != kNil;
  if (!agrees || !has_default) return Reason::kMarginParametersInvalid;
  const bool fits = find_own(wanted.instrument_id, wanted.account_class) != kNil || parameters_.room() > 0;
  return fits ? Reason::kNone : Reason::kEngineFull;
}

bool MarginParameters::set(const SetMarginParameters& wanted) noexcept {
  Slot slot = find_own(wanted.instrument_id, wanted.account_class);
  if (slot == kNil) {
    slot = parameters_.take();
    by_key_.insert(tag_of(wanted.instrument_id, wanted.account_class), slot);
  } else if (same(parameters_[slot], wanted)) {
    return false;
  }
  parameters_[slot] = wanted;
  return true;
}

std::int32_t MarginParameters::ruinous_fee_ppm(std::uint32_t instrument_id) const noexcept {
  std::int32_t lowest = std::numeric_limits<std::int32_t>::max();
  for (Slot slot = 0; slot < parameters_.size(); ++slot) {
    if (parameters_[slot].instrument_id != instrument_id) continue;
    lowest = std::min(lowest, engine::ruinous_fee_ppm(parameters_[slot].max_leverage));
  }
  return lowest;
}

void MarginParameters::save(StateWriter& out) const {
  out.put(parameters_.size());
  for (Slot slot = 0; slot < parameters_.size(); ++slot) {
    const SetMarginParameters& p = parameters_[slot];
    out.put(p.instrument_id, p.account_class, p.initial_margin_ppm, p.maintenance_margin_ppm, p.max_leverage,
            p.liquidation_penalty_ppm, p.short_option_margin);
  }
}

SetMarginParameters MarginParameters::load_one(StateReader& in) {
  SetMarginParameters p;
  in.get(p.instrument_id, p.account_class, p.initial_margin_ppm, p.maintenance_margin_ppm, p.max_leverage,
         p.liquidation_penalty_ppm, p.short_option_margin);
  return p;
}

}  // namespace exchange::engine
