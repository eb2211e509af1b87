// Any bytes, and valid bytes with damage: a typed refusal, never a crash, never a state that breaks an invariant.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "command_stream.hpp"
#include "saved_state.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::string noise(std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random_());
    return out;
  }

  [[nodiscard]] std::string to(std::string bytes) {
    for (std::uint64_t i = 1 + random_() % 3; i > 0 && !bytes.empty(); --i) {
      const std::size_t at = random_() % bytes.size();
      switch (random_() % 4) {
        case 0: bytes[at] = static_cast<char>(random_()); break;
        case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random_() % 8)); break;
        case 2: bytes.erase(at, 1 + random_() % 8); break;
        default: bytes.insert(at, noise(1 + random_() % 8)); break;
      }
    }
    return bytes;
  }

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

void apply_all(Core& core, const Batch& batch, std::int64_t time_ns) {
  for (const Command& command : batch.commands) {
    ByteBuffer result;
    ByteBuffer events;
    core.apply(command, {core.last_stamp().engine_seq + 1, time_ns}, result, events);
    ASSERT_EQ(read_results(result.view()).size(), 1U);
    ASSERT_EQ(read_blocks(events).size(), 1U);
  }
}

TEST(FuzzTest, RandomBytesAreRefusedOrHarmless) {
  Damage damage(1);
  Core core(tight_limits(), 0);
  Batch batch;
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = damage.noise(damage.below(64));
    const Reason reason = Core::decode(bytes_of(bytes), kAllCommandKinds, batch);
    ASSERT_TRUE(reason == Reason::kNone || reason == Reason::kMalformedCommand);
    ASSERT_NO_FATAL_FAILURE(apply_all(core, batch, 1));
  }
}

TEST(FuzzTest, DamagedBatchesAreRefusedOrHarmless) {
  Damage damage(2);
  CommandStream stream(2);
  Core core(tight_limits(), 0);
  Batch batch;
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = submit_request({stream.next(), stream.next()});
    const std::string received = i < 20 || damage.below(2) == 0 ? bytes : damage.to(bytes);
    const Reason reason = Core::decode(bytes_of(received), kAllCommandKinds, batch);
    ASSERT_TRUE(reason == Reason::kNone || reason == Reason::kMalformedCommand);
    ASSERT_NO_FATAL_FAILURE(apply_all(core, batch, stream.time_ns()));
    if (i % 500 == 0) {
      ASSERT_TRUE(core.consistent());
    }
  }
}

// A damaged state is refused, or it is a state: it holds every invariant and goes on.
TEST(FuzzTest, DamagedStatesAreRefusedOrConsistent) {
  Damage damage(3);
  CommandStream stream(3);
  Core core(tight_limits(), 0);
  Batch batch;
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = submit_request({stream.next()});
    ASSERT_EQ(Core::decode(bytes_of(bytes), kAllCommandKinds, batch), Reason::kNone);
    ASSERT_NO_FATAL_FAILURE(apply_all(core, batch, stream.time_ns()));
  }
  const std::string saved = save(core);
  for (int i = 0; i < 400; ++i) {
    Core loaded(tight_limits(), 0);
    if (!load(loaded, damage.to(saved))) continue;
    ASSERT_TRUE(loaded.consistent());
    for (int more = 0; more < 20; ++more) {
      const std::string bytes = submit_request({stream.next()});
      ASSERT_EQ(Core::decode(bytes_of(bytes), kAllCommandKinds, batch), Reason::kNone);
      const std::int64_t time_ns = std::max(loaded.last_stamp().time_ns, stream.time_ns());
      ASSERT_NO_FATAL_FAILURE(apply_all(loaded, batch, time_ns));
    }
  }
}

TEST(FuzzTest, ATruncatedStateIsRefused) {
  Core core(tight_limits(), 0);
  const std::string saved = save(core);
  for (std::size_t size = 0; size < saved.size(); ++size) {
    Core loaded(tight_limits(), 0);
    EXPECT_FALSE(load(loaded, std::string_view(saved).substr(0, size)));
  }
}

}  // namespace
}  // namespace exchange::engine::testing
