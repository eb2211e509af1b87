// Keeps two processes out of one folder: a journal has one writer.
#pragma once

#include <string>

namespace exchange::engine::log {

// Held as long as it lives, and no longer than its process.
class FolderLock {
 public:
  // Throws StorageError if another holder has it.
  explicit FolderLock(const std::string& path);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int descriptor_;
};

}  // namespace exchange::engine::log
