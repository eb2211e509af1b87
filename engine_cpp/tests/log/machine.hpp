// A machine whose folders lose power together, and an engine on it that opens accounts one by one.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine_fixture.hpp"

namespace exchange::engine::log {

class Machine {
 public:
  Machine() = default;

  [[nodiscard]] EngineStorage storage() {
    return {std::make_unique<MemoryStorage>(*disks_[0]), std::make_unique<MemoryStorage>(*disks_[1]),
            std::make_unique<MemoryStorage>(*disks_[2]), std::make_unique<MemoryStorage>(*disks_[3])};
  }

  // Calls `fault` before each change from now on, numbered from 1 in the order in which they come.
  void on_change(std::function<void(std::uint64_t number, Operation)> fault) {
    const std::lock_guard lock(mutex_);
    changes_ = 0;
    for (const auto& disk : disks_) {
      disk->before_change = [this, fault](Operation operation, const std::string&) { fault(++changes_, operation); };
    }
  }

  void on_no_change() {
    const std::lock_guard lock(mutex_);
    for (const auto& disk : disks_) disk->before_change = nullptr;
  }

  // The machine as it may be found after a loss of power. With the lock held, as in `on_change`.
  [[nodiscard]] std::unique_ptr<Machine> survivor_locked(Chance& chance) const {
    auto found = std::make_unique<Machine>();
    for (std::size_t i = 0; i < disks_.size(); ++i) found->disks_[i] = disks_[i]->survivor(chance, &found->mutex_);
    return found;
  }

  [[nodiscard]] std::unique_ptr<Machine> survivor(Chance& chance) {
    const std::lock_guard lock(mutex_);
    return survivor_locked(chance);
  }

  // Brings everything to the medium, so that a survivor is a copy.
  void sync() {
    const std::lock_guard lock(mutex_);
    for (const auto& disk : disks_) {
      for (const auto& [name, content] : disk->files) content->sync();
      disk->synced_names = disk->files;
      disk->unsynced_names.clear();
    }
  }

  Disk& events() { return *disks_[2]; }

 private:
  std::mutex mutex_;
  std::uint64_t changes_ = 0;
  std::vector<std::unique_ptr<Disk>> disks_ = four_disks();

  std::vector<std::unique_ptr<Disk>> four_disks() {
    std::vector<std::unique_ptr<Disk>> disks;
    for (int i = 0; i < 4; ++i) disks.push_back(std::make_unique<Disk>(&mutex_));
    return disks;
  }
};

// What an engine comes to that opens account N with command N: its state hash and its events after each command.
class Expected {
 public:
  Expected(const EngineOptions& options, unsigned commands) {
    Core core(options.limits, options.shard);
    hashes_.push_back(core.state_hash());
    ByteBuffer results;
    ByteBuffer blocks;
    ByteBuffer encoded;
    for (unsigned seq = 1; seq <= commands; ++seq) {
      const std::string request = openings(seq, 1);
      Batch batch;
      EXPECT_EQ(Core::decode(std::as_bytes(std::span(request)), kOpenings, batch), Reason::kNone);
      core.apply(batch.commands.front(), {seq, kTime + seq}, results, blocks);
      hashes_.push_back(core.state_hash());
      ends_.push_back(encoded.size());
      encode_blocks(blocks.view(), encoded);
      blocks.clear();
    }
    ends_.push_back(encoded.size());
    events_ = encoded.view();
  }

  [[nodiscard]] std::uint64_t hash(std::uint64_t seq) const { return hashes_.at(static_cast<std::size_t>(seq)); }
  // The blocks of the commands up to one.
  [[nodiscard]] std::string_view events(std::uint64_t seq) const {
    return std::string_view(events_).substr(0, ends_.at(static_cast<std::size_t>(seq)));
  }

 private:
  std::vector<std::uint64_t> hashes_;
  std::vector<std::size_t> ends_;
  std::string events_;
};

class MachineTest : public EngineTest {
 protected:
  static constexpr unsigned kCommands = 400;

  [[nodiscard]] EngineOptions small() const {
    EngineOptions changed = options();
    changed.journal_segment_bytes = 1U << 12U;
    changed.event_segment_bytes = 1U << 9U;
    changed.keep_ns = 20;  // commands are a nanosecond apart
    changed.space_retry = std::chrono::milliseconds(1);
    return changed;
  }

  std::unique_ptr<Engine> start(Machine& machine) { return start(machine, small()); }
  static std::unique_ptr<Engine> start(Machine& machine, const EngineOptions& options) {
    return std::make_unique<Engine>(options, machine.storage());
  }

  // Opens the next account; false if the engine refused.
  static bool open_next(Engine& engine) {
    const auto id = static_cast<unsigned>(engine.state().engine_seq + 1);
    const std::string batch = openings(id, 1);
    return engine.apply(std::as_bytes(std::span(batch)), kTime + id, kOpenings).ticket == id;
  }

  // Everything that is here is as it has to be, and nothing that was acknowledged is missing.
  void expect_whole(Engine& engine, std::uint64_t acknowledged) {
    const State state = engine.state(true);
    ASSERT_GE(state.engine_seq, acknowledged);
    EXPECT_EQ(state.state_hash, expected_.hash(state.engine_seq));
    EXPECT_EQ(engine.published(), state.engine_seq);
    EXPECT_EQ(state.epoch, 1U);
    expect_events(engine, state.engine_seq);
    EXPECT_EQ(engine.take_snapshot().state_hash, state.state_hash);  // by a follower of the journal on disk
  }

  // All events that are retained, to the byte, and at least those up to a command.
  void expect_events(const Engine& engine, std::uint64_t last_seq) {
    std::uint64_t at = first_retained(engine, last_seq);
    std::string found;
    const std::size_t begin = expected_.events(at).size();
    for (Answer part = engine.read_events(at, 1U << 16U); !part.bytes.empty(); part = engine.read_events(at, 1U << 16U)) {
      found += blocks_of(part.bytes);
      at = part.ticket;
    }
    EXPECT_GE(at, last_seq);
    EXPECT_EQ(found, expected_.events(at).substr(begin));
  }

  static std::uint64_t first_retained(const Engine& engine, std::uint64_t last_seq) {
    for (std::uint64_t seq = 0; seq < last_seq; ++seq) {
      try {
        static_cast<void>(engine.read_events(seq, 1));
        return seq;
      } catch (const PositionGone&) {
        continue;
      }
    }
    return last_seq;
  }

  // An EventsResponse without its head: epoch and durable_seq.
  static std::string_view blocks_of(std::string_view response) {
    std::size_t at = 3;
    while ((static_cast<unsigned char>(response[at]) & 0x80U) != 0) ++at;
    return response.substr(at + 1);
  }

  const Expected expected_{options(), kCommands};
};

}  // namespace exchange::engine::log
