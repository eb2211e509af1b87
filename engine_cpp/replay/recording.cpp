#include "recording.hpp"

#include <cstring>
#include <fstream>
#include <limits>

namespace exchange::engine::replay {
namespace {

constexpr char kMagic[] = "HEWL0001";
constexpr std::size_t kNameBytes = 24;
constexpr std::uint64_t kSymbolBytes = 16;

struct Header {
  char magic[8];
  std::uint32_t symbols;
  std::uint32_t max_id;
  std::uint64_t prefill;
  std::uint64_t commands;
  std::int32_t min_price;
  std::int32_t max_price;
  char name[kNameBytes];
};
static_assert(sizeof(Header) == 64);

[[noreturn]] void refuse(const std::string& path, const std::string& why) { throw BadRecording(path + ": " + why); }

Header read_header(std::ifstream& file, const std::string& path) {
  Header header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) refuse(path, "shorter than a header of 64 bytes");
  if (std::memcmp(header.magic, kMagic, sizeof header.magic) != 0) refuse(path, "does not begin with HEWL0001");
  if (header.symbols == 0 || header.symbols > std::numeric_limits<std::uint16_t>::max() + 1U) {
    refuse(path, "has " + std::to_string(header.symbols) + " symbols; 1 to 65536 can be named");
  }
  return header;
}

// What the header promises has to be there before memory is taken for it.
void require_size(std::uint64_t bytes, const Header& header, const std::string& path) {
  const std::uint64_t room = bytes - sizeof header;
  const std::uint64_t table = header.symbols * kSymbolBytes;
  const std::uint64_t most = room < table ? 0 : (room - table) / sizeof(Step);
  const bool fits = header.prefill <= most && header.commands <= most - header.prefill;
  if (!fits || table + (header.prefill + header.commands) * sizeof(Step) != room) {
    refuse(path, "is " + std::to_string(bytes) + " bytes long, which is not what its header promises");
  }
}

}  // namespace

Recording read_recording(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) refuse(path, "cannot be read");
  const auto bytes = static_cast<std::uint64_t>(file.tellg());
  file.seekg(0);
  const Header header = read_header(file, path);
  require_size(bytes, header, path);
  Recording out;
  out.name.assign(header.name, strnlen(header.name, kNameBytes));
  out.symbols = header.symbols;
  out.max_id = header.max_id;
  out.prefill = header.prefill;
  out.steps.resize(header.prefill + header.commands);
  file.seekg(static_cast<std::streamoff>(header.symbols * kSymbolBytes), std::ios::cur);
  const auto size = static_cast<std::streamsize>(out.steps.size() * sizeof(Step));
  if (!file.read(reinterpret_cast<char*>(out.steps.data()), size)) refuse(path, "cannot be read to its end");
  try {
    require_whole(out);
  } catch (const BadRecording& error) {
    refuse(path, error.what());
  }
  return out;
}

void require_whole(const Recording& recording) {
  for (std::size_t i = 0; i < recording.steps.size(); ++i) {
    const Step& step = recording.steps[i];
    const char* wrong = step.op > Op::kReduce                              ? "op"
                        : step.sells > 1                                   ? "side"
                        : step.symbol >= recording.symbols                 ? "symbol"
                        : step.id == 0 || step.id > recording.max_id       ? "id"
                                                                           : nullptr;
    if (wrong != nullptr) throw BadRecording("step " + std::to_string(i) + " has a wrong " + wrong);
  }
}

}  // namespace exchange::engine::replay
