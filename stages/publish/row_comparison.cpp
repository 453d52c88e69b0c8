// What "the same row" means, and why not `<=>` alone.
//
// `<=>` asks the collation: under utf8mb4_unicode_ci 'ABC' and 'abc' are equal, and a text with
// blanks behind it equals the one without. A history that changes its letter case has changed. So
// texts are compared as bytes (CAST AS BINARY), floats also as text (MySQL keeps the sign of zero,
// and 0 <=> -0 is true; MariaDB stores no -0), all other types by value, where equal values are
// equal bytes. `<=>` stays as the operator, since NULL must
// be like NULL and like nothing else.
//
// The join on the key is another matter: there a collation must be asked, or the server could not
// use its index. 'Abc' and 'abc' are then the same key, as they are for the unique key on that
// column, and the pair is reported as one changed row.
//
// No test says "x IS NULL" of a bare column of the joined side: the server reads this as "x = 0"
// for a DATE that is NOT NULL, and would miss a row whose date is 0000-00-00.
#include "stages/publish/row_comparison.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"

namespace pipeline::publish {
namespace {

constexpr int shown_characters_max = 200;
constexpr int shown_bytes_max = 100;
constexpr std::int64_t join_buffer_bytes = 64 << 20;

constexpr std::array integer_types{std::string_view("tinyint"), std::string_view("smallint"),
                                   std::string_view("mediumint"), std::string_view("int"),
                                   std::string_view("bigint")};
constexpr std::array byte_types{std::string_view("binary"),
                                std::string_view("varbinary"),
                                std::string_view("tinyblob"),
                                std::string_view("blob"),
                                std::string_view("mediumblob"),
                                std::string_view("longblob"),
                                std::string_view("bit"),
                                std::string_view("geometry"),
                                std::string_view("point"),
                                std::string_view("linestring"),
                                std::string_view("polygon"),
                                std::string_view("multipoint"),
                                std::string_view("multilinestring"),
                                std::string_view("multipolygon"),
                                std::string_view("geometrycollection")};

bool among(std::string_view type, std::span<const std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool is_integer(const TableColumn& column) {
  return among(column.data_type, integer_types);
}

/// How a pair of columns is compared.
enum class ComparedBy {
  value,           // equal values are equal bytes
  bytes,           // of one character set, or of none
  value_and_text,  // floats: the sign of zero is only in the text
  text,            // the types differ
};

ComparedBy way_of(const RowComparison::Pair& pair) {
  const auto& [before, after] = pair;
  if (!before.charset.empty() && before.charset == after.charset) return ComparedBy::bytes;
  if (is_bytes(before) && is_bytes(after)) return ComparedBy::bytes;
  if (is_integer(before) && is_integer(after)) return ComparedBy::value;
  if (is_floating(before) && before.data_type == after.data_type) return ComparedBy::value_and_text;
  const bool text_inside = !before.charset.empty() || before.data_type == "json";
  if (!text_inside && before.column_type == after.column_type) return ComparedBy::value;
  return ComparedBy::text;
}

std::string qualified(std::string_view alias, const TableColumn& column) {
  return fmt::format("{}.{}", alias, quote_name(column.name));
}

/// A FLOAT prints six digits; as a DOUBLE it prints all that it has.
std::string with_all_digits(const TableColumn& column, const std::string& value) {
  return column.data_type == "float" ? "(" + value + " * 1e0)" : value;
}

}  // namespace

std::string as_text_bytes(const TableColumn& column, const std::string& value) {
  if (is_bytes(column)) return "CAST(" + value + " AS BINARY)";
  return fmt::format("CAST(CONVERT({} USING utf8mb4) AS BINARY)", with_all_digits(column, value));
}

namespace {

/// One side of the comparison of two keys, so that "=" between the sides decides.
std::string key_value(const RowComparison::Pair& pair, const TableColumn& column,
                      std::string_view alias) {
  std::string value = qualified(alias, column);
  if (way_of(pair) == ComparedBy::text) return as_text_bytes(column, value);
  if (pair.before.collation == pair.after.collation) return value;
  return fmt::format("CAST({} AS BINARY)", value);
}

std::string joined_by(const std::vector<std::string>& parts, std::string_view word) {
  return parts.empty() ? "TRUE" : join(parts, word);
}

}  // namespace

bool is_bytes(const TableColumn& column) {
  return among(column.data_type, byte_types);
}

bool is_floating(const TableColumn& column) {
  return column.data_type == "float" || column.data_type == "double";
}

std::vector<TableColumn> columns_of(Connection& connection, const TableName& table) {
  const auto found = connection.query(
      fmt::format("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COALESCE(CHARACTER_SET_NAME, ''), "
                  "COALESCE(COLLATION_NAME, ''), IS_NULLABLE FROM information_schema.COLUMNS WHERE "
                  "TABLE_SCHEMA = {} AND TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
                  quote_text(table.schema), quote_text(table.table)));
  std::vector<TableColumn> columns;
  for (const auto& row : found.rows) {
    columns.push_back(
        {.name = row[0].value_or(""),
         .data_type = to_lower(row[1].value_or("")),
         .column_type = row[2].value_or(""),
         .charset = row[3].value_or(""),
         .collation = row[4].value_or(""),
         .nullable = row[5] == "NO" ? TableColumn::Nullable::no : TableColumn::Nullable::yes});
  }
  return columns;
}

const TableColumn* find_column(const std::vector<TableColumn>& columns, std::string_view name) {
  const std::string wanted = to_lower(name);
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& column) {
    return to_lower(column.name) == wanted;
  });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<UniqueKey> unique_keys_of(Connection& connection, const TableName& table) {
  const auto found = connection.query(fmt::format(
      "SELECT INDEX_NAME, COLUMN_NAME, NULLABLE, SUB_PART FROM information_schema.STATISTICS WHERE "
      "TABLE_SCHEMA = {} AND TABLE_NAME = {} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME <> 'PRIMARY', "
      "INDEX_NAME, SEQ_IN_INDEX",
      quote_text(table.schema), quote_text(table.table)));
  std::vector<UniqueKey> keys;
  std::vector<bool> whole;
  std::optional<std::string> index;
  for (const auto& row : found.rows) {
    if (!index || row[0] != index) {
      index = row[0];
      keys.emplace_back();
      whole.push_back(true);
    }
    keys.back().columns.push_back(row[1].value_or(""));
    if (row[2] == "YES") keys.back().nullable = true;
    // An index over an expression has no column's name.
    if (!row[1] || row[3]) whole.back() = false;
  }
  std::vector<UniqueKey> usable;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (whole[i]) usable.push_back(std::move(keys[i]));
  }
  return usable;
}

