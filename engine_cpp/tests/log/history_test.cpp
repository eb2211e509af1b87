#include "exchange/engine/log/history.hpp"

#include <gtest/gtest.h>

#include "exchange/engine/log/log.hpp"
#include "memory_storage.hpp"

namespace exchange::engine::log {
namespace {

TEST(History, BeginsWithEpochOneAndKeepsWhatItGrewTo) {
  Disk disk;
  MemoryStorage root(disk);
  EXPECT_EQ(History(root).epoch(), 1U);
  History(root).grow();
  disk.lose_power();
  EXPECT_EQ(History(root).epoch(), 2U);
}

TEST(History, IsInDoubtOnlyOnAnotherMachineThanTheOneThatLeftTheMark) {
  Disk disk;
  MemoryStorage root(disk);
  History(root).mark("first start");
  disk.lose_power();
  EXPECT_TRUE(History(root).marked());
  EXPECT_FALSE(History(root).in_doubt("first start"));
  EXPECT_TRUE(History(root).in_doubt("second start"));
  EXPECT_TRUE(History(root).in_doubt(""));  // a machine that does not say is not believed
  History(root).clear();
  disk.lose_power();
  EXPECT_FALSE(History(root).in_doubt("second start"));
}

TEST(History, RefusesAnEpochThatIsNone) {
  Disk disk;
  MemoryStorage root(disk);
  for (const char* text : {"", "0\n", "one\n", "99999999999\n"}) {
    replace_file(root, "epoch", text);
    EXPECT_THROW(History{root}, LogCorrupt) << text;
  }
}

}  // namespace
}  // namespace exchange::engine::log
