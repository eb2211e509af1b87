// Recorded markets from outside, and where they are read from.
//
// A file, little endian: a header of 64 bytes (`magic[8] = "HEWL0001"`, u32 symbols, u32 max_id, u64 prefill,
// u64 commands, i32 min_price, i32 max_price, name[24]), then `symbols` times 16 bytes (i32 min, max, reference, zero),
// then `prefill + commands` times 24 bytes (u8 op, u8 side, u16 symbol, u32 id, i32 price, u32 quantity, u32 account,
// u32 old price).
//
// Invariants:
//   1. A recording that was read is whole: every op, side and symbol is one that exists, ids lie in [1, max_id], and
//      prices in the range of their symbol's file.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace exchange::engine::replay {

enum class Op : std::uint8_t {
  kLimit = 0,    // rests
  kIoc = 1,      // does not
  kCancel = 2,
  kMove = 3,     // new price, the open quantity stays, priority is lost, may trade
  kReplace = 4,  // new price and open quantity, priority is lost, may trade
  kReduce = 5,   // new open quantity, priority stays
};

struct Step {
  Op op{};
  std::uint8_t sells = 0;
  std::uint16_t symbol = 0;
  std::uint32_t id = 0;
  std::int32_t price = 0;
  std::uint32_t quantity = 0;
  std::uint32_t account = 0;
  std::uint32_t old_price = 0;
};
static_assert(sizeof(Step) == 24 && std::is_trivially_copyable_v<Step>);

struct Recording {
  std::string name;
  std::uint32_t symbols = 0;
  std::uint32_t max_id = 0;
  std::uint64_t prefill = 0;  // steps that set the market up
  std::vector<Step> steps;
};

// The file is not a recording: says where and why.
class BadRecording : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads a file whole. Throws BadRecording.
[[nodiscard]] Recording read_recording(const std::string& path);

// Throws BadRecording if a step names what does not exist.
void require_whole(const Recording& recording);

}  // namespace exchange::engine::replay
