// The client gives values as text and no types, but a template must tell the number 7 from the text
// '7'. Where a result looks like numbers, the types come from the server: a temporary table made of
// the same query without rows.
#include "stages/transform/run/session_queries.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

constexpr std::string_view types_table = "pipeline_query_types";

constexpr std::string_view questions[] = {"select", "with", "show", "desc", "explain"};

bool looks_like_a_number(const std::optional<std::string>& value) {
  return value && !value->empty() &&
         value->find_first_not_of("0123456789.+-eE") == std::string::npos;
}

bool starts_with_word(std::string_view sql, std::string_view word) {
  const std::string_view text = trim(sql);
  return to_lower(text.substr(0, word.size())) == word;
}

bool only_asks(std::string_view sql) {
  return std::ranges::any_of(questions, [&](auto word) { return starts_with_word(sql, word); });
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return type.starts_with(start); });
}

template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

QueryResult::Cell cell_of(std::optional<std::string>& value, std::string_view type) {
  if (!value) return {};
  if (is_one_of(type, {"int", "bigint", "smallint", "mediumint", "tinyint", "year"})) {
    if (const auto number = number_of<std::int64_t>(*value)) return *number;
  }
  if (is_one_of(type, {"double", "float"})) {
    if (const auto number = number_of<double>(*value)) return *number;
  }
  return std::move(*value);
}

}  // namespace

std::optional<RelationKind> SessionQueries::find(const Relation& relation) {
  switch (publish::relation_kind(session_, {relation.schema, relation.identifier})) {
    case publish::RelationKind::absent:
      return {};
    case publish::RelationKind::table:
      return RelationKind::table;
    case publish::RelationKind::view:
      return RelationKind::view;
  }
  return {};
}

std::vector<ColumnInfo> SessionQueries::columns(const Relation& relation) {
  std::vector<ColumnInfo> columns;
  const auto found = session_.query(fmt::format(
      "SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND "
      "TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
      quote_text(relation.schema), quote_text(relation.identifier)));
  for (const auto& row : found.rows) columns.push_back({row[0].value_or(""), row[1].value_or("")});
  return columns;
}

std::vector<std::string> SessionQueries::column_types(const std::string& sql) {
  if (!starts_with_word(sql, "select") && !starts_with_word(sql, "with")) return {};
  const std::string table = quote_name(scratch_schema_, types_table);
  std::string_view select = trim(sql);
  while (select.ends_with(';')) select = trim(select.substr(0, select.size() - 1));
  std::vector<std::string> types;
  try {
    session_.execute("DROP TEMPORARY TABLE IF EXISTS " + table);
    session_.execute(fmt::format("CREATE TEMPORARY TABLE {} AS SELECT * FROM (\n{}\n) q LIMIT 0",
                                 table, select));
    for (const auto& row : session_.query("SHOW COLUMNS FROM " + table).rows) {
      types.push_back(row[1].value_or(""));
    }
    session_.execute("DROP TEMPORARY TABLE IF EXISTS " + table);
  } catch (const Error&) {
    // Two columns of one name cannot be a table: then all values stay text.
    if (!session_.alive()) throw;
    types.clear();
  }
  return types;
}

QueryResult SessionQueries::run_query(const std::string& sql) {
  if (!only_asks(sql)) {
    if (statements_ == Statements::questions_only) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("a template may only ask here, since its statement could end the "
                              "transaction that it stands in: {}",
                              head(trim(sql), 200)));
    }
    ran_statements_ = true;
  }
  ResultTable table = session_.query(sql, query_rows_max);
  QueryResult result{.columns = std::move(table.columns), .rows = {}};
  const bool has_numbers = std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) {
    return std::any_of(row.begin(), row.end(), looks_like_a_number);
  });
  std::vector<std::string> types = has_numbers ? column_types(sql) : std::vector<std::string>();
  types.resize(result.columns.size());
  for (auto& row : table.rows) {
    auto& cells = result.rows.emplace_back();
    for (std::size_t column = 0; column < row.size(); ++column) {
      cells.push_back(cell_of(row[column], types[column]));
    }
  }
  return result;
}

}  // namespace pipeline::dbt
