// A recording in the words of the engine: what has to be listed and funded for it, and its steps as commands.
//
// Threads: none; each object belongs to one run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/core.hpp"
#include "recording.hpp"
#include "wire_writer.hpp"

namespace exchange::engine::replay {

inline constexpr std::int64_t kFirstTimeNs = 1'700'000'000'000'000'000;
inline constexpr std::int64_t kNsPerCommand = 1'000;

// Instruments, accounts and funds that a recording needs.
class Listings {
 public:
  explicit Listings(const Recording& recording);

  // The serialized commands that set them up: each symbol an instrument of its own, with a base asset of its own, each
  // account funded with its share of all that there may be of an asset.
  [[nodiscard]] std::vector<std::string> set_up() const;
  // Room for the recording, with ids remembered for so many commands.
  [[nodiscard]] Limits limits(std::uint32_t id_window) const;
  // What is added to every price, so that none is below one tick: cash instruments know no others.
  [[nodiscard]] std::int64_t price_shift() const noexcept { return price_shift_; }

 private:
  const Recording& recording_;
  std::int64_t price_shift_ = 0;
  std::uint32_t peak_orders_ = 0;  // most that can be open at a time
  std::uint32_t priced_steps_ = 0;
  std::vector<std::uint32_t> accounts_;
  std::vector<std::vector<std::uint32_t>> traders_;  // accounts of each symbol
};

// Steps as batches of decoded commands.
class Translator {
 public:
  Translator(const Recording& recording, const Listings& listings, std::int64_t id_window_ns);

  // Fills `batch` with `count` steps from `at` on.
  void translate(std::size_t at, std::size_t count, std::int64_t time_ns, Batch& batch);
  // The recording's id of each order, by the number that the core gives it.
  [[nodiscard]] const std::vector<std::uint32_t>& ids() const noexcept { return ids_; }

 private:
  void place(WireWriter& out, const Step& step, std::size_t at, std::int64_t time_ns);
  void cancel(WireWriter& out, const Step& step, std::int64_t time_ns);
  void amend(WireWriter& out, const Step& step, std::int64_t time_ns);

  const Recording& recording_;
  std::int64_t price_shift_;
  std::int64_t id_window_ns_;
  std::vector<std::uint32_t> ids_{0};
  std::vector<std::uint64_t> numbers_;  // the newest order of each id of the recording
  ByteBuffer request_;
};

struct ReadAnswer {
  std::uint32_t reason = 0;
  std::uint64_t order_id = 0;
};

// The results of a `SubmitResponse`, in order.
[[nodiscard]] std::vector<ReadAnswer> read_answers(std::string_view response);

}  // namespace exchange::engine::replay
