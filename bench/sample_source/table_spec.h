// What the sample source is described by: tables, their columns, and what stands in a column.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pipeline::source {

using Words = std::span<const std::string_view>;

// ---- what stands in a column ------------------------------------------------------------------

/// The table's own story tells it; see story.h.
struct FromStory {};
/// The server computes it. It stands in no INSERT but in those of mariadb-dump, which writes what
/// the story tells.
struct Computed {
  std::string_view expression;
  enum class Storage { stored, computed_on_read } storage;
};
struct RowId {};
/// Whom or what the row is about; see Anchor.
struct Anchored {
  enum class What { tenant, moving, room, apartment } what;
};
/// A row of another table: any one, or, table along table, the one at the same relative place.
struct Reference {
  std::string_view table;
  enum class How { anywhere, along } how;
};
struct Whole {
  std::int64_t low, high;
  std::int64_t step = 1;
};
/// `low` and `high` in units of the last place, e.g. hundredths.
struct Decimal {
  std::int64_t low, high;
  std::int64_t step;
  int decimals;
};
/// A double that is short in decimal: a number of quarters.
struct Quarters {
  std::int64_t low, high;
};
/// What the row's moving costs a month, in a decimal(12,2).
struct MonthlyRent {};
struct Flag {
  unsigned ones_permille;
};
/// A day so many days after that of the row, or before it if negative. Facts that nobody can know
/// yet are NULL; plans may lie ahead.
struct Day {
  int from, to;
  enum class Kind { fact, plan } kind = Kind::fact;
};
/// A fact, as in Day, with the time of day.
struct Clock {
  enum class Type { datetime, timestamp } type;
  int from, to;
};
struct CreatedAt {};
struct UpdatedAt {};
struct TimeOfDay {};
/// The day of the row as 2026 or '2026-02'.
struct Period {
  enum class Unit { year, month } unit;
};
/// A text that no other row has: the prefix and the id.
struct Serial {
  std::string_view prefix;
};
struct Digits {
  std::string_view prefix;
  int count;
};
struct Hex {
  int digits;
};
struct Word {
  Words words;
};
/// A word and a number up to `count`.
struct Numbered {
  std::string_view stem;
  std::int64_t count;
};
struct MailAddress {};
/// So many phrases one after another; now and then a text that parsers of dumps trip over.
struct Sentences {
  int low, high;
};
/// A JSON object with so many entries.
struct JsonObject {
  int low, high;
};

using Content =
    std::variant<FromStory, Computed, RowId, Anchored, Reference, Whole, Decimal, Quarters,
                 MonthlyRent, Flag, Day, Clock, CreatedAt, UpdatedAt, TimeOfDay, Period, Serial,
                 Digits, Hex, Word, Numbered, MailAddress, Sentences, JsonObject>;

// ---- columns ----------------------------------------------------------------------------------

/// One column as CREATE TABLE says it, and what stands in it.
struct Column {
  enum class Presence { nullable, required };
  std::string_view name;
  std::string type;  // in MySQL 8's spelling: "int unsigned"
  Content content;
  Presence presence = Presence::nullable;
  std::string_view default_value;  // without quotes; only of a required column
  std::string_view comment;
  unsigned null_permille = 0;
  bool changes = false;  // an update of the row draws it again

  // Used where columns are listed: told("age", "smallint").noted("登録時の年齢").

  Column required(std::string_view default_text = {}) &&;
  Column missing(unsigned permille) &&;
  Column changing() &&;
  Column noted(std::string_view text) &&;
};

// ---- tables -----------------------------------------------------------------------------------

/// What the rows of a table are about. It decides what stands in Anchored columns, so that a row
/// names a tenant, a moving, a room and an apartment which belong together.
enum class Anchor {
  none,
  tenant,     // a tenant who existed when the row was made
  moving,     // a contract that had been decided then, and its tenant, room and apartment
  ended,      // the same, of a contract that has ended
  room,       // any room, and its apartment
  apartment,  // any apartment
  parent,     // what the row is about that the first Reference of kind `along` names
};

struct Growth {
  double new_permille = 3.5;     // of the first day's rows, added each day
  double update_permille = 6;    // changed
  double delete_permille = 0.2;  // gone
};
inline constexpr Growth no_growth{.new_permille = 0, .update_permille = 0, .delete_permille = 0};

struct Partition {
  std::string_view name;
  std::string_view less_than;  // "(2020)" or "MAXVALUE"
};

struct TableSpec {
  std::string_view name;
  std::string_view comment;
  std::int64_t rows = 0;           // on a normal day of the real database
  std::int64_t rows_at_least = 1;  // at any scale; 0 if `rows` is
  enum class Size { scaled, fixed } size = Size::scaled;
  Growth growth;
  Anchor anchor = Anchor::none;
  std::vector<Column> columns;
  /// The primary key's columns; none if empty.
  std::vector<std::string_view> primary{"id"};
  std::vector<std::vector<std::string_view>> unique;
  /// Columns that have a key each, named index_<table>_on_<column>.
  std::vector<std::string_view> indexed;
  /// Other keys and constraints as CREATE TABLE has them.
  std::vector<std::string_view> other_keys;
  std::string_view partitioned_by;  // a column, by range
  std::vector<Partition> partitions;
};

/// The index of a column; an unknown name ends the program.
std::size_t column_index(const TableSpec& table, std::string_view column);

/// How CREATE TABLE is spelled. Both servers read both; each prints its own.
enum class Spelling { mysql8, mariadb };

/// CREATE TABLE without the closing semicolon. `auto_increment` is the next id, or 0 to say none.
std::string create_table(const TableSpec& table, Spelling spelling, std::int64_t auto_increment);

}  // namespace pipeline::source
