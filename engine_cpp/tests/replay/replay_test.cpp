// Recordings through the core against a matcher of a few lines that knows only the words of a recording.
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>
#include <random>

#include "market.hpp"
#include "recording.hpp"

namespace exchange::engine::replay {
namespace {

struct Open {
  Step step;
  std::uint32_t open = 0;
};

// Price, then time.
class Matcher {
 public:
  void apply(const Step& step) {
    const auto known = where_.find(step.id);
    switch (step.op) {
      case Op::kLimit:
      case Op::kIoc: return enter(step, step.quantity);
      case Op::kCancel: return known == where_.end() ? reject() : take_out(step.id);
      default: break;
    }
    if (known == where_.end()) return reject();
    Open& order = *known->second;
    if (step.op == Op::kReduce && step.quantity > 0) {
      order.open = step.quantity;
      return;
    }
    Step moved = order.step;
    const std::uint32_t open = step.op == Op::kMove ? order.open : step.quantity;
    moved.price = step.price;
    take_out(step.id);
    if (open > 0) enter(moved, open);
  }

  Outcome out{.hash = 1'469'598'103'934'665'603};

 private:
  using Queue = std::list<Open>;
  using Side = std::map<std::int64_t, Queue>;  // best first

  void reject() { ++out.rejects; }
  Side& side(std::uint16_t symbol, bool sells) { return sides_[{symbol, sells}]; }
  static std::int64_t key(const Step& step) { return step.sells != 0 ? step.price : -std::int64_t{step.price}; }

  void enter(Step step, std::uint32_t open) {
    Side& makers = side(step.symbol, step.sells == 0);
    while (open > 0 && !makers.empty()) {
      Open& maker = makers.begin()->second.front();
      if (step.sells != 0 ? maker.step.price < step.price : maker.step.price > step.price) break;
      const std::uint32_t traded = std::min(open, maker.open);
      trade(maker.step, step, traded);
      open -= traded;
      maker.open -= traded;
      if (maker.open == 0) take_out(maker.step.id);
    }
    if (open == 0 || step.op == Op::kIoc) return;
    Queue& queue = side(step.symbol, step.sells != 0)[key(step)];
    where_[step.id] = queue.insert(queue.end(), {step, open});
  }

  void take_out(std::uint32_t id) {
    const Step step = where_.at(id)->step;
    Side& own = side(step.symbol, step.sells != 0);
    own.at(key(step)).erase(where_.at(id));
    if (own.at(key(step)).empty()) own.erase(key(step));
    where_.erase(id);
  }

  void trade(const Step& maker, const Step& taker, std::uint32_t quantity) {
    const auto price = static_cast<std::uint64_t>(std::int64_t{maker.price});
    out.hash = (out.hash ^ (maker.id * 0x9E37'79B9'7F4A'7C15 + taker.id * 0xC2B2'AE3D'27D4'EB4F +
                            price * 0x1656'67B1'9E37'79F9 + quantity)) *
               1'099'511'628'211;
    ++out.trades;
    out.quantity += quantity;
    out.notional += price * quantity;
  }

  std::map<std::pair<std::uint16_t, bool>, Side> sides_;
  std::map<std::uint32_t, Queue::iterator> where_;
};

// Every op, ids that are gone or never were, prices on both sides of zero.
Recording random_recording(std::uint64_t seed, std::int32_t middle) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  Recording out{.name = "random", .symbols = 3, .max_id = 40'000, .prefill = 500, .steps = {}};
  std::vector<Step> placed;
  for (std::uint32_t id = 1; out.steps.size() < 20'000;) {
    Step step{.op = static_cast<Op>(below(6)),
              .sells = static_cast<std::uint8_t>(below(2)),
              .symbol = static_cast<std::uint16_t>(below(3)),
              .id = id,
              .price = middle + static_cast<std::int32_t>(below(21)) - 10,
              .quantity = below(50),
              .account = below(4)};
    if (step.op <= Op::kIoc) {
      step.quantity += 1;
      ++id;
      placed.push_back(step);
    } else if (below(50) == 0) {
      step.id = 39'999;
    } else if (!placed.empty()) {
      const Step& known = placed[placed.size() - 1 - std::min<std::size_t>(below(60), placed.size() - 1)];
      step.id = known.id;
      step.symbol = known.symbol;
      step.sells = known.sells;
      step.account = known.account;
    } else {
      continue;
    }
    if (step.op == Op::kReduce) step.quantity = below(2);  // never more than is open
    out.steps.push_back(step);
  }
  return out;
}

void expect_same(const Recording& recording) {
  Matcher matcher;
  for (const Step& step : recording.steps) matcher.apply(step);
  const Outcome outcome = run(recording, {.batch = 64, .id_window = 4'096});
  EXPECT_EQ(outcome.commands, recording.steps.size() - recording.prefill);
  EXPECT_EQ(outcome.rejects, matcher.out.rejects);
  EXPECT_EQ(outcome.trades, matcher.out.trades);
  EXPECT_EQ(outcome.quantity, matcher.out.quantity);
  EXPECT_EQ(outcome.notional, matcher.out.notional);
  EXPECT_EQ(outcome.hash, matcher.out.hash);
}

TEST(ReplayTest, TradesAsThePlainMatcherDoes) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) expect_same(random_recording(seed, 1'000));
}

TEST(ReplayTest, KnowsPricesBelowZero) { expect_same(random_recording(6, -3)); }

class FileTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  // Two symbols, one order of 7 at 100, one IOC that takes 3 of it.
  static std::string good() {
    std::string out("HEWL0001", 8);
    const auto put = [&](auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    put(std::uint32_t{2});
    put(std::uint32_t{2});
    put(std::uint64_t{1});
    put(std::uint64_t{1});
    put(std::int32_t{1});
    put(std::int32_t{200});
    out.append("two").append(21, '\0');
    out.append(32, '\0');
    put(Step{.op = Op::kLimit, .sells = 1, .symbol = 1, .id = 1, .price = 100, .quantity = 7, .account = 5});
    put(Step{.op = Op::kIoc, .sells = 0, .symbol = 1, .id = 2, .price = 101, .quantity = 3, .account = 5});
    return out;
  }

  std::string path_ =
      ::testing::TempDir() + std::to_string(getpid()) + "-" + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".recording";
};

TEST_F(FileTest, IsReadWhole) {
  write(good());
  const Recording recording = read_recording(path_);
  EXPECT_EQ(recording.name, "two");
  EXPECT_EQ(run(recording, {}).quantity, 3U);
}

TEST_F(FileTest, IsRefusedWhereverItIsCutOrWrong) {
  for (std::size_t size = 0; size < good().size(); ++size) {
    write(good().substr(0, size));
    EXPECT_THROW(static_cast<void>(read_recording(path_)), BadRecording) << size;
  }
  write(good() + "x");
  EXPECT_THROW(static_cast<void>(read_recording(path_)), BadRecording);
  const std::size_t first = 64 + 32;
  for (const auto& [at, byte] : std::map<std::size_t, char>{{0, 'X'}, {first, 6}, {first + 1, 2}, {first + 2, 2}, {first + 4, 0}, {first + 4, 3}}) {
    std::string bytes = good();
    bytes[at] = byte;
    write(bytes);
    EXPECT_THROW(static_cast<void>(read_recording(path_)), BadRecording) << at;
  }
  std::string huge = good();
  std::memset(huge.data() + 24, 0xFF, 8);
  write(huge);
  EXPECT_THROW(static_cast<void>(read_recording(path_)), BadRecording);
}

}  // namespace
}  // namespace exchange::engine::replay
