// Storage in memory that does what disks do at their worst: forgets what was not synced, fails, runs full.
#pragma once

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

// All files of one folder: what a reader sees now, and what a machine would find after losing power.
struct Disk {
  struct Content {
    std::string now;
    std::string synced;
  };

  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Content>> files;
  bool full = false;
  bool failing_syncs = false;

  // Forgets everything that was written and not synced.
  void lose_power() {
    const std::lock_guard lock(mutex);
    for (auto& [name, content] : files) content->now = content->synced;
  }

  // What a file holds now, to be changed behind the back of whoever uses it.
  std::string& bytes(const std::string& name) {
    const std::lock_guard lock(mutex);
    return files.at(name)->now;
  }
};

class MemoryFile final : public File {
 public:
  MemoryFile(Disk& disk, std::shared_ptr<Disk::Content> content) : disk_(disk), content_(std::move(content)) {}

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex);
    const auto end = static_cast<std::size_t>(offset) + bytes.size();
    if (disk_.full && end > content_->now.size()) throw StorageError("write", "memory", ENOSPC);
    if (content_->now.size() < end) content_->now.resize(end);
    content_->now.replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
  }

  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    const std::lock_guard lock(disk_.mutex);
    if (offset >= content_->now.size()) return 0;
    return content_->now.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }

  void sync() override {
    const std::lock_guard lock(disk_.mutex);
    if (disk_.failing_syncs) throw StorageError("sync", "memory", EIO);
    content_->synced = content_->now;
  }

  void resize(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_.mutex);
    content_->now.resize(static_cast<std::size_t>(bytes));
  }

  [[nodiscard]] std::uint64_t size() const override {
    const std::lock_guard lock(disk_.mutex);
    return content_->now.size();
  }

 private:
  Disk& disk_;
  std::shared_ptr<Disk::Content> content_;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(Disk& disk) : disk_(disk) {}

  std::unique_ptr<File> create(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.files[name] = std::make_shared<Disk::Content>();
    return std::make_unique<MemoryFile>(disk_, disk_.files[name]);
  }

  std::unique_ptr<File> open(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    const auto found = disk_.files.find(name);
    if (found == disk_.files.end()) throw StorageError("open", name, ENOENT);
    return std::make_unique<MemoryFile>(disk_, found->second);
  }

  [[nodiscard]] std::vector<std::string> list() const override {
    const std::lock_guard lock(disk_.mutex);
    std::vector<std::string> names;
    for (const auto& [name, content] : disk_.files) names.push_back(name);
    return names;
  }

  void rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.files[to] = disk_.files.at(from);
    disk_.files.erase(from);
  }

  void remove(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    disk_.files.erase(name);
  }

  void sync_folder() override {}

  [[nodiscard]] std::string path(const std::string& name) const override { return name; }

 private:
  Disk& disk_;
};

}  // namespace exchange::engine::log
