#include "exchange/engine/log/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

FolderLock::FolderLock(const std::string& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ < 0) throw StorageError("open", path, errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int error_number = errno;
  ::close(descriptor_);
  throw StorageError("lock (another engine has it)", path, error_number);
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace exchange::engine::log
