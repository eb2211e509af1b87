// Storage in memory that does what disks do at their worst: forgets what was not synced, fails, runs full.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// What is asked of storage that changes something.
enum class Operation { kCreate, kWrite, kSync, kAllocate, kResize, kRename, kRemove, kSyncFolder };

// A write that ends before its last byte, and then fails.
struct ShortWrite {
  std::size_t bytes = 0;
  int error_number = EIO;
};

// Chooses what survives.
using Chance = std::mt19937_64;

inline bool heads(Chance& chance) { return (chance() & 1U) != 0; }

// All files of one folder: what a reader sees now, and what a machine may find after losing power: of each file what was
// synced and any part of what was not, under the names that were synced or any of the later ones.
struct Disk {
  static constexpr std::size_t kSectorBytes = 512;

  struct Change {
    std::uint64_t offset = 0;
    std::optional<std::string> bytes;  // none: the file ends at `offset`
  };

  struct Content {
    std::string now;
    std::string synced;
    std::vector<Change> unsynced;

    static void apply(std::string& bytes, std::uint64_t offset, std::string_view part) {
      const auto end = static_cast<std::size_t>(offset) + part.size();
      if (bytes.size() < end) bytes.resize(end);
      bytes.replace(static_cast<std::size_t>(offset), part.size(), part);
    }

    void change(Change made) {
      if (made.bytes) {
        apply(now, made.offset, *made.bytes);
      } else {
        now.resize(static_cast<std::size_t>(made.offset));
      }
      unsynced.push_back(std::move(made));
    }

    void sync() {
      synced = now;
      unsynced.clear();
    }

    // What a machine finds: of each change all, nothing, or some of its sectors.
    [[nodiscard]] std::string survivor(Chance& chance) const {
      std::string found = synced;
      for (const Change& made : unsynced) {
        const bool whole = heads(chance);
        if (!whole && heads(chance)) continue;
        if (!made.bytes) {
          found.resize(static_cast<std::size_t>(made.offset));
          continue;
        }
        for (std::size_t at = 0; at < made.bytes->size();) {
          const std::size_t to_edge = kSectorBytes - static_cast<std::size_t>((made.offset + at) % kSectorBytes);
          const std::string_view sector = std::string_view(*made.bytes).substr(at, to_edge);
          if (whole || heads(chance)) apply(found, made.offset + at, sector);
          at += sector.size();
        }
      }
      return found;
    }
  };

  using Names = std::map<std::string, std::shared_ptr<Content>>;

  explicit Disk(std::mutex* of_machine = nullptr) : mutex(of_machine == nullptr ? own_mutex : *of_machine) {}
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  std::mutex own_mutex;
  std::mutex& mutex;
  Names files;
  Names synced_names;
  std::vector<Names> unsynced_names;  // changes in order; a name without content is gone
  int open_files = 0;
  bool full = false;
  bool failing_syncs = false;
  // Hears of each change before it is made, with `mutex` held, and may throw StorageError or ShortWrite instead.
  std::function<void(Operation, const std::string& name)> before_change;

  void announce(Operation operation, const std::string& name) const {
    if (before_change) before_change(operation, name);
  }

  void rename_all(const Names& changed) {
    unsynced_names.push_back(changed);
    assign(files, changed);
  }

  // Forgets everything that was written and not synced.
  void lose_power() {
    const std::lock_guard lock(mutex);
    files = synced_names;
    unsynced_names.clear();
    for (auto& [name, content] : files) {
      content->now = content->synced;
      content->unsynced.clear();
    }
  }

  // What a machine may find. With `mutex` held.
  [[nodiscard]] std::unique_ptr<Disk> survivor(Chance& chance, std::mutex* of_machine = nullptr) const {
    Names names = synced_names;
    for (const Names& changed : unsynced_names) {
      if (heads(chance)) assign(names, changed);
    }
    auto found = std::make_unique<Disk>(of_machine);
    for (const auto& [name, content] : names) {
      const std::string bytes = content->survivor(chance);
      found->files[name] = std::make_shared<Content>(Content{bytes, bytes, {}});
    }
    found->synced_names = found->files;
    return found;
  }

  // What a file holds now, to be changed behind the back of whoever uses it.
  std::string& bytes(const std::string& name) {
    const std::lock_guard lock(mutex);
    return files.at(name)->now;
  }

 private:
  static void assign(Names& names, const Names& changed) {
    for (const auto& [name, content] : changed) {
      if (content == nullptr) {
        names.erase(name);
      } else {
        names[name] = content;
      }
    }
  }
};

class MemoryFile final : public File {
 public:
  MemoryFile(Disk& disk, std::string name, std::shared_ptr<Disk::Content> content)
      : disk_(disk), name_(std::move(name)), content_(std::move(content)) {
    ++disk_.open_files;
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() override {
    const std::lock_guard lock(disk_.mutex);
    --disk_.open_files;
  }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex);
    if (disk_.full && offset + bytes.size() > content_->now.size()) throw StorageError("write", name_, ENOSPC);
    try {
      disk_.announce(Operation::kWrite, name_);
    } catch (const ShortWrite& cut) {
      content_->change({offset, std::string(bytes.substr(0, cut.bytes))});
      throw StorageError("write", name_, cut.error_number);
    }
    content_->change({offset, std::string(bytes)});
  }

  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    const std::lock_guard lock(disk_.mutex);
    if (offset >= content_->now.size()) return 0;
    return content_->now.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }

  void sync() override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kSync, name_);
    if (disk_.failing_syncs) throw StorageError("sync", name_, EIO);
    content_->sync();
  }

  void allocate(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kAllocate, name_);
    if (disk_.full && bytes > content_->now.size()) throw StorageError("allocate", name_, ENOSPC);
  }

  void resize(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kResize, name_);
    content_->change({bytes, std::nullopt});
  }

  [[nodiscard]] std::uint64_t size() const override {
    const std::lock_guard lock(disk_.mutex);
    return content_->now.size();
  }

 private:
  Disk& disk_;
  const std::string name_;
  std::shared_ptr<Disk::Content> content_;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(Disk& disk) : disk_(disk) {}

  std::unique_ptr<File> create(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kCreate, name);
    disk_.rename_all({{name, std::make_shared<Disk::Content>()}});
    return std::make_unique<MemoryFile>(disk_, name, disk_.files[name]);
  }

  std::unique_ptr<File> open(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    const auto found = disk_.files.find(name);
    if (found == disk_.files.end()) throw StorageError("open", name, ENOENT);
    return std::make_unique<MemoryFile>(disk_, name, found->second);
  }

  [[nodiscard]] std::vector<std::string> list() const override {
    const std::lock_guard lock(disk_.mutex);
    std::vector<std::string> names;
    for (const auto& [name, content] : disk_.files) names.push_back(name);
    return names;
  }

  void rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kRename, to);
    disk_.rename_all({{to, disk_.files.at(from)}, {from, nullptr}});
  }

  void remove(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kRemove, name);
    disk_.rename_all({{name, nullptr}});
  }

  void sync_folder() override {
    const std::lock_guard lock(disk_.mutex);
    disk_.announce(Operation::kSyncFolder, "");
    disk_.synced_names = disk_.files;
    disk_.unsynced_names.clear();
  }

  [[nodiscard]] std::string path(const std::string& name) const override { return name; }

 private:
  Disk& disk_;
};

}  // namespace exchange::engine::log
