#include "exchange/engine/log/snapshots.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "exchange/engine/log/crc32c.hpp"
#include "fixed.hpp"

namespace exchange::engine::log {
namespace {

// magic[8] | shard u32 | crc32c of all else u32 | engine_seq u64 | time i64 | state hash u64 | length u64 | state
constexpr std::string_view kMagic{"EXSNAP01", 8};
constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kCrcAt = 12;
constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".bin";
constexpr std::size_t kSeqDigits = 20;
constexpr std::size_t kKept = 2;

std::uint32_t checksum(std::string_view file) {
  return crc32c(file.substr(kCrcAt + 4), crc32c(file.substr(0, kCrcAt)));
}

std::string encode(const Snapshot& snapshot) {
  std::string out(kMagic);
  put_fixed(out, snapshot.shard);
  put_fixed(out, std::uint32_t{0});
  put_fixed(out, snapshot.engine_seq);
  put_fixed(out, snapshot.time_ns);
  put_fixed(out, snapshot.state_hash);
  put_fixed(out, static_cast<std::uint64_t>(snapshot.state.size()));
  assert(out.size() == kHeaderBytes);
  out += snapshot.state;
  const std::uint32_t crc = checksum(out);
  out.replace(kCrcAt, sizeof crc, reinterpret_cast<const char*>(&crc), sizeof crc);
  return out;
}

bool whole(std::string_view file) {
  return file.size() >= kHeaderBytes && file.starts_with(kMagic) &&
         get_fixed<std::uint64_t>(file, 40) == file.size() - kHeaderBytes &&
         checksum(file) == get_fixed<std::uint32_t>(file, kCrcAt);
}

}  // namespace

std::string snapshot_name(std::uint64_t engine_seq) {
  std::string digits = std::to_string(engine_seq);
  digits.insert(0, kSeqDigits - digits.size(), '0');
  return std::string(kPrefix) + digits + std::string(kSuffix);
}

Snapshots::Snapshots(Storage& storage) : storage_(storage) {}

std::vector<std::uint64_t> Snapshots::list() const {
  std::vector<std::uint64_t> found;
  for (const std::string& name : storage_.list()) {
    if (name.size() != kPrefix.size() + kSeqDigits + kSuffix.size() || !name.ends_with(kSuffix)) continue;
    std::uint64_t engine_seq = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + kPrefix.size() + kSeqDigits, engine_seq);
    found.push_back(engine_seq);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::optional<Snapshot> Snapshots::load(std::uint64_t engine_seq) const {
  const std::unique_ptr<File> file = storage_.open(snapshot_name(engine_seq));
  std::string bytes = read_range(*file, 0, file->size());
  if (!whole(bytes) || get_fixed<std::uint64_t>(bytes, 16) != engine_seq) return std::nullopt;
  Snapshot snapshot{get_fixed<std::uint32_t>(bytes, 8), engine_seq, get_fixed<std::int64_t>(bytes, 24),
                    get_fixed<std::uint64_t>(bytes, 32), {}};
  bytes.erase(0, kHeaderBytes);
  snapshot.state = std::move(bytes);
  return snapshot;
}

void Snapshots::publish(const Snapshot& snapshot) {
  replace_file(storage_, snapshot_name(snapshot.engine_seq), encode(snapshot));
  const std::vector<std::uint64_t> all = list();
  for (std::size_t i = kKept; i < all.size(); ++i) storage_.remove(snapshot_name(all[i]));
}

}  // namespace exchange::engine::log
