#include "exchange/engine/log/history.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <fstream>
#include <limits>
#include <vector>

#include "exchange/engine/log/log.hpp"

namespace exchange::engine::log {
namespace {

constexpr const char* kEpochFile = "epoch";
constexpr const char* kMarkFile = "released";
constexpr std::uint64_t kMostBytes = 256;

bool exists(const Storage& root, const std::string& name) {
  const std::vector<std::string> names = root.list();
  return std::binary_search(names.begin(), names.end(), name);
}

std::uint32_t read_epoch(Storage& root) {
  if (!exists(root, kEpochFile)) {
    replace_file(root, kEpochFile, "1\n");
    return 1;
  }
  const std::string text = read_range(*root.open(kEpochFile), 0, kMostBytes);
  std::uint32_t epoch = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (parsed.ec != std::errc{} || epoch == 0) throw LogCorrupt(root.path(kEpochFile), 0, 0, "not an epoch");
  return epoch;
}

}  // namespace

std::string machine_start() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

History::History(Storage& root) : root_(root), epoch_(read_epoch(root)), marked_(exists(root, kMarkFile)) {
  if (marked_) mark_ = read_range(*root.open(kMarkFile), 0, kMostBytes);
}

void History::grow() {
  assert(epoch_ < std::numeric_limits<std::uint32_t>::max());
  replace_file(root_, kEpochFile, std::to_string(epoch_ + 1) + "\n");
  ++epoch_;
}

void History::mark(const std::string& machine) {
  replace_file(root_, kMarkFile, machine);
  marked_ = true;
  mark_ = machine;
}

void History::clear() {
  if (!marked_) return;
  root_.remove(kMarkFile);
  root_.sync_folder();
  marked_ = false;
}

}  // namespace exchange::engine::log
