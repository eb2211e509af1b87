// The core and the naive engine over one seeded stream of commands, side by side.
#pragma once

#include <cstdint>
#include <string>

#include "command_stream.hpp"
#include "engine.hpp"
#include "exchange/engine/core.hpp"

namespace exchange::engine::testing {

class Argument {
 public:
  explicit Argument(std::uint64_t seed);

  // Gives both the next command. Answers what they disagree on; empty if they agree on every byte.
  [[nodiscard]] std::string next();
  // Holds the core's state against itself: every invariant, and that a core which loads it is the same. Answers what is
  // wrong; empty if nothing is.
  [[nodiscard]] std::string check() const;
  // Goes on with a core that was loaded from what this one saves.
  [[nodiscard]] bool restart();

  [[nodiscard]] std::uint64_t commands() const noexcept { return seq_; }

 private:
  CommandStream stream_;
  Core core_;
  reference::Engine oracle_;
  Batch batch_;
  std::uint64_t seq_ = 0;
};

}  // namespace exchange::engine::testing
