// recovery_bench FOLDER: replays an engine's journal four times, each with one step more, and prints how long a command
// takes in each as one line of JSON. Nothing in the folder is changed.
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "exchange/engine/core.hpp"
#include "exchange/engine/log/follower.hpp"
#include "exchange/engine/log/journal_reader.hpp"

namespace {

using namespace exchange::engine;

constexpr std::size_t kChunkBytes = 1U << 20U;

// Nanoseconds per command of a replay.
template <typename Visit>
double measure(log::Storage& journal, Visit visit) {
  const auto begun = std::chrono::steady_clock::now();
  const log::JournalEnd end = log::read_journal(journal, 0, 0, visit);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
  return took.count() / static_cast<double>(end.last_seq);
}

void run(const std::string& folder) {
  const auto journal = log::open_folder_read_only(folder + "/journal");
  std::uint64_t commands = 0;
  const double read = measure(*journal, [&](const log::Record&) { ++commands; });

  Batch batch;
  const double decoded = measure(*journal, [&](const log::Record& record) {
    batch.clear();
    const std::span bytes(reinterpret_cast<const std::byte*>(record.payload.data()), record.payload.size());
    if (Core::decode_command(bytes, batch) != Reason::kNone) throw log::RecordRefused("the record is not a command");
  });

  log::Replayer replayer;
  ByteBuffer blocks;
  auto core = std::make_unique<Core>(Limits{}, std::uint8_t{0});
  const double applied = measure(*journal, [&](const log::Record& record) {
    blocks.clear();
    replayer.apply(*core, record, blocks);
  });

  core = std::make_unique<Core>(Limits{}, std::uint8_t{0});
  ByteBuffer encoded;
  blocks.clear();
  const double published = measure(*journal, [&](const log::Record& record) {
    replayer.apply(*core, record, blocks);
    if (blocks.size() < kChunkBytes) return;
    encoded.clear();
    encode_blocks(blocks.view(), encoded);
    blocks.clear();
  });
  std::printf("{\"commands\": %llu, \"read_verify_ns\": %.0f, \"and_decode_ns\": %.0f, \"and_apply_ns\": %.0f, "
              "\"and_encode_events_ns\": %.0f}\n",
              static_cast<unsigned long long>(commands), read, decoded, applied, published);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: recovery_bench FOLDER\n");
    return 2;
  }
  try {
    run(words[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "recovery_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
