// The core's saved state in memory.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "exchange/engine/core.hpp"

namespace exchange::engine::log {

// Collects what a core saves.
class StateBytes final : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  // Gives the bytes away.
  [[nodiscard]] std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

// Gives a core what was saved. The bytes must outlive it.
class SavedState final : public Source {
 public:
  explicit SavedState(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool read(std::span<std::byte> bytes) override {
    if (bytes.size() > rest_.size()) return false;
    if (!bytes.empty()) std::memcpy(bytes.data(), rest_.data(), bytes.size());
    rest_.remove_prefix(bytes.size());
    return true;
  }
  // True if nothing is left over.
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace exchange::engine::log
