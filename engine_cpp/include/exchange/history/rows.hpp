// What the engine's blocks change in the history of orders, as rows that PostgreSQL's binary COPY takes.
//
// 1. Of an order only its last event is a row: among the entered ones if its first event (version 1) is among the
//    blocks, else among the changed ones.
// 2. Every fill is a row, with its order's key, instrument and side, and the identity of its event; so is every bust.
// 3. Private events stay the bytes that they came as, gathered by account into runs of at most kEventsARun.
// 4. Bytes that are no blocks are refused as a whole: std::invalid_argument.
//
// Pure; threads may work at once, each on blocks of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::history {

inline constexpr std::size_t kEventsARun = 256;

// Rows of one table, in the form of COPY ... WITH (FORMAT binary), header and trailer included.
struct Table {
  std::string copy;
  std::uint64_t rows = 0;
  std::int64_t first_time_ns = 0;  // of the column by which the table is partitioned, over all rows
  std::int64_t last_time_ns = 0;
};

struct Rows {
  Table entered;
  Table changed;
  Table fills;
  Table runs;
  Table busts;
  std::vector<std::string> instruments;  // exchange.engine.v1.Instrument, in the order of their events
};

// `reasons` names the values of exchange.error.v1.Reason by number; a number that it lacks is the last of them.
Rows rows_of(std::span<const std::string_view> blocks, std::uint32_t shard, std::uint32_t epoch,
             std::span<const std::string> reasons);

// Names of the columns, in the order in which the rows have them.
std::vector<std::string> entered_columns();
std::vector<std::string> changed_columns();
std::vector<std::string> fill_columns();
std::vector<std::string> run_columns();
std::vector<std::string> bust_columns();

}  // namespace exchange::history
