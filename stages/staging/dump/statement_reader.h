// Cuts a dump into statements and passes over its comments; knows where an honest dump ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "stages/staging/dump/dump_place.h"
#include "stages/staging/dump/dump_window.h"

namespace pipeline::dump {

/// A definition of a table with thousands of columns, or a long routine, stays far below.
inline constexpr std::size_t statement_bytes_max = 16U << 20U;

struct Statement {
  enum class Kind {
    rows,   // INSERT or REPLACE: `text` is empty, the window stands at its first byte
    other,  // complete, without its delimiter
  } kind = Kind::other;
  std::string_view text;  // valid until the next call of next()
  Place place;            // of its first byte
};

/// Understands the client's DELIMITER lines. Errors carry line and byte: dump_corrupt for a dump
/// that ends inside a statement, string or comment; dump_refused for text that is no SQL (UTF-16,
/// zip, zstd
/// ...), for statements above statement_bytes_max and for a delimiter inside a conditional comment.
class StatementReader {
 public:
  /// `window` must outlive the reader.
  explicit StatementReader(DumpWindow& window) : window_(window) {}

  /// The next statement that is not empty; nullopt at the end of the dump. After Kind::rows the
  /// caller has moved the window past the statement.
  std::optional<Statement> next();
  /// Before the first next(): whether the dump's text begins so.
  bool begins_with(std::string_view text);
  /// ";" unless a DELIMITER line said otherwise.
  const std::string& delimiter() const { return delimiter_; }
  /// True if the comment "-- Dump completed" stands behind the last statement.
  bool completed() const { return completed_; }

 private:
  void check_beginning();
  bool skip_to_statement();
  void skip_line_comment();
  void skip_block_comment();
  bool take_delimiter_line();
  Statement read_statement();
  /// Reads on until text() holds `count` bytes or the dump ends.
  void have(std::size_t count);

  DumpWindow& window_;
  std::string delimiter_ = ";";
  std::size_t unconsumed_ = 0;  // the statement handed out last and its delimiter
  bool begun_ = false;
  bool completed_ = false;
};

}  // namespace pipeline::dump
