// Reads the rows of INSERT ... VALUES one by one, without ever holding the statement.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/dump_place.h"
#include "stages/staging/dump/dump_window.h"

namespace pipeline::dump {

/// max_allowed_packet of a server is at most 1 GiB, of a mysqldump by default 24 MB; one row must
/// fit into memory.
inline constexpr std::size_t row_bytes_max = 256U << 20U;
/// InnoDB allows 1,017 columns, the servers' own limit is 4,096.
inline constexpr std::size_t fields_max = 4096;

/// One literal of a row.
struct Field {
  enum class Kind {
    null,
    number,         // body: the literal as written, sign included
    text,           // body: the bytes between the quotes, still escaped
    binary_text,    // the same behind _binary: its bytes are of no character set
    hex,            // 0x...; body: the digits
    quoted_hex,     // x'...'; body: the digits, an even number of them
    bits,           // 0b... or b'...'; body: the digits
    default_value,  // the word DEFAULT
  } kind = Kind::null;
  std::string_view body;
  char quote = '\'';  // of a text: a doubled one in the body stands for one
  enum class Escapes {
    none,
    some
  } escapes = Escapes::none;  // backslashes or doubled quotes in body
};

using Row = std::span<const Field>;

struct InsertHead {
  enum class Verb { insert, insert_ignore, replace } verb = Verb::insert;
  std::string table;
  std::vector<std::string> columns;  // empty: all visible ones in their order
  Place place;

  /// Same verb, table and columns: the rows go on.
  bool continues(const InsertHead& earlier) const {
    return verb == earlier.verb && table == earlier.table && columns == earlier.columns;
  }
};

/// Takes literals only: NULL, numbers, strings (with _binary or without), hex and bit literals, and
/// the word DEFAULT.
/// Anything else, as a function call or an ON DUPLICATE KEY clause, is dump_refused; the end of the
/// dump inside the statement is dump_corrupt. Both name table, line and byte and no value.
class InsertParser {
 public:
  /// `window` must outlive the parser.
  explicit InsertParser(DumpWindow& window) : window_(window) {}

  /// Reads from INSERT or REPLACE, at which the window stands, through VALUES.
  InsertHead begin();
  /// The next row; nullopt when the statement is over and the window stands behind its semicolon.
  /// Valid until the next call.
  std::optional<Row> next();
  /// Of the row that next() gave last.
  Place row_place() const { return window_.place(row_begin_); }
  /// The same row as it stands in the dump, from ( to ): literals, commas and blanks and nothing
  /// else. Valid until the next call of next().
  std::string_view row_text() const { return window_.text().substr(row_begin_, at_ - row_begin_); }

 private:
  enum class State {
    before_first_row,
    after_row,
    before_row,
    before_value,
    in_text,
    after_backslash,
    after_quote,  // the end of the string, or the first of a doubled quote
    in_word,
    before_prefixed_text,  // after _binary
    after_value,
    row_complete,
    statement_complete,
  };
  struct Span {
    Field::Kind kind = Field::Kind::null;
    std::size_t begin = 0;
    std::size_t end = 0;
    char quote = '\'';
    Field::Escapes escapes = Field::Escapes::none;
  };

  void scan(std::string_view text);
  void step_between_rows(char byte);
  void step_before_value(char byte);
  void scan_text(std::string_view text);
  void scan_word(std::string_view text);
  void finish_word(std::string_view word, std::string_view text);
  void finish_text(std::string_view text);
  void open_text(char quote);
  void push(Span span);
  [[noreturn]] void refuse(std::string_view what) const;
  Row row(std::string_view text);

  DumpWindow& window_;
  std::string table_;  // of the statement being read
  State state_ = State::before_first_row;
  std::size_t at_ = 0;         // scanned so far, in the window's text
  std::size_t row_begin_ = 0;  // of the row being read, or read last
  std::size_t begin_ = 0;      // of the value being read
  Field::Kind text_kind_ = Field::Kind::text;
  char quote_ = '\'';
  Field::Escapes escapes_ = Field::Escapes::none;
  std::vector<Span> spans_;
  std::vector<Field> fields_;
};

}  // namespace pipeline::dump
