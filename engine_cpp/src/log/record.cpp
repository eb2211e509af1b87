#include "exchange/engine/log/record.hpp"

#include <bit>
#include <cassert>
#include <cstring>

#include "exchange/engine/log/crc32c.hpp"
#include "fixed.hpp"

namespace exchange::engine::log {
namespace {

static_assert(std::endian::native == std::endian::little, "the journal is written as the machine holds it");

constexpr std::string_view kMagic{"EXJRNL01", 8};
constexpr std::uint32_t kSealFlag = 0x8000'0000U;
constexpr std::size_t kCrcAt = 4;
constexpr std::size_t kHeaderCrcAt = 12;

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7U) & ~std::size_t{7}; }

// The checksum of a frame with the four bytes that hold it left out.
std::uint32_t checksum(std::string_view frame, std::size_t crc_at) noexcept {
  return crc32c(frame.substr(crc_at + 4), crc32c(frame.substr(0, crc_at)));
}

void append_record(std::string& out, std::uint32_t flagged_length, std::uint64_t engine_seq, std::int64_t time_ns,
                   std::string_view payload) {
  struct {
    std::uint32_t length, crc;
    std::uint64_t engine_seq;
    std::int64_t time_ns;
  } const header{flagged_length, 0, engine_seq, time_ns};
  static_assert(sizeof header == kRecordHeaderBytes);
  const std::size_t start = out.size();
  const std::size_t bytes = record_bytes(payload.size());
  out.resize(start + bytes);
  char* const record = out.data() + start;
  std::memcpy(record, &header, sizeof header);
  std::memcpy(record + sizeof header, payload.data(), payload.size());
  const std::uint32_t crc = checksum({record, bytes}, kCrcAt);
  std::memcpy(record + kCrcAt, &crc, sizeof crc);
}

bool all_zero(std::string_view bytes) noexcept { return bytes.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

std::size_t record_bytes(std::size_t payload_bytes) noexcept { return kRecordHeaderBytes + padded(payload_bytes); }

void append_command(std::string& out, std::uint64_t engine_seq, std::int64_t time_ns, std::string_view command) {
  assert(engine_seq > 0);
  assert(!command.empty() && command.size() <= kMaxPayloadBytes);
  append_record(out, static_cast<std::uint32_t>(command.size()), engine_seq, time_ns, command);
}

void append_seal(std::string& out, std::uint64_t engine_seq, std::int64_t time_ns, const Digest& link) {
  append_record(out, static_cast<std::uint32_t>(link.size()) | kSealFlag, engine_seq, time_ns,
                std::string_view(link.data(), link.size()));
}

Found read_record(std::string_view bytes, Record& record) noexcept {
  const std::string_view head = bytes.substr(0, kRecordHeaderBytes);
  if (all_zero(head)) return Found::kZeros;
  if (head.size() < kRecordHeaderBytes) return Found::kBroken;
  const auto flagged = get_fixed<std::uint32_t>(head, 0);
  const std::size_t length = flagged & ~kSealFlag;
  const bool seal = (flagged & kSealFlag) != 0;
  if (length == 0 || length > kMaxPayloadBytes || (seal && length != sizeof(Digest))) return Found::kBroken;
  const std::size_t size = record_bytes(length);
  if (size > bytes.size()) return Found::kBroken;
  if (checksum(bytes.substr(0, size), kCrcAt) != get_fixed<std::uint32_t>(head, kCrcAt)) return Found::kBroken;
  record = read_again(bytes);
  return Found::kRecord;
}

Record read_again(std::string_view bytes) noexcept {
  const auto flagged = get_fixed<std::uint32_t>(bytes, 0);
  const std::size_t length = flagged & ~kSealFlag;
  return {(flagged & kSealFlag) != 0, get_fixed<std::uint64_t>(bytes, 8), get_fixed<std::int64_t>(bytes, 16),
          bytes.substr(kRecordHeaderBytes, length), record_bytes(length), {}};
}

std::string encode_header(const SegmentHeader& header) {
  std::string out(kMagic);
  put_fixed(out, header.shard);
  put_fixed(out, std::uint32_t{0});
  put_fixed(out, header.first_seq);
  out.append(header.link.data(), header.link.size());
  out.resize(kSegmentHeaderBytes, '\0');
  const std::uint32_t crc = checksum(out, kHeaderCrcAt);
  std::memcpy(out.data() + kHeaderCrcAt, &crc, sizeof crc);
  return out;
}

bool decode_header(std::string_view bytes, SegmentHeader& header) noexcept {
  if (bytes.size() < kSegmentHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic) return false;
  const std::string_view frame = bytes.substr(0, kSegmentHeaderBytes);
  if (checksum(frame, kHeaderCrcAt) != get_fixed<std::uint32_t>(frame, kHeaderCrcAt)) return false;
  header.shard = get_fixed<std::uint32_t>(frame, 8);
  header.first_seq = get_fixed<std::uint64_t>(frame, 16);
  std::memcpy(header.link.data(), frame.data() + 24, header.link.size());
  return true;
}

}  // namespace exchange::engine::log
