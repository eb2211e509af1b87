// A clock fine and cheap enough for single commands: the processor's own counter where there is one.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace exchange::engine::replay {

class Clock {
 public:
  [[nodiscard]] static std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }

  // Measured once against the steady clock.
  [[nodiscard]] static double ns_per_tick() {
    static const double measured = measure();
    return measured;
  }

 private:
  static double measure() {
    using std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kSpan{50};
    const auto start = steady_clock::now();
    const std::uint64_t first = ticks();
    auto now = start;
    while (now - start < kSpan) now = steady_clock::now();
    const std::uint64_t last = ticks();
    return std::chrono::duration<double, std::nano>(now - start).count() / static_cast<double>(last - first);
  }
};

}  // namespace exchange::engine::replay
