// engine_replay FILE...: runs recorded markets through the full core and prints one line of JSON for each.
#include <cinttypes>
#include <cstdio>
#include <exception>

#include "market.hpp"

namespace {

using exchange::engine::replay::Outcome;

// The name as JSON text: a path may hold anything.
void print_text(const char* text) {
  std::putchar('"');
  for (; *text != '\0'; ++text) {
    const auto byte = static_cast<unsigned char>(*text);
    if (byte == '"' || byte == '\\') std::putchar('\\');
    if (byte < 0x20) {
      std::printf("\\u%04x", byte);
    } else {
      std::putchar(byte);
    }
  }
  std::putchar('"');
}

void print(const char* file, const Outcome& outcome) {
  std::printf("{\"file\": ");
  print_text(file);
  std::printf(", \"commands\": %" PRIu64 ", \"rejects\": %" PRIu64 ", \"trades\": %" PRIu64 ", \"quantity\": %" PRIu64
              ", \"notional\": %" PRId64 ", \"hash\": %" PRIu64,
              outcome.commands, outcome.rejects, outcome.trades, outcome.quantity, outcome.notional, outcome.hash);
  std::printf(", \"ns_per_command\": %.1f, \"p50_ns\": %.0f, \"p99_ns\": %.0f, \"p999_ns\": %.0f}\n",
              outcome.ns_per_command, outcome.p50_ns, outcome.p99_ns, outcome.p999_ns);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: engine_replay FILE...\n", stderr);
    return 2;
  }
  int failures = 0;
  for (int i = 1; i < count; ++i) {
    try {
      print(arguments[i], exchange::engine::replay::run(exchange::engine::replay::read_recording(arguments[i]), {}));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "engine_replay: %s\n", error.what());
      ++failures;
    }
  }
  return failures == 0 ? 0 : 1;
}
