// Writes rows as PostgreSQL's binary COPY reads them: big-endian, each value after its length, -1 for NULL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exchange/history/rows.hpp"

namespace exchange::history {

class CopyRows {
 public:
  CopyRows() { table_.copy.append(kHeader, sizeof kHeader - 1); }

  // Begins a row; `time_ns` is what the table is partitioned by.
  void row(std::size_t columns, std::int64_t time_ns) {
    put(columns, 2);
    if (table_.rows == 0 || time_ns < table_.first_time_ns) table_.first_time_ns = time_ns;
    if (table_.rows == 0 || time_ns > table_.last_time_ns) table_.last_time_ns = time_ns;
    ++table_.rows;
  }

  void integer(std::uint64_t value, std::size_t width) {
    put(width, 4);
    put(value, width);
  }

  void null() { put(0xffff'ffff, 4); }

  void bytes(std::string_view value) {
    put(value.size(), 4);
    table_.copy.append(value);
  }

  [[nodiscard]] Table finish() && {
    put(0xffff, 2);
    return std::move(table_);
  }

 private:
  static constexpr char kHeader[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

  void put(std::uint64_t value, std::size_t width) {
    char big[8];
    for (std::size_t i = 0; i < width; ++i) big[i] = static_cast<char>(value >> (8 * (width - 1 - i)));
    table_.copy.append(big, width);
  }

  Table table_;
};

}  // namespace exchange::history
