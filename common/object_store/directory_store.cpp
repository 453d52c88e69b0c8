#include "common/object_store/directory_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/object_store/object_key.h"

namespace pipeline {
namespace {

// Files that are being written. Keys with such a segment are refused, so they never clash.
constexpr std::string_view temporary_prefix = ".pipeline-tmp.";
// A writer that is still at work after a day is dead; its file goes with the next write beside it.
constexpr std::time_t temporary_age_max_seconds = std::time_t{24} * 3600;
constexpr mode_t folder_mode = 0750;
constexpr mode_t file_mode = 0640;

bool is_temporary(std::string_view name) {
  return name.starts_with(temporary_prefix);
}

std::chrono::system_clock::time_point modified_at(const struct stat& status) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::seconds(status.st_mtim.tv_sec) +
          std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

ObjectInfo info_of(std::string key, const struct stat& status) {
  return {.key = std::move(key),
          .size_bytes = static_cast<std::uint64_t>(status.st_size),
          .etag = fmt::format("{:x}-{:x}.{:x}-{:x}", status.st_ino, status.st_mtim.tv_sec,
                              status.st_mtim.tv_nsec, status.st_size),
          .modified = modified_at(status)};
}

struct FolderCloser {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Calls `visit(name)` for each entry of the open folder but "." and "..".
template <typename Visit>
void each_entry(int folder_fd, const std::string& name, const Visit& visit) {
  UniqueFd own(::openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) throw file_error(errno, "open folder", name);
  const std::unique_ptr<DIR, FolderCloser> folder(::fdopendir(own.get()));
  if (!folder) throw file_error(errno, "list", name);
  static_cast<void>(own.release());  // the DIR owns it now
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") visit(std::string(entry_name));
  }
  if (errno != 0) throw file_error(errno, "list", name);
}

enum class Missing { give_nothing, create };

// The open folder of a key's last segment, entered segment by segment without following links.
struct Place {
  UniqueFd folder;
  std::string name;  // the last segment
};

UniqueFd enter(int folder_fd, const std::string& segment, Missing missing,
               const std::string& path) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd next(::openat(folder_fd, segment.c_str(), flags));
  if (next || errno != ENOENT || missing == Missing::give_nothing) return next;
  if (::mkdirat(folder_fd, segment.c_str(), folder_mode) != 0 && errno != EEXIST) {
    throw file_error(errno, "make the folder of", path);
  }
  sync_folder(folder_fd, path);
  return UniqueFd(::openat(folder_fd, segment.c_str(), flags));
}

// nullopt if a folder on the way is absent and `missing` says so.
std::optional<Place> find_place(int root_fd, std::string_view key, Missing missing,
                                const std::string& path) {
  auto segments = split(key, '/');
  Place place{.folder = UniqueFd(::openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
              .name = segments.back()};
  if (!place.folder) throw file_error(errno, "open", path);
  segments.pop_back();
  for (const auto& segment : segments) {
    UniqueFd next = enter(place.folder.get(), segment, missing, path);
    if (!next && (errno == ENOENT || errno == ENOTDIR) && missing == Missing::give_nothing) {
      // ENOTDIR is also what a symbolic link gives: nothing behind it is an object.
      return {};
    }
    if (!next) throw file_error(errno, "open the folder of", path);
    place.folder = std::move(next);
  }
  return place;
}

std::optional<struct stat> stat_object(const Place& place, const std::string& path) {
  struct stat status {};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw file_error(errno, "look at", path);
  }
  if (!S_ISREG(status.st_mode)) return {};
  return status;
}

struct stat stat_open(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw file_error(errno, "look at", path);
  return status;
}

// Reads one object and, at its end, makes sure that it was the same object all the time: a plain
// `cp` into the folder writes in place, and half a file must not look like a whole one.
class ObjectSource : public ByteSource {
 public:
  ObjectSource(UniqueFd fd, std::string path)
      : path_(std::move(path)), opened_(stat_open(fd.get(), path_)), file_(std::move(fd), path_) {}

  std::size_t read(std::span<char> buffer) override {
    const std::size_t count = file_.read(buffer);
    if (count == 0 && !buffer.empty()) check_unchanged();
    return count;
  }

 private:
  void check_unchanged() const {
    const struct stat now = stat_open(file_.fd(), path_);
    if (now.st_nlink > 0 && info_of({}, now).etag == info_of({}, opened_).etag) return;
    throw Error(
        ErrorKind::unavailable,
        fmt::format("{} was replaced or changed while it was read; try again when the upload "
                    "is complete",
                    path_));
  }

