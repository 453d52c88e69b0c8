#include "common/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <vector>

#include <fmt/core.h>

namespace pipeline {
namespace {

constexpr std::size_t copy_buffer_bytes = 256U << 10U;
constexpr mode_t file_mode = 0640;

ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return ErrorKind::access_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorKind::resource_exhausted;
    default:
      return ErrorKind::unavailable;
  }
}

UniqueFd open_or_throw(const std::string& path, int flags, std::string_view action) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, file_mode));
  if (!fd) throw file_error(errno, action, path);
  return fd;
}

std::string read_open_file(UniqueFd fd, const std::string& path, std::size_t bytes_max) {
  FileSource source(std::move(fd), path);
  try {
    return read_all(source, bytes_max);
  } catch (Error& error) {
    throw std::move(error).with("file", path);
  }
}

// Removes the temporary file unless it has been renamed into place.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace

Error file_error(int error_number, std::string_view action, std::string_view path) {
  return Error(kind_of_errno(error_number),
               fmt::format("cannot {} {}: {}", action, path,
                           std::generic_category().message(error_number)))
      .with("errno", std::to_string(error_number));
}

FileSource::FileSource(const std::string& path)
    : FileSource(open_or_throw(path, O_RDONLY, "open"), path) {}

FileSource::FileSource(UniqueFd fd, std::string name)
    : fd_(std::move(fd)), name_(std::move(name)) {}

std::size_t FileSource::read(std::span<char> buffer) {
  for (;;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw file_error(errno, "read", name_);
  }
}

FileSink::FileSink(const std::string& path)
    : FileSink(open_or_throw(path, O_WRONLY | O_CREAT | O_TRUNC, "create"), path) {}

FileSink::FileSink(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

void FileSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw file_error(errno, "write", name_);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FileSink::sync() {
  if (::fsync(fd_.get()) != 0) throw file_error(errno, "sync", name_);
}

std::size_t TextSource::read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), rest_.size());
  std::copy_n(rest_.data(), count, buffer.data());
  rest_.remove_prefix(count);
  return count;
}

std::string read_file(const std::string& path, std::size_t bytes_max) {
  return read_open_file(open_or_throw(path, O_RDONLY, "open"), path, bytes_max);
}

std::optional<std::string> read_file_if_present(const std::string& path, std::size_t bytes_max) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};
  if (!fd) throw file_error(errno, "open", path);
  return read_open_file(std::move(fd), path, bytes_max);
}

std::string read_all(ByteSource& source, std::size_t bytes_max) {
  std::string text;
  std::vector<char> buffer(copy_buffer_bytes);
  while (const std::size_t count = source.read(buffer)) {
    if (text.size() + count > bytes_max) {
      throw Error(
          ErrorKind::resource_exhausted,
          fmt::format("the input is larger than the {} bytes that are read whole", bytes_max));
    }
    text.append(buffer.data(), count);
  }
  return text;
}

std::uint64_t copy_bytes(ByteSource& source, ByteSink& sink) {
  std::uint64_t total = 0;
  std::vector<char> buffer(copy_buffer_bytes);
  while (const std::size_t count = source.read(buffer)) {
    sink.write({buffer.data(), count});
    total += count;
  }
  return total;
}

void replace_file(const std::string& path, std::string_view bytes) {
  static std::atomic<unsigned> serial{0};
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  TemporaryFile temporary(fmt::format("{}.{}.{}.tmp", path, ::getpid(), ++serial));

  ::unlink(temporary.path().c_str());  // of a process that died and had this id
  FileSink sink(open_or_throw(temporary.path(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "create"),
                temporary.path());
  sink.write(bytes);
  sink.sync();
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) {
    throw file_error(errno, "replace", path);
  }
  temporary.keep();
  sync_folder(open_or_throw(folder, O_RDONLY | O_DIRECTORY, "open").get(), folder);
}

void sync_folder(int folder_fd, std::string_view name) {
  if (::fsync(folder_fd) != 0) throw file_error(errno, "sync folder", name);
}

}  // namespace pipeline
