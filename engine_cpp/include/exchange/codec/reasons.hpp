// Names of refusals, as clients read them in an order that was refused.
//
// Threads: read-only once filled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange::codec {

class ReasonNames {
 public:
  // Names by number, without the contract's prefix; `otherwise` is the name of those that are not among them.
  ReasonNames(const std::vector<std::pair<std::uint32_t, std::string>>& names, std::string otherwise);

  // Empty for 0.
  [[nodiscard]] std::string_view of(std::uint64_t number) const noexcept;

 private:
  std::vector<std::string> by_number_;
  std::string otherwise_;
};

}  // namespace exchange::codec
