// A saved state in memory.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "exchange/engine/core.hpp"

namespace exchange::engine::testing {

class MemorySink final : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override {
    saved.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string saved;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view saved) : rest_(saved) {}
  bool read(std::span<std::byte> bytes) override {
    if (bytes.size() > rest_.size()) return false;
    std::memcpy(bytes.data(), rest_.data(), bytes.size());
    rest_.remove_prefix(bytes.size());
    return true;
  }

 private:
  std::string_view rest_;
};

[[nodiscard]] inline std::string save(const Core& core) {
  MemorySink sink;
  core.save(sink);
  return sink.saved;
}

[[nodiscard]] inline bool load(Core& core, std::string_view saved) {
  MemorySource source(saved);
  return core.load(source);
}

}  // namespace exchange::engine::testing
