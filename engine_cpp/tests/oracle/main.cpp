// The argument of tests/core/oracle_test.cpp at scale: `oracle COMMANDS [FIRST_SEED]` plays seed after seed until both
// engines have seen so many commands. Events and answers are compared after every command, the state is checked every
// 1,000, and the core goes on as a loaded one now and then. Seeds that fail belong into tests/core/seeds.txt.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "argument.hpp"

namespace {

using exchange::engine::testing::Argument;
using exchange::engine::testing::CommandStream;

constexpr std::uint64_t kCommandsPerSeed = 40'000;
constexpr std::uint64_t kCommandsBetweenChecks = 1'000;
constexpr std::uint64_t kCommandsBetweenRestarts = 7'000;
constexpr std::uint64_t kFirstSeed = 1'000'000;  // none that the tests play
constexpr std::uint64_t kSeedsBetweenReports = 25;
constexpr std::uint64_t kStreamsInTurn = 3;  // any, leveraged, calm

// What is wrong; empty if nothing is.
std::string play(Argument& argument, std::uint64_t commands) {
  while (argument.commands() < commands) {
    if (std::string wrong = argument.next(); !wrong.empty()) return wrong;
    if (argument.commands() % kCommandsBetweenChecks != 0) continue;
    if (std::string wrong = argument.check(); !wrong.empty()) return wrong;
    if (argument.commands() % kCommandsBetweenRestarts == 0 && !argument.restart()) return "a restart failed";
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  const std::uint64_t wanted = count > 1 ? std::strtoull(words[1], nullptr, 10) : 0;
  std::uint64_t seed = count > 2 ? std::strtoull(words[2], nullptr, 10) : kFirstSeed;
  if (wanted == 0) {
    std::cerr << "usage: oracle COMMANDS [FIRST_SEED]\n";
    return 2;
  }
  std::uint64_t played = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t seeds = 1; played < wanted; ++seed, ++seeds) {
    const std::uint64_t first[kStreamsInTurn] = {CommandStream::kFirstCalmSeed, 0, CommandStream::kFirstLeveragedSeed};
    const std::uint64_t stream = first[seeds % kStreamsInTurn] + seed;
    Argument argument(stream);
    const std::string wrong = play(argument, std::min(kCommandsPerSeed, wanted - played));
    played += argument.commands();
    if (!wrong.empty()) {
      ++failed;
      std::cout << "seed " << stream << ": " << wrong << std::endl;
    }
    if (seeds % kSeedsBetweenReports == 0) std::cout << played << " commands, " << failed << " seeds failed" << std::endl;
  }
  std::cout << played << " commands, " << failed << " seeds failed" << std::endl;
  return failed == 0 ? 0 : 1;
}
