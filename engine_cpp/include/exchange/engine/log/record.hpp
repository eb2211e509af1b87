// The bytes of a journal segment.
//
//   header (64 bytes), then records, then zeros up to the size the segment was made with
//   header: magic[8] | shard u32 | crc32c u32 | first engine_seq u64 | link before the segment [32] | zero u64
//   record: length u32 | crc32c u32 | engine_seq u64 | time i64 | payload | zeros to a multiple of 8
//
// All little endian. The checksum covers the record but itself, its padding included. Two kinds of records:
// a command (payload: the serialized Command, never empty), and a seal (top bit of `length`; payload: the link of the
// chain over everything since the seal before it). A seal is written only once what it seals is durable, so a record
// that is broken and sealed was damaged later, and one that is broken and not sealed was never acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exchange/engine/log/chain.hpp"

namespace exchange::engine::log {

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kRecordHeaderBytes = 24;
inline constexpr std::size_t kSealBytes = kRecordHeaderBytes + sizeof(Digest);
// No command comes near this; a longer one is damage.
inline constexpr std::size_t kMaxPayloadBytes = 1U << 20U;

// What a segment says about itself.
struct SegmentHeader {
  std::uint32_t shard = 0;
  std::uint64_t first_seq = 0;
  Digest link{};
};

// One record, pointing into the bytes it was read from.
struct Record {
  bool seal = false;
  std::uint64_t engine_seq = 0;  // of a seal: the last one sealed
  std::int64_t time_ns = 0;
  std::string_view payload;
  std::size_t bytes = 0;  // header and padding included
  std::string_view following{};  // whole records behind one that is visited
};

// What stands at a place in a segment.
enum class Found { kRecord, kZeros, kBroken };

// Bytes that a command of this length takes in the journal.
std::size_t record_bytes(std::size_t payload_bytes) noexcept;

// Appends a command's record.
void append_command(std::string& out, std::uint64_t engine_seq, std::int64_t time_ns, std::string_view command);

// Appends a seal over everything up to a command.
void append_seal(std::string& out, std::uint64_t engine_seq, std::int64_t time_ns, const Digest& link);

// Reads what stands at the start of `bytes`; fills `record` if it is one.
Found read_record(std::string_view bytes, Record& record) noexcept;

// Reads a record that `read_record` found at the start of `bytes` before.
Record read_again(std::string_view bytes) noexcept;

// The 64 bytes of a segment's header.
std::string encode_header(const SegmentHeader& header);

// Reads a segment's header; false if it is not one.
bool decode_header(std::string_view bytes, SegmentHeader& header) noexcept;

}  // namespace exchange::engine::log
