// Files as streams, and replacing a file whole or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/io/byte_stream.h"

namespace pipeline {

/// The Error for errno value `error_number` of an action on a path: "cannot open /srv/x: No such
/// file or directory". access_denied (EACCES, EPERM, EROFS, ELOOP), resource_exhausted (ENOSPC,
/// EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM), unavailable for the rest.
Error file_error(int error_number, std::string_view action, std::string_view path);

/// Reads an open file from its present offset.
class FileSource : public ByteSource {
 public:
  /// Throws the kinds of file_error, here and in read().
  explicit FileSource(const std::string& path);
  /// `name` is for messages.
  FileSource(UniqueFd fd, std::string name);
  std::size_t read(std::span<char> buffer) override;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string name_;
};

/// Writes an open file from its present offset.
class FileSink : public ByteSink {
 public:
  /// Creates or empties `path` with mode 0640. Throws the kinds of file_error, here and in write().
  explicit FileSink(const std::string& path);
  FileSink(UniqueFd fd, std::string name);
  void write(std::string_view bytes) override;
  /// Returns when the bytes are on the disk.
  void sync();

 private:
  UniqueFd fd_;
  std::string name_;
};

/// The bytes of an object held in memory; they must outlive the source.
class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string_view bytes) : rest_(bytes) {}
  std::size_t read(std::span<char> buffer) override;

 private:
  std::string_view rest_;
};

/// Collects what is written.
class TextSink : public ByteSink {
 public:
  void write(std::string_view bytes) override { text_.append(bytes); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Files above this are streamed, not read whole.
inline constexpr std::size_t whole_file_bytes_max = 256U << 20U;

/// The whole file. Throws the kinds of file_error, and resource_exhausted above `bytes_max`.
std::string read_file(const std::string& path, std::size_t bytes_max = whole_file_bytes_max);
/// The same; nullopt if there is no such file.
std::optional<std::string> read_file_if_present(const std::string& path,
                                                std::size_t bytes_max = whole_file_bytes_max);
/// Everything up to the end of `source`. Throws resource_exhausted above `bytes_max`.
std::string read_all(ByteSource& source, std::size_t bytes_max = whole_file_bytes_max);
/// Copies up to the end of `source`; returns how many bytes.
std::uint64_t copy_bytes(ByteSource& source, ByteSink& sink);

/// Makes `bytes` the content of `path`: a reader, or a crash at any moment, sees the old file or
/// the new one. Writes beside it, syncs the file, renames, syncs the folder.
void replace_file(const std::string& path, std::string_view bytes);

/// Makes renames and removals inside the open folder durable.
void sync_folder(int folder_fd, std::string_view name);

}  // namespace pipeline
