// One segment of the event log: its two files, its index, and how a range of it is read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exchange/engine/log/event_log.hpp"
#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

inline constexpr std::size_t kEventEntryBytes = 24;

// A framed EventBlock.
struct Block {
  std::uint64_t engine_seq = 0;
  std::int64_t time_ns = 0;
  std::size_t end = 0;
};

// Reads the frame of the block at `at`; false if there is no whole one.
bool read_block(std::string_view bytes, std::size_t at, Block& block);

// What the index says of one append.
struct EventEntry {
  std::uint64_t last_seq = 0;
  std::uint64_t end = 0;
  std::uint32_t blocks_crc = 0;

  [[nodiscard]] std::string encode() const;
  static bool decode(std::string_view bytes, EventEntry& entry);
};

struct EventSegment {
  std::uint64_t first_seq = 0;
  std::string path;  // of the blocks, for messages
  std::unique_ptr<File> blocks;
  std::unique_ptr<File> index;
  std::uint64_t entries = 0;
  EventEntry last;

  // The entry at a place; the zero entry before the first. Throws LogCorrupt.
  [[nodiscard]] EventEntry entry(std::uint64_t place) const;
  // Keeps the entries up to the last one that is whole: enough for a segment that was synced to its end.
  void open_end();
  // Keeps the entries before the first one that is damaged or does not follow the one before it.
  void open_all();
  // Keeps the entries before the first one after a command whose blocks are not those it was written with.
  void verify_after(std::uint64_t engine_seq);
  // Keeps what is before a place, and of its entry the blocks up to a command.
  void cut(std::uint64_t place, std::uint64_t engine_seq);
  // When the first command came.
  [[nodiscard]] std::int64_t first_time_ns() const;

 private:
  void keep(std::uint64_t places);
};

// Reads one segment up to the entries there were when the read began.
struct EventReader {
  const EventSegment& segment;
  std::uint64_t entries;

  // The first place from `from` on whose entry satisfies a condition that stays true once it is.
  template <typename Condition>
  [[nodiscard]] std::uint64_t first_place(std::uint64_t from, Condition condition) const {
    std::uint64_t low = from;
    std::uint64_t high = entries + 1;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (condition(segment.entry(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  // As EventLog::read; the segment holds the command after `after_seq`.
  [[nodiscard]] EventRange read(std::uint64_t after_seq, std::uint64_t max_bytes) const;

 private:
  [[nodiscard]] std::string checked(std::uint64_t first, std::uint64_t beyond, std::uint64_t start) const;
  [[nodiscard]] EventRange cut(std::string bytes, std::uint64_t start, std::uint64_t after_seq, std::uint64_t max_bytes,
                               std::uint64_t last_seq) const;
};

}  // namespace exchange::engine::log
