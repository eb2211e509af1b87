// Tells an event loop, through a file descriptor, that something happened.
#pragma once

namespace exchange::engine::log {

// An eventfd. `raise` may be called from any thread.
class Signal {
 public:
  // Throws StorageError if the system has no descriptor left.
  Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal();

  // Makes the descriptor readable.
  void raise() const noexcept;
  // The descriptor; reading 8 bytes resets it.
  [[nodiscard]] int fileno() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace exchange::engine::log
