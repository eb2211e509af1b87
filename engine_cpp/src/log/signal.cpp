#include "exchange/engine/log/signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "exchange/engine/log/storage.hpp"

namespace exchange::engine::log {

Signal::Signal() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw StorageError("create", "an eventfd", errno);
}

Signal::~Signal() { ::close(descriptor_); }

void Signal::raise() const noexcept {
  const std::uint64_t one = 1;
  // It fails only if the counter is full, and then the descriptor is readable already.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
}

}  // namespace exchange::engine::log
