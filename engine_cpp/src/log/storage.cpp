#include "exchange/engine/log/storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace exchange::engine::log {
namespace {

std::string sentence(std::string_view operation, const std::string& path, int error_number) {
  return "cannot " + std::string(operation) + " " + path + ": " + std::strerror(error_number);
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int flags) : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags, 0600)) {
    if (descriptor_.number() < 0) fail("open");
  }

  void write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("write");
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
  }

  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_.number(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void sync() override {
    // Not repeated on failure: the kernel may have dropped the pages, and a second call would then succeed wrongly.
    if (::fdatasync(descriptor_.number()) != 0) fail("sync");
  }

  void allocate(std::uint64_t bytes) override {
    while (::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(bytes)) != 0) {
      if (errno == EINTR) continue;
      if (errno == EOPNOTSUPP) return;  // such a file system shows it at the write
      fail("allocate");
    }
  }

  void resize(std::uint64_t bytes) override {
    if (::ftruncate(descriptor_.number(), static_cast<off_t>(bytes)) != 0) fail("resize");
  }

  [[nodiscard]] std::uint64_t size() const override {
    struct stat about {};
    if (::fstat(descriptor_.number(), &about) != 0) fail("inspect");
    return static_cast<std::uint64_t>(about.st_size);
  }

 private:
  [[noreturn]] void fail(std::string_view operation) const { throw StorageError(operation, path_, errno); }

  std::string path_;
  Descriptor descriptor_;
};

class PosixStorage final : public Storage {
 public:
  PosixStorage(std::string folder, bool read_only) : folder_(std::move(folder)), read_only_(read_only) {
    std::error_code error;
    if (!read_only_) std::filesystem::create_directories(folder_, error);
    if (error) throw StorageError("create folder", folder_, error.value());
  }

  std::unique_ptr<File> create(const std::string& name) override {
    require_writable(name);
    return std::make_unique<PosixFile>(path(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
  }

  std::unique_ptr<File> open(const std::string& name) override {
    return std::make_unique<PosixFile>(path(name), (read_only_ ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  }

  [[nodiscard]] std::vector<std::string> list() const override {
    std::vector<std::string> names;
    std::error_code error;
    const std::filesystem::directory_iterator entries(folder_, error);
    if (error) throw StorageError("list folder", folder_, error.value());
    for (const auto& entry : entries) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void rename(const std::string& from, const std::string& to) override {
    require_writable(to);
    if (::rename(path(from).c_str(), path(to).c_str()) != 0) throw StorageError("rename", path(from), errno);
  }

  void remove(const std::string& name) override {
    require_writable(name);
    if (::unlink(path(name).c_str()) != 0) throw StorageError("remove", path(name), errno);
  }

  void sync_folder() override {
    const Descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() < 0 || ::fsync(folder.number()) != 0) throw StorageError("sync folder", folder_, errno);
  }

  [[nodiscard]] std::string path(const std::string& name) const override { return folder_ + "/" + name; }

 private:
  void require_writable(const std::string& name) const {
    if (read_only_) throw StorageError("change", path(name), EROFS);
  }

  std::string folder_;
  bool read_only_;
};

constexpr std::uint64_t kCopyBytes = 1U << 20U;

}  // namespace

StorageError::StorageError(std::string_view operation, const std::string& path, int error_number)
    : std::runtime_error(sentence(operation, path, error_number)),
      out_of_space_((error_number == ENOSPC || error_number == EDQUOT) && !operation.starts_with("sync")) {}

std::unique_ptr<Storage> open_folder(const std::string& folder) {
  return std::make_unique<PosixStorage>(folder, false);
}

std::unique_ptr<Storage> open_folder_read_only(const std::string& folder) {
  return std::make_unique<PosixStorage>(folder, true);
}

std::string read_range(const File& file, std::uint64_t offset, std::uint64_t length) {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  bytes.resize(file.read_at(offset, bytes));
  return bytes;
}

namespace {

// One name for all that is not finished, so that a lost process leaves at most one behind.
constexpr const char* kDraft = "draft.tmp";

// Fills a draft, makes it durable and gives it its name. What fails leaves no draft: half a snapshot would take the
// room that the journal needs.
template <typename Fill>
void publish(Storage& storage, const std::string& name, Fill fill) {
  const std::unique_ptr<File> file = storage.create(kDraft);
  try {
    fill(*file);
    file->sync();
    storage.rename(kDraft, name);
  } catch (const StorageError&) {
    storage.remove(kDraft);
    throw;
  }
  storage.sync_folder();
}

}  // namespace

void replace_file(Storage& storage, const std::string& name, std::string_view content) {
  publish(storage, name, [&](File& file) { file.write_at(0, content); });
}

void copy_file(Storage& from, const std::string& name, Storage& to) {
  const std::unique_ptr<File> source = from.open(name);
  publish(to, name, [&](File& file) {
    for (std::uint64_t at = 0, size = source->size(); at < size; at += kCopyBytes) {
      file.write_at(at, read_range(*source, at, std::min(kCopyBytes, size - at)));
    }
  });
}

}  // namespace exchange::engine::log
