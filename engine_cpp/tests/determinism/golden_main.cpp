// `golden make JOURNAL EXPECTED` makes a golden journal and what it comes to. `golden expect JOURNAL EXPECTED` keeps the
// journal: for a change that is meant, such as another format of the saved state.
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "golden.hpp"

namespace {

using exchange::engine::testing::make_golden_journal;
using exchange::engine::testing::replay_golden_journal;

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

bool write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int count, char** words) {
  const std::string verb = count == 4 ? words[1] : "";
  if (verb != "make" && verb != "expect") {
    std::cerr << "usage: golden make|expect JOURNAL EXPECTED\n";
    return 2;
  }
  const std::string journal = verb == "make" ? make_golden_journal() : read_file(words[2]);
  if (verb == "make" && !write_file(words[2], journal)) return 1;
  return write_file(words[3], replay_golden_journal(journal)) ? 0 : 1;
}
