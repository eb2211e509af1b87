// Every golden journal comes to what it came to when it was written.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "golden.hpp"

namespace exchange::engine::testing {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

TEST(GoldenTest, EveryJournalComesToWhatItCameTo) {
  for (const auto& file : std::filesystem::directory_iterator(EXCHANGE_GOLDEN)) {
    if (file.path().extension() != ".journal") continue;
    std::filesystem::path expected = file.path();
    expected.replace_extension(".expected");
    EXPECT_EQ(replay_golden_journal(read_file(file.path())), read_file(expected)) << file.path();
  }
}

TEST(GoldenTest, AJournalIsMadeTheSameTwice) {
  const std::string journal = make_golden_journal();
  EXPECT_EQ(make_golden_journal(), journal);
  EXPECT_EQ(replay_golden_journal(journal), replay_golden_journal(journal));
}

}  // namespace
}  // namespace exchange::engine::testing
