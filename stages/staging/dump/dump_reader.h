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
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline::dump
