// An engine in a folder of its own, and the commands it is fed with.
#pragma once

#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "exchange/engine/log/engine.hpp"
#include "memory_storage.hpp"

namespace exchange::engine::log {

inline constexpr std::int64_t kTime = 1'700'000'000'000'000'000;
inline constexpr CommandKinds kOpenings = kind_bit(CommandKind::kOpenAccount);

// A field that holds bytes.
inline std::string framed(char tag, const std::string& content) {
  std::string out{tag};
  std::size_t size = content.size();
  for (; size >= 0x80U; size >>= 7U) out.push_back(static_cast<char>(size | 0x80U));
  return out + static_cast<char>(size) + content;
}

// A SubmitRequest that opens accounts.
inline std::string openings(unsigned first, unsigned count) {
  std::string batch;
  for (unsigned id = first; id < first + count; ++id) {
    std::string account = "\x08";
    account.push_back(static_cast<char>((id & 0x7FU) | 0x80U));
    account.push_back(static_cast<char>(id >> 7U));
    batch += framed('\x0A', framed('\x2A', account));
  }
  return batch;
}

// An engine's folder that is removed at the end.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~EngineTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] EngineOptions options() const {
    return {.folder = folder_,
            .shard = 0,
            .journal_segment_bytes = 1U << 16U,
            .event_segment_bytes = 1U << 12U,
            .limits = {.instruments = 8,
                       .assets = 8,
                       .accounts = 20'000,
                       .balances = 1'000,
                       .open_orders = 1'000,
                       .orders = 2'000,
                       .ids = 2'000,
                       .levels = 1'000}};
  }

  // Opens accounts in batches of three and waits until they are durable.
  static void open_accounts(Engine& engine, unsigned first, unsigned count) {
    std::uint64_t ticket = 0;
    for (unsigned id = first; id < first + count; id += 3) {
      const std::string batch = openings(id, std::min(3U, first + count - id));
      ticket = engine.apply(std::as_bytes(std::span(batch)), kTime + id, kOpenings).ticket;
    }
    while (engine.published() < ticket) std::this_thread::yield();
  }

  // Ends when the engine has failed.
  static void wait_for_ever(const Engine& engine) {
    for (;;) static_cast<void>(engine.durable());
  }

  // All events, each block in a response of its own.
  static std::string all_events(const Engine& engine) {
    std::string events;
    std::uint64_t at = 0;
    for (Answer part = engine.read_events(at, 1); !part.bytes.empty(); part = engine.read_events(at, 1)) {
      events += part.bytes;
      at = part.ticket;
    }
    return events;
  }

  static void damage(const std::filesystem::path& path, std::streamoff offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(offset);
    const int byte = file.get();
    file.seekp(offset);
    file.put(static_cast<char>(byte ^ 1));
  }

  [[nodiscard]] std::filesystem::path newest(const std::string& below) const {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/" + below)) {
      if (entry.path().extension() != ".tmp") found = std::max(found, entry.path());
    }
    return found;
  }

  // Of this process: another run of the same test may be on its way.
  const std::string folder_ = testing::TempDir() + "engine-" + std::to_string(getpid()) + "-" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
};

}  // namespace exchange::engine::log
