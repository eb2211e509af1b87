// Files as the journal, the event log and the snapshots see them.
//
// A port, so that tests can put storage underneath that forgets what was not synced, or that fails.
// Invariants:
// 1. Every operation completes in full or throws StorageError; there are no short writes to look after.
// 2. What was written survives a lost process; what was synced survives a lost machine; a name survives it only after
//    `sync_folder`.
// 3. One File is written by one thread at a time; reads may run beside the write of other bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::engine::log {

// How long to wait, on a full disk, before trying again.
inline constexpr std::chrono::milliseconds kSpaceRetry{200};

// An operation on a file failed: says which, where, and what the system answered.
class StorageError : public std::runtime_error {
 public:
  StorageError(std::string_view operation, const std::string& path, int error_number);

  // True if there was no space left, which passes when someone makes room. Never of a sync: what it did not bring to
  // the medium may be forgotten, so that it must not be tried again.
  [[nodiscard]] bool out_of_space() const noexcept { return out_of_space_; }

 private:
  bool out_of_space_;
};

// An open file.
class File {
 public:
  virtual ~File() = default;

  // Writes all bytes at the offset, growing the file if needed.
  virtual void write_at(std::uint64_t offset, std::string_view bytes) = 0;
  // Reads up to `into.size()` bytes; returns how many there were.
  virtual std::size_t read_at(std::uint64_t offset, std::span<char> into) const = 0;
  // Returns when everything written is on the medium.
  virtual void sync() = 0;
  // Sets room aside for so many bytes, so that want of space shows before anything is written.
  virtual void allocate(std::uint64_t bytes) = 0;
  // Cuts or extends the file.
  virtual void resize(std::uint64_t bytes) = 0;
  // Bytes in the file.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

// One folder of files.
class Storage {
 public:
  virtual ~Storage() = default;

  // Creates an empty file, or empties the one that is there.
  virtual std::unique_ptr<File> create(const std::string& name) = 0;
  // Opens a file that exists.
  virtual std::unique_ptr<File> open(const std::string& name) = 0;
  // Names of all files, sorted.
  [[nodiscard]] virtual std::vector<std::string> list() const = 0;
  // Gives a file another name, replacing what had it.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  // Removes a file.
  virtual void remove(const std::string& name) = 0;
  // Makes names durable.
  virtual void sync_folder() = 0;
  // The full path of a name, for messages.
  [[nodiscard]] virtual std::string path(const std::string& name) const = 0;
};

// Opens a folder of the local file system, made if it is missing.
std::unique_ptr<Storage> open_folder(const std::string& folder);

// Opens a folder that exists, to read it: nothing in it can be changed, and everything that would throws.
std::unique_ptr<Storage> open_folder_read_only(const std::string& folder);

// Bytes [offset, offset + length) of a file; fewer at its end.
std::string read_range(const File& file, std::uint64_t offset, std::uint64_t length);

// Publishes a file in one step: readers see the old content or the new one, whole and durable.
void replace_file(Storage& storage, const std::string& name, std::string_view content);

// Brings the content of a file to another folder, durably.
void copy_file(Storage& from, const std::string& name, Storage& to);

}  // namespace exchange::engine::log