  std::string path_;
  struct stat opened_;
  FileSource file_;
};

void remove_dead_temporaries(const Place& place, const std::string& path) {
  std::vector<std::string> dead;
  each_entry(place.folder.get(), path, [&](const std::string& name) {
    struct stat status {};
    if (is_temporary(name) &&
        ::fstatat(place.folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        std::time(nullptr) - status.st_mtim.tv_sec > temporary_age_max_seconds) {
      dead.push_back(name);
    }
  });
  for (const auto& name : dead) ::unlinkat(place.folder.get(), name.c_str(), 0);
}

// Removes the half-written file unless it was renamed into place.
class HalfWritten {
 public:
  HalfWritten(int folder_fd, std::string name) : folder_fd_(folder_fd), name_(std::move(name)) {}
  ~HalfWritten() {
    if (!name_.empty()) ::unlinkat(folder_fd_, name_.c_str(), 0);
  }
  HalfWritten(const HalfWritten&) = delete;
  HalfWritten& operator=(const HalfWritten&) = delete;
  void keep() { name_.clear(); }

 private:
  int folder_fd_;
  std::string name_;
};

// Collects the objects below one folder whose key starts with the prefix.
class Lister {
 public:
  Lister(std::string_view prefix, std::string root_path)
      : prefix_(prefix), root_path_(std::move(root_path)) {}

  void walk(int folder_fd, const std::string& key_so_far, int depth) {
    if (depth > depth_max) return;
    std::vector<std::string> names;
    each_entry(folder_fd, root_path_ + "/" + key_so_far,
               [&](std::string name) { names.push_back(std::move(name)); });
    for (const auto& name : names) visit(folder_fd, name, key_so_far + name, depth);
  }

  std::vector<ObjectInfo> take() {
    std::ranges::sort(found_, {}, &ObjectInfo::key);
    return std::move(found_);
  }

 private:
  static constexpr int depth_max = 64;

  void visit(int folder_fd, const std::string& name, const std::string& key, int depth) {
    if (is_temporary(name) || !is_object_key(key)) return;
    struct stat status {};
    if (::fstatat(folder_fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;  // removed since it was listed
      throw file_error(errno, "look at", root_path_ + "/" + key);
    }
    if (S_ISREG(status.st_mode) && key.starts_with(prefix_)) found_.push_back(info_of(key, status));
    if (S_ISDIR(status.st_mode) && may_hold_matches(key + "/"))
      descend(folder_fd, name, key, depth);
  }

  bool may_hold_matches(std::string_view folder_key) const {
    return folder_key.starts_with(prefix_) || std::string_view(prefix_).starts_with(folder_key);
  }

  void descend(int folder_fd, const std::string& name, const std::string& key, int depth) {
    const UniqueFd next(
        ::openat(folder_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (next) return walk(next.get(), key + "/", depth + 1);
    if (errno != ENOENT && errno != ENOTDIR) {
      throw file_error(errno, "list", root_path_ + "/" + key);
    }
  }

  std::string prefix_;
  std::string root_path_;
  std::vector<ObjectInfo> found_;
};

std::string absolute(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) throw file_error(errno, "open the store", path);
  std::string text(resolved);
  std::free(resolved);
  return text;
}

}  // namespace

DirectoryStore::DirectoryStore(const std::string& root)
    : root_path_(absolute(root)),
      root_(::open(root_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!root_) throw file_error(errno, "open the store", root_path_);
}

std::vector<ObjectInfo> DirectoryStore::list(std::string_view prefix) {
  Lister lister(prefix, root_path_);
  lister.walk(root_.get(), "", 0);
  return lister.take();
}

std::optional<ObjectInfo> DirectoryStore::stat(std::string_view key) {
  const std::string path = path_of(key);
  const auto place = find_place(root_.get(), key, Missing::give_nothing, path);
  if (!place) return {};
  const auto status = stat_object(*place, path);
  if (!status) return {};
  return info_of(std::string(key), *status);
}

std::unique_ptr<ByteSource> DirectoryStore::get(std::string_view key, std::uint64_t offset) {
  const std::string path = path_of(key);
  const auto place = find_place(root_.get(), key, Missing::give_nothing, path);
  if (!place || !stat_object(*place, path)) throw file_error(ENOENT, "read", path);
  // O_NONBLOCK: a pipe put in the object's place since the check must not hang us.
  UniqueFd fd(::openat(place->folder.get(), place->name.c_str(),
                       O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) throw file_error(errno, "read", path);
  if (::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    throw file_error(errno, "read", path);
  }
  return std::make_unique<ObjectSource>(std::move(fd), path);
}

ObjectInfo DirectoryStore::put(std::string_view key, ByteSource& bytes) {
  const std::string path = path_of(key);
  const auto place = find_place(root_.get(), key, Missing::create, path);
  require(place.has_value(), "the folder of a new object exists");
  remove_dead_temporaries(*place, path);

  const std::string temporary = temporary_name();
  UniqueFd fd(::openat(place->folder.get(), temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
  if (!fd) throw file_error(errno, "write", path);
  HalfWritten half_written(place->folder.get(), temporary);
  const int file = fd.get();
  FileSink sink(std::move(fd), path);
  copy_bytes(bytes, sink);
  sink.sync();
  const struct stat status = stat_open(file, path);
  if (::renameat(place->folder.get(), temporary.c_str(), place->folder.get(),
                 place->name.c_str()) != 0) {
    throw file_error(errno, "write", path);
  }
  half_written.keep();
  sync_folder(place->folder.get(), path);
  return info_of(std::string(key), status);
}

ObjectInfo DirectoryStore::copy(std::string_view from_key, std::string_view to_key) {
  const auto source = get(from_key, 0);
  return put(to_key, *source);
}

bool DirectoryStore::remove_if(std::string_view key, std::string_view etag) {
  const auto there = stat(key);
  if (there && there->etag != etag) return false;
  if (there) remove(key);
  return true;
}

void DirectoryStore::remove(std::string_view key) {
  const std::string path = path_of(key);
  const auto place = find_place(root_.get(), key, Missing::give_nothing, path);
  if (!place || !stat_object(*place, path)) return;
  if (::unlinkat(place->folder.get(), place->name.c_str(), 0) != 0 && errno != ENOENT) {
    throw file_error(errno, "remove", path);
  }
  sync_folder(place->folder.get(), path);
}

std::string DirectoryStore::path_of(std::string_view key) const {
  require_object_key(key);
  for (const auto& segment : split(key, '/')) {
    if (is_temporary(segment)) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("\"{}\" is no object: names that begin with {} are reserved", key,
                              temporary_prefix));
    }
  }
  return fmt::format("{}/{}", root_path_, key);
}

std::string DirectoryStore::temporary_name() {
  return fmt::format("{}{}.{}.{}", temporary_prefix, ::getpid(), ++serial_,
                     std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace pipeline
