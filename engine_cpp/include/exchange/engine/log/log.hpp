// Where the order of everything is kept.
//
// A port: the local journal is one, a replicated log another. Thread rules: `append` and `close` are called by one
// thread at a time; the listener is called from a thread of the log's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace exchange::engine::log {

// Records of commands that were sequenced together.
struct RecordBatch {
  std::string records;  // as append_command writes them
  std::uint64_t last_seq = 0;
  std::int64_t time_ns = 0;
};

// What is promised to whoever gets an answer.
enum class Ack {
  kDurable,  // the command is on the medium: it survives a lost machine
  kWritten,  // the operating system has it: it survives a lost process; the medium follows at once
};

// Hears what became of the batches.
class Listener {
 public:
  virtual ~Listener() = default;

  // Everything up to this command is as safe as was promised. Called in order.
  virtual void committed(std::uint64_t engine_seq) = 0;
  // Everything up to this command is on the medium. Called in order; before `committed` with Ack::kDurable, after it
  // with Ack::kWritten.
  virtual void synced(std::uint64_t engine_seq) = 0;
  // The log has died; nothing is committed any more. The last call.
  virtual void failed(const std::string& reason) = 0;
};

// Makes batches durable, in order.
class Log {
 public:
  virtual ~Log() = default;

  // Queues a batch and returns at once; the listener hears when it is committed.
  virtual void append(RecordBatch batch) = 0;
  // True while there is no room for more: what is queued will be committed, but nothing should follow.
  [[nodiscard]] virtual bool full() const = 0;
  // Commits what is queued, then stops.
  virtual void close() = 0;
};

// A file says something that cannot be: names the file, the offset in it and the command.
class LogCorrupt : public std::runtime_error {
 public:
  LogCorrupt(const std::string& path, std::uint64_t offset, std::uint64_t engine_seq, const std::string& what);
};

}  // namespace exchange::engine::log
