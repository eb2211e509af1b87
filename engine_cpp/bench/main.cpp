// engine_bench WORKLOAD...: runs seeded markets through the full core and prints one line of JSON for each.
//
// Workloads: W1, W2, W3; `orders=N` (the mix of W1 over N resting orders), `instruments=N` (over N instruments),
// `reach=N` (prices N times as far apart). An argument `commands=N` holds for the workloads after it, `window=N` for
// how many commands ids are remembered.
#include <unistd.h>

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "market.hpp"
#include "workloads.hpp"

namespace {

using exchange::engine::bench::Market;
using exchange::engine::replay::Outcome;
using exchange::engine::replay::Recording;

std::uint64_t number(std::string_view argument) {
  const std::string_view digits = argument.substr(argument.find('=') + 1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument(std::string(argument) + " is not a number");
  }
  return value;
}

std::optional<Recording> market(std::string_view argument, std::uint64_t commands) {
  using namespace exchange::engine::bench;
  const auto of = [&](Market made) { return moving_market(made); };
  if (argument == "W1") return w1(commands);
  if (argument == "W2") return w2(commands);
  if (argument == "W3") return w3(commands);
  if (argument.starts_with("orders=")) {
    return of({.resting = static_cast<std::uint32_t>(number(argument)), .commands = commands});
  }
  if (argument.starts_with("instruments=")) {
    const auto symbols = static_cast<std::uint32_t>(number(argument));
    return of({.symbols = symbols, .resting = std::max(100 * symbols, 1'000U), .commands = commands});
  }
  if (argument.starts_with("reach=")) {
    return of({.commands = commands, .reach = static_cast<std::int32_t>(number(argument))});
  }
  return {};
}

void print(std::string_view workload, const Outcome& o) {
  std::printf("{\"workload\": \"%.*s\", \"commands\": %" PRIu64 ", \"rejects\": %" PRIu64 ", \"trades\": %" PRIu64
              ", \"resting\": %" PRIu64 ", \"hash\": %" PRIu64,
              static_cast<int>(workload.size()), workload.data(), o.commands, o.rejects, o.trades, o.resting, o.hash);
  std::printf(", \"ns_per_command\": %.1f, \"p50_ns\": %.0f, \"p99_ns\": %.0f, \"p999_ns\": %.0f, \"p9999_ns\": %.0f"
              ", \"core_bytes\": %" PRIu64 "}\n",
              o.ns_per_command, o.p50_ns, o.p99_ns, o.p999_ns, o.p9999_ns, o.core_bytes);
  std::fflush(stdout);
}

void run_all(int count, char** arguments) {
  std::uint64_t commands = 3'000'000;
  exchange::engine::replay::Options options{.memory = true};
  for (int i = 1; i < count; ++i) {
    const std::string_view argument(arguments[i]);
    if (argument.starts_with("commands=")) {
      commands = number(argument);
    } else if (argument.starts_with("window=")) {
      options.id_window = static_cast<std::uint32_t>(number(argument));
    } else if (const auto recording = market(argument, commands)) {
      print(argument, exchange::engine::replay::run(*recording, options));
    } else {
      throw std::invalid_argument("there is no workload " + std::string(argument));
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run_all(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "engine_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