std::string name_list(const std::vector<std::string>& names, std::string_view prefix) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(std::string(prefix) + quote_name(name));
  return join(quoted, ", ");
}

RowComparison::RowComparison(const std::vector<TableColumn>& before,
                             const std::vector<TableColumn>& after,
                             const std::vector<std::string>& key) {
  for (const auto& column : before) {
    const TableColumn* other = find_column(after, column.name);
    if (other == nullptr) {
      only_before_.push_back(column.name);
    } else {
      shared_.push_back({column, *other});
    }
  }
  for (const auto& column : after) {
    if (find_column(before, column.name) == nullptr) only_after_.push_back(column.name);
  }
  for (const auto& name : key) {
    const TableColumn* left = find_column(before, name);
    const TableColumn* right = find_column(after, name);
    if (left == nullptr || right == nullptr) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("there is no column {} to find rows by", name));
    }
    key_.push_back({*left, *right});
  }
}

std::string RowComparison::same_key(std::string_view left, std::string_view right) const {
  std::vector<std::string> parts;
  for (const auto& pair : key_) {
    parts.push_back(key_value(pair, pair.before, left) + " = " +
                    key_value(pair, pair.after, right));
  }
  return joined_by(parts, " AND ");
}

std::string RowComparison::grouping(std::string_view alias) const {
  std::vector<std::string> parts;
  for (const auto& pair : key_) parts.push_back(key_value(pair, pair.before, alias));
  return join(parts, ", ");
}

