#include "exchange/engine/log/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace exchange::engine::log {
namespace {

TEST(Crc32c, GivesThePublishedCheckValue) { EXPECT_EQ(crc32c("123456789"), 0xE3069283U); }

TEST(Crc32c, ContinuesFromWhatCameBefore) { EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789")); }

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
  std::mt19937 random(1);
  for (std::size_t length = 0; length < 300; ++length) {
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(crc32c(bytes, 17), crc32c_portable(bytes, 17)) << length;
  }
}

}  // namespace
}  // namespace exchange::engine::log
