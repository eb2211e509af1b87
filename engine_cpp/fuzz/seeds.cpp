// `fuzz_seeds FOLDER`: the inputs that fuzzing starts from, made of the seeded streams.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

#include "command_stream.hpp"
#include "exchange/engine/log/chain.hpp"
#include "exchange/engine/log/record.hpp"
#include "subject.hpp"
#include "wire.hpp"

namespace exchange::engine::fuzzing {
namespace {

constexpr std::uint64_t kCommandInputs = 60;
constexpr std::uint64_t kStates = 30;
constexpr std::uint64_t kLiquidations = 10;
constexpr std::uint64_t kJournals = 20;
constexpr std::uint64_t kCommandsPerSegment = 40;

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string commands(std::uint64_t seed) {
  testing::CommandStream stream(seed);
  std::string out(1, static_cast<char>(seed % 2));
  for (std::uint64_t batches = 10 + seed % 40; batches > 0; --batches) {
    std::vector<std::string> batch;
    for (std::uint64_t size = 1 + batches % 4; size > 0; --size) batch.push_back(stream.next());
    const bool restart = batches % 8 == 0;
    out.push_back(static_cast<char>(batches % 3 | (restart ? kRestartAfter : 0U)));
    put_text(out, testing::submit_request(batch));
  }
  return out;
}

std::string journal(std::uint64_t seed) {
  testing::CommandStream stream(seed);
  log::Chain chain;
  std::string out{static_cast<char>(seed % 8), static_cast<char>(seed)};
  std::uint64_t seq = 0;
  for (std::uint64_t segments = 1 + seed % 3; segments > 0; --segments) {
    std::string segment = log::encode_header({.shard = 0, .first_seq = seq + 1, .link = chain.last()});
    std::string group;
    for (std::uint64_t i = 1; i <= kCommandsPerSegment; ++i) {
      const std::string command = stream.next();
      log::append_command(group, ++seq, stream.time_ns(), command);
      if (i % 10 != 0) continue;
      segment += group;
      log::append_seal(segment, seq, stream.time_ns(), chain.extend(group));
      group.clear();
    }
    segment.append(64, '\0');
    put_text(out, segment);
  }
  return out;
}

// A client's batch of three orders and a cancel, and the engine's answer to them, behind where the one ends.
std::string entry() {
  std::string order;
  protozero::pbf_writer place(order);
  place.add_string(1, "id");
  place.add_string(2, "BTC-KK99");
  for (const std::uint32_t field : {3U, 4U, 5U}) place.add_enum(field, 1);
  place.add_string(6, "100.25");
  place.add_string(7, "0.5");
  std::string cancel;
  protozero::pbf_writer(cancel).add_string(1, "18446744073709551615");
  std::string batch;
  std::string answer;
  for (const std::uint32_t kind : {1U, 1U, 1U, 3U}) {
    std::string item;
    protozero::pbf_writer(item).add_message(kind, kind == 1 ? order : cancel);
    protozero::pbf_writer(batch).add_message(2, item);
    std::string result;
    protozero::pbf_writer out(result);
    out.add_uint64(1, 9);
    out.add_message(4, std::string("\x08\x01\x20\x07\x28\x01\x30\x01\x50\x14\x60\x02"));
    out.add_message(5, std::string("\x08\x05\x10\x06"));
    protozero::pbf_writer(answer).add_message(1, result);
  }
  std::string message;
  protozero::pbf_writer(message).add_message(2, batch);
  const std::string split{static_cast<char>(message.size() & 0xFFU), static_cast<char>(message.size() >> 8U)};
  return split + message + answer;
}

void write_all(const std::filesystem::path& folder) {
  for (std::uint64_t seed = 0; seed < kCommandInputs; ++seed) {
    write_file(folder / "commands" / std::to_string(seed), commands(seed));
  }
  for (std::uint64_t seed = 0; seed < kStates; ++seed) {
    write_file(folder / "state" / std::to_string(seed), state_after(seed, 3 + 9 * seed));
  }
  for (std::uint64_t seed = 0; seed < kLiquidations; ++seed) {
    write_file(folder / "state" / ("liquidation-" + std::to_string(seed)), state_in_liquidation(seed, 100 * seed));
  }
  for (std::uint64_t seed = 0; seed < kJournals; ++seed) {
    write_file(folder / "journal" / std::to_string(seed), journal(seed));
  }
  write_file(folder / "entry" / "0", entry());
}

}  // namespace
}  // namespace exchange::engine::fuzzing

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: fuzz_seeds FOLDER\n";
    return 2;
  }
  exchange::engine::fuzzing::write_all(words[1]);
  return 0;
}
