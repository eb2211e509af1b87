#include "exchange/codec/reasons.hpp"

namespace exchange::codec {

ReasonNames::ReasonNames(const std::vector<std::pair<std::uint32_t, std::string>>& names, std::string otherwise)
    : otherwise_(std::move(otherwise)) {
  for (const auto& [number, name] : names) {
    if (by_number_.size() <= number) by_number_.resize(number + 1);
    by_number_[number] = name;
  }
}

std::string_view ReasonNames::of(std::uint64_t number) const noexcept {
  if (number == 0) return {};
  if (number >= by_number_.size() || by_number_[number].empty()) return otherwise_;
  return by_number_[number];
}

}  // namespace exchange::codec
