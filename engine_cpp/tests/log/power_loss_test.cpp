// The machine loses power at any moment: inside a group, a rotation, a snapshot, an append to the event log.
#include "machine.hpp"

namespace exchange::engine::log {
namespace {

// Opens accounts up to a number, in groups of several, with a snapshot now and then; returns at the first failure.
void work(Engine& engine, std::uint64_t until, Chance& chance, std::atomic<std::uint64_t>& acknowledged) {
  try {
    while (engine.state().engine_seq < until) {
      const std::string batch = openings(static_cast<unsigned>(engine.state().engine_seq + 1), 1);
      const auto time_ns = kTime + static_cast<std::int64_t>(engine.state().engine_seq + 1);
      const std::uint64_t ticket = engine.apply(std::as_bytes(std::span(batch)), time_ns, kOpenings).ticket;
      if (chance() % 4 == 0) {
        while (engine.durable() < ticket) std::this_thread::yield();
      }
      if (chance() % 16 == 0) engine.take_snapshot();
      acknowledged = engine.durable();
    }
  } catch (const JournalFailed&) {
    return;
  }
}

class PowerLossTest : public MachineTest {
 protected:
  // Lets the power fail before the given change of a life, its recovery included; returns what is found, or nothing if there were fewer.
  std::unique_ptr<Machine> lose_power_at(std::uint64_t change, Machine& machine, std::uint64_t until, Chance& chance) {
    std::unique_ptr<Machine> found;
    std::atomic<std::uint64_t> acknowledged{acknowledged_};
    Chance survival(chance());
    {
      machine.on_change([&](std::uint64_t number, Operation) {
        if (number != change) return;
        found = machine.survivor_locked(survival);
        acknowledged_ = acknowledged;
      });
      const auto engine = start(machine);
      work(*engine, until, chance, acknowledged);
    }
    machine.on_no_change();
    if (found == nullptr) acknowledged_ = acknowledged;
    return found;
  }

  std::uint64_t acknowledged_ = 0;
};

TEST_F(PowerLossTest, LosesNothingAcknowledgedWhicheverChangeWasTheLast) {
  std::uint64_t change = 1;
  for (bool reached = true; reached; ++change) {
    Machine machine;
    Chance chance(change);
    acknowledged_ = 0;
    const std::unique_ptr<Machine> found = lose_power_at(change, machine, 60, chance);
    reached = found != nullptr;
    const auto engine = start(reached ? *found : machine);
    expect_whole(*engine, acknowledged_);
    ASSERT_TRUE(open_next(*engine));
    if (testing::Test::HasFailure()) FAIL() << "change " << change;
  }
  EXPECT_GT(change, 100U);
}

TEST_F(PowerLossTest, LosesNothingAcknowledgedOverManyLives) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    Chance chance(seed);
    auto machine = std::make_unique<Machine>();
    acknowledged_ = 0;
    for (unsigned life = 1; life <= 5; ++life) {
      std::unique_ptr<Machine> found = lose_power_at(1 + chance() % 400, *machine, life * 60ULL, chance);
      if (found == nullptr) found = machine->survivor(chance);
      machine = std::move(found);
      const auto engine = start(*machine);
      expect_whole(*engine, acknowledged_);
      acknowledged_ = engine->state().engine_seq;
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", life " << life;
    }
  }
}

// The index of the events is not synced: whatever of it is found, it is made whole from the journal.
TEST_F(PowerLossTest, MakesTheEventIndexAgainWhicheverByteOfItIsWrong) {
  EngineOptions roomy = small();
  roomy.event_segment_bytes = 1U << 20U;
  Machine machine;
  Chance chance(1);
  std::atomic<std::uint64_t> acknowledged{0};
  {
    const auto engine = start(machine, roomy);
    work(*engine, 20, chance, acknowledged);
    engine->take_snapshot();
    work(*engine, 40, chance, acknowledged);
  }
  machine.sync();
  const std::string name = MemoryStorage(machine.events()).list().back();
  ASSERT_TRUE(name.ends_with(".index"));
  for (std::size_t at = 0; at < machine.events().bytes(name).size(); ++at) {
    const std::unique_ptr<Machine> damaged = machine.survivor(chance);
    damaged->events().bytes(name)[at] ^= static_cast<char>(1U << (at % 8));
    expect_whole(*start(*damaged, roomy), 40);
    if (testing::Test::HasFailure()) FAIL() << "byte " << at;
  }
}

}  // namespace
}  // namespace exchange::engine::log
