#include "stages/transform/run/artifacts.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/log.h"
#include "common/io/file.h"

namespace pipeline::dbt {
namespace {

namespace fs = std::filesystem;

// Pieces are gathered to this size before they are written.
constexpr std::size_t piece_bytes = 64U << 10U;

void make_folder_of(const fs::path& file) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) throw file_error(failed.value(), "make the folder", file.parent_path().string());
}

/// Removes the file that a failure left half written.
class HalfFile {
 public:
  explicit HalfFile(std::string path) : path_(std::move(path)) {}
  ~HalfFile() {
    if (!kept_) ::unlink(path_.c_str());
  }
  HalfFile(const HalfFile&) = delete;
  HalfFile& operator=(const HalfFile&) = delete;
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

/// Gathers small pieces into large writes.
class Gathered {
 public:
  explicit Gathered(FileSink& sink) : sink_(sink) {}
  void write(std::string_view piece) {
    text_.append(piece);
    if (text_.size() >= piece_bytes) flush();
  }
  void flush() {
    sink_.write(text_);
    text_.clear();
  }

 private:
  FileSink& sink_;
  std::string text_;
};

}  // namespace

void Artifacts::write(const std::string& path, std::string_view text) {
  if (given_up_) return;
  const fs::path file = absolute(path);
  try {
    make_folder_of(file);
    FileSink(file.string()).write(text);
  } catch (const Error& error) {
    tell_and_give_up(error);
  }
}

void Artifacts::replace(const std::string& path, const Fill& fill) {
  if (given_up_) return;
  try {
    replace_or_throw(path, fill);
  } catch (const Error& error) {
    tell_and_give_up(error);
  }
}

void Artifacts::replace_or_throw(const std::string& path, const Fill& fill) {
  const std::string file = absolute(path);
  make_folder_of(file);
  const std::string beside = fmt::format("{}.{}.tmp", file, ::getpid());
  HalfFile half(beside);
  FileSink sink(beside);
  Gathered gathered(sink);
  fill([&](std::string_view piece) { gathered.write(piece); });
  gathered.flush();
  sink.sync();
  if (::rename(beside.c_str(), file.c_str()) != 0) throw file_error(errno, "replace", file);
  half.keep();
}

void Artifacts::bound(std::string& code) {
  const std::uint64_t bytes = code.size();
  if (kept_bytes_.fetch_add(bytes) + bytes <= kept_code_bytes_max) return;
  kept_bytes_ -= bytes;
  code = {};
}

void Artifacts::tell_and_give_up(const Error& error) {
  if (error.kind() == ErrorKind::resource_exhausted) {
    throw Error(error.kind(), fmt::format("compiled SQL cannot be written: {}; make room there, "
                                          "or set transform.target_path to another disk",
                                          error.message()));
  }
  if (given_up_.exchange(true)) return;
  log::warn(
      "compiled SQL, manifest.json and run_results.json are not written: {}; set "
      "transform.target_path to a folder that is writable",
      error.message());
}

}  // namespace pipeline::dbt
