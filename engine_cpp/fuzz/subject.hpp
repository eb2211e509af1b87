// What the fuzz targets share: a core small enough to be made for each input, and a way to say that a promise is broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/engine/core.hpp"

namespace exchange::engine::fuzzing {

[[nodiscard]] Limits fuzz_limits();

// Ends the process, so that the fuzzer keeps the input.
void require(bool promise, const char* text);

// Applies every command of a batch at a time, or at the core's if that is later, and reads back all that it says.
void apply_all(Core& core, const Batch& batch, std::int64_t time_ns);

// Holds a core against its invariants and against one that loads what it saves.
void require_whole(const Core& core);

// The state that a stream leads to after so many commands.
[[nodiscard]] std::string state_after(std::uint64_t seed, std::uint64_t commands);

// The state that a leveraged stream leads to when an account is liquidated, and not done with, for the first time after
// so many commands.
[[nodiscard]] std::string state_in_liquidation(std::uint64_t seed, std::uint64_t commands);

// Input of the fuzzer, taken from the front. At its end it gives zeros and empty text.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::uint8_t byte() noexcept;
  // Two bytes say how long it is.
  [[nodiscard]] std::string_view text() noexcept;
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

// A copy in memory of its own size: a view into the input would let a read beyond its end pass unseen.
[[nodiscard]] inline std::vector<char> alone(std::string_view text) { return {text.begin(), text.end()}; }

// How `Input::text` wants it.
void put_text(std::string& out, std::string_view text);

// Steps of engine time that an input can name by their place.
inline constexpr std::int64_t kTimeSteps[] = {0, 1, 1'000'000'000, 600'000'000'000, 91LL * 24 * 3'600 * 1'000'000'000};

// The first byte of a command input: where the core starts.
inline constexpr std::uint8_t kFromNothing = 0;
inline constexpr std::uint8_t kFromState = 1;
// In a batch's first byte, above the place of its step of time.
inline constexpr std::uint8_t kRestartAfter = 0x80;

}  // namespace exchange::engine::fuzzing
