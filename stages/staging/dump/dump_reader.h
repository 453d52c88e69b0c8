// The face of this room: a mysqldump as a sequence of tables and rows, and nothing but these.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/io/byte_stream.h"
#include "stages/staging/dump/dialect.h"
#include "stages/staging/dump/insert_parser.h"
#include "stages/staging/dump/keys_behind_rows.h"
#include "stages/staging/dump/session_settings.h"
#include "stages/staging/dump/table_definition.h"

namespace pipeline::dump {

/// A CREATE TABLE.
struct TableBegins {
  TableDefinition definition;
  SessionSettings settings;  // for which the definition was written
  Place place;
};

/// Rows of `table` follow: take them with next_row(). Consecutive INSERTs into the same columns are
/// one such event.
struct RowsBegin {
  std::string table;
  std::vector<std::string> columns;  // one name a value
  InsertHead::Verb verb = InsertHead::Verb::insert;
  SessionSettings settings;  // for which the rows were written
  Place place;
};

/// A view, trigger, routine or event, or the CREATE DATABASE and USE of a dump of one database: not
/// carried over.
struct Skipped {
  std::string what;  // "view", "trigger" ...
  std::string name;
  Place place;
};

/// The dump is whole: its last comment says so, or nobody knows.
struct DumpEnds {
  std::uint64_t bytes = 0;  // uncompressed
  enum class Trailer { there, missing } trailer = Trailer::there;
};

using Event = std::variant<TableBegins, RowsBegin, Skipped, DumpEnds>;

struct DumpReaderOptions {
  Dialect dialect;
  std::size_t buffer_bytes = 1U << 20U;
  /// optional: a dump that ends behind a statement without "-- Dump completed" is read to DumpEnds.
  /// Whoever asks for that must know by other means that nothing is missing.
  enum class Trailer { required, optional } trailer = Trailer::required;
};

/// Reads the text to its end for keys that stand behind rows; all else is checked as by a reader
/// and passed over, but definitions are judged when they come with their keys. Throws as
/// DumpReader.
KeysByTable collect_keys_behind_rows(ByteSource& text, const DumpReaderOptions& options);

/// Pulls events from the uncompressed text. A dump is read as a program that might be hostile: what
/// is not on the list of statements that mysqldump writes is dump_refused, by name and place, and
/// nothing of the text but table bodies and literals is ever handed on. A dump that is cut
/// anywhere, at a statement's end too, is dump_corrupt: it lacks the "-- Dump completed" comment,
/// which is required unless the options say otherwise.
/// One thread at a time.
class DumpReader {
 public:
  /// `text` must outlive the reader.
  DumpReader(ByteSource& text, const DumpReaderOptions& options);
  ~DumpReader();

  /// Before the first next(): whether the text opens as phpMyAdmin's exports do, which add keys
  /// behind all rows. Then, and not otherwise, a reader of the same text takes what
  /// collect_keys_behind_rows() found in it.
  bool may_have_keys_behind_rows();
  /// Before the first next(). Tables come with these keys from the beginning. The ALTER TABLEs
  /// must be the same ones when they are met, or the dump is dump_corrupt: it changed meanwhile.
  void know_keys(KeysByTable keys);

  /// The next event; DumpEnds is the last one. Rows that were not taken are passed over (and
  /// checked).
  Event next();
  /// The next row after RowsBegin, nullopt at the end of these rows. It has as many fields as
  /// RowsBegin has columns. Valid until the next call.
  std::optional<Row> next_row();
  /// Of the row that next_row() gave last.
  Place row_place() const;
  /// The same row as it stands in the dump, from ( to ), in its character set: literals alone.
  /// Valid until the next call of next_row().
  std::string_view row_text() const;

 private:
  friend KeysByTable collect_keys_behind_rows(ByteSource& text, const DumpReaderOptions& options);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline::dump
