// CRC-32C (Castagnoli), the checksum of every record, index entry and snapshot.
#pragma once

#include <cstdint>
#include <string_view>

namespace exchange::engine::log {

// The checksum of `bytes`, continued from the checksum of what came before them (0 at the start).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

// The same by table, for processors without the instruction; public so that a test compares the two.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace exchange::engine::log