std::string RowComparison::joined(std::string_view right) const {
  return fmt::format("LENGTH({}) IS NOT NULL", qualified(right, key_.front().after));
}

std::string RowComparison::same_column(const Pair& pair, std::string_view left,
                                       std::string_view right) {
  const std::string l = qualified(left, pair.before);
  const std::string r = qualified(right, pair.after);
  switch (way_of(pair)) {
    case ComparedBy::value:
      return l + " <=> " + r;
    case ComparedBy::bytes:
      return fmt::format("CAST({} AS BINARY) <=> CAST({} AS BINARY)", l, r);
    case ComparedBy::value_and_text:
      return fmt::format("({0} <=> {1} AND CAST({0} AS BINARY) <=> CAST({1} AS BINARY))", l, r);
    case ComparedBy::text:
      return as_text_bytes(pair.before, l) + " <=> " + as_text_bytes(pair.after, r);
  }
  return "FALSE";
}

std::string RowComparison::same_row(std::string_view left, std::string_view right) const {
  std::vector<std::string> parts;
  for (const auto& pair : shared_) parts.push_back(same_column(pair, left, right));
  return joined_by(parts, " AND ");
}

std::string text_bytes(const TableColumn& column, std::string_view alias) {
  return as_text_bytes(column, qualified(alias, column));
}

std::string shown_value(const TableColumn& column, std::string_view alias) {
  const std::string value = qualified(alias, column);
  if (is_bytes(column)) {
    return fmt::format("CONCAT('0x', HEX(LEFT(CAST({} AS BINARY), {})))", value, shown_bytes_max);
  }
  if (!column.charset.empty() || column.data_type == "json") {
    return fmt::format("LEFT(CONVERT({} USING utf8mb4), {})", value, shown_characters_max);
  }
  return fmt::format("CONVERT({} USING utf8mb4)", with_all_digits(column, value));
}

bool has_index_for(Connection& connection, const TableName& table,
                   const std::vector<std::string>& key) {
  const auto found = connection.query(fmt::format(
      "SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME FROM information_schema.STATISTICS WHERE "
      "TABLE_SCHEMA = {} AND TABLE_NAME = {} ORDER BY INDEX_NAME, SEQ_IN_INDEX",
      quote_text(table.schema), quote_text(table.table)));
  struct Index {
    bool unique = false;
    std::size_t leading = 0;  // columns of the key that it begins with
    std::size_t columns = 0;
  };
  std::map<std::string, Index> indexes;
  for (const auto& row : found.rows) {
    Index& index = indexes[row[0].value_or("")];
    index.unique = row[1] == "0";
    const std::string column = to_lower(row[2].value_or(""));
    const bool in_key =
        std::ranges::any_of(key, [&](const auto& name) { return to_lower(name) == column; });
    if (in_key && index.leading == index.columns) ++index.leading;
    ++index.columns;
  }
  return std::ranges::any_of(indexes, [&](const auto& entry) {
    const Index& index = entry.second;
    return index.leading == key.size() || (index.unique && index.leading == index.columns);
  });
}

JoinSettings::JoinSettings(Connection& session)
    : session_(session),
      settings_{{"join_cache_level", 4, ""},
                {"join_buffer_space_limit", 2 * join_buffer_bytes, ""},
                {"join_buffer_size", join_buffer_bytes, ""}} {
  if (session_.family() != ServerFamily::mariadb) settings_.clear();
  for (auto& [name, value, before] : settings_) {
    before = session_.query_value(fmt::format("SELECT @@SESSION.{}", name)).value_or("");
    session_.execute(fmt::format("SET SESSION {} = {}", name, value));
  }
}

JoinSettings::~JoinSettings() {
  try {
    for (const auto& [name, unused, before] : settings_) {
      if (session_.alive()) session_.execute(fmt::format("SET SESSION {} = {}", name, before));
    }
  } catch (const std::exception& error) {
    log::warn("a session keeps the join settings of a comparison: {}", error.what());
  }
}

}  // namespace pipeline::publish
