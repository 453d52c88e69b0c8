// A table of the sample source database in memory: its definition, its rows, and its SQL text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline::source {

/// One column as CREATE TABLE says it. A computed column never stands in an INSERT.
struct Column {
  enum class Content { stored, computed };
  std::string_view name;
  std::string_view definition;
  Content content = Content::stored;
};

struct TableDefinition {
  std::string_view name;
  std::vector<Column> columns;
  /// Keys and constraints, one a line, without the trailing comma.
  std::vector<std::string_view> keys;
  /// What follows the closing parenthesis: engine, comment, partitions.
  std::string_view options;
};

/// The cells of one row as SQL literals, in the order of the columns.
struct Row {
  std::vector<std::string> cells;
  bool deleted = false;
};

class Table;

/// Names the cells of one row. Valid until a row is appended to the table or swept from it.
class RowView {
 public:
  RowView(const Table& table, Row& row) : table_(table), row_(row) {}
  /// The cell of a column; an unknown column ends the program.
  std::string& operator[](std::string_view column);
  /// The cell as a number; 0 for NULL.
  std::int64_t number(std::string_view column);
  bool is_null(std::string_view column) { return (*this)[column] == "NULL"; }
  bool deleted() const { return row_.deleted; }
  void mark_deleted() { row_.deleted = true; }

 private:
  const Table& table_;
  Row& row_;
};

class Table {
 public:
  explicit Table(TableDefinition definition) : definition_(std::move(definition)) {}

  /// Adds a row of NULLs with the next `id`.
  RowView append();
  RowView row(std::size_t index) { return {*this, rows_[index]}; }
  /// The row with this `id`; it must exist. Rows stand in the order of their ids.
  RowView row_of_id(std::int64_t id);
  std::size_t row_count() const { return rows_.size(); }
  std::int64_t last_id() const { return next_id_ - 1; }
  std::string_view name() const { return definition_.name; }
  /// Removes the rows that are marked as deleted.
  void sweep();
  void clear() { rows_.clear(); }
  std::size_t column_index(std::string_view column) const;

  /// Whether the SQL drops a table of that name first, or leaves it to the server to refuse.
  enum class Existing { replaced, refused };
  /// CREATE TABLE and the INSERTs.
  std::string sql(Existing existing) const;

 private:
  TableDefinition definition_;
  std::vector<Row> rows_;
  std::int64_t next_id_ = 1;
};

using Date = std::chrono::sys_days;

std::string number(std::int64_t value);
/// A quoted and escaped string literal, as mysqldump escapes.
std::string text(std::string_view value);
std::string date(Date day);
std::string date_time(Date day, std::chrono::seconds time_of_day);
std::string flag(bool value);
/// A decimal literal of `hundredths` / 100.
std::string decimal(std::int64_t hundredths);

inline constexpr std::string_view null = "NULL";
inline constexpr std::string_view zero_date = "'0000-00-00'";
inline constexpr std::string_view zero_date_time = "'0000-00-00 00:00:00'";

/// Pseudo-random numbers that are the same on every machine (the standard's distributions are
/// not): splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// In [0, bound); 0 if the bound is 0.
  std::size_t below(std::size_t bound);
  /// In [first, last].
  int between(int first, int last);
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// An index in [0, count) that prefers the end: a third of the draws hit the last 4 %.
  std::size_t recent(std::size_t count);

 private:
  std::uint64_t state_;
};

}  // namespace pipeline::source
