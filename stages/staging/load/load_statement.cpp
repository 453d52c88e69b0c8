#include "stages/staging/load/load_statement.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline {
namespace {

// How the bytes of the dump get into the column.
enum class Conversion {
  none,
  formal,  // between equal character sets, for servers that ask for it
  real,
};

Conversion conversion_for(const dump::Column& column, const std::string& table_charset,
                          std::string_view dump_charset) {
  using Kind = dump::Column::Kind;
  if (dump_charset == "binary") return Conversion::none;
  const auto from = [&](std::string_view charset) {
    return dump::same_charset(charset, dump_charset) ? Conversion::none : Conversion::real;
  };
  switch (column.kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::bit:
    case Kind::year:
    case Kind::date_time:
    case Kind::binary:
    case Kind::geometry:
      return Conversion::none;
    // MySQL refuses binary text for JSON, and UUID or INET6 would take it for the packed form.
    case Kind::json:
      return std::max(Conversion::formal, from("utf8mb4"));
    case Kind::other:
      return Conversion::formal;
    case Kind::text:
    case Kind::member:
      break;
  }
  const std::string& charset = column.charset.empty() ? table_charset : column.charset;
  return charset == "binary" ? Conversion::none : from(charset);
}

ColumnCarrier::Numbering numbering_of(const dump::Column& column,
                                      const dump::SessionSettings& settings) {
  if (column.auto_increment == dump::Column::AutoIncrement::no)
    return ColumnCarrier::Numbering::none;
  const std::string modes = "," + to_lower(settings.sql_mode.value_or("")) + ",";
  return modes.find(",no_auto_value_on_zero,") == std::string::npos
             ? ColumnCarrier::Numbering::of_null_and_zero
             : ColumnCarrier::Numbering::of_null;
}

void require_numbers(const dump::TableDefinition& table, const dump::RowsBegin& rows) {
  const auto numbered = std::ranges::find(table.columns, dump::Column::AutoIncrement::yes,
                                          &dump::Column::auto_increment);
  if (numbered == table.columns.end()) return;
  const auto is_it = [&](const std::string& name) { return table.find_column(name) == &*numbered; };
  if (std::ranges::any_of(rows.columns, is_it)) return;
  throw dump::refused_at(rows.place,
                         fmt::format("has rows of {} without numbers for the AUTO_INCREMENT column "
                                     "{}: the server would choose them, others each time",
                                     table.name, numbered->name));
}

std::string_view on_collision(dump::InsertHead::Verb verb) {
  switch (verb) {
    case dump::InsertHead::Verb::insert:
      return "";  // LOCAL skips and counts; the caller looks at it
    case dump::InsertHead::Verb::insert_ignore:
      return "IGNORE ";
    case dump::InsertHead::Verb::replace:
      return "REPLACE ";
  }
  return "";
}

/// By LOAD DATA: into `targets` the values are read, by `assignments` the others get their columns.
struct LoadColumns {
  std::vector<std::string> targets;
  std::vector<std::string> assignments;
};

std::string load_data(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                      std::string_view schema, const LoadColumns& columns) {
  std::string statement = fmt::format(
      "LOAD DATA LOCAL INFILE 'rows' {}INTO TABLE {} CHARACTER SET binary FIELDS TERMINATED "
      "BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({})",
      on_collision(rows.verb), quote_name(schema, table.name), join(columns.targets, ", "));
  if (!columns.assignments.empty()) statement += " SET " + join(columns.assignments, ", ");
  return statement;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

std::string_view insert_verb(dump::InsertHead::Verb verb) {
  switch (verb) {
    case dump::InsertHead::Verb::insert:
      return "INSERT";
    case dump::InsertHead::Verb::insert_ignore:
      return "INSERT IGNORE";
    case dump::InsertHead::Verb::replace:
      return "REPLACE";
  }
  return "INSERT";
}

/// The session reads the statement in the dump's character set. Names in others than UTF-8 are
/// ASCII where the dump writes them; where it leaves them out, so must we.
std::string insert_head(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                        std::string_view schema) {
  std::vector<std::string> names;
  for (const auto& name : rows.columns) names.push_back(quote_name(name));
  const std::string& charset = rows.settings.charset;
  const bool readable =
      charset.starts_with("utf8") || charset == "binary" || is_ascii(join(names, ""));
  return fmt::format("{} INTO {} {}VALUES ", insert_verb(rows.verb), quote_name(schema, table.name),
                     readable ? "(" + join(names, ",") + ") " : "");
}

}  // namespace

RowPlan plan_rows(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                  std::string_view schema, RowsBy by) {
  require_numbers(table, rows);
  RowPlan plan;
  plan.by = by;
  const auto conversion_of = [&](const dump::Column& column) {
    return conversion_for(column, table.charset, rows.settings.charset);
  };
  bool with_set = false;
  for (const auto& name : rows.columns) {
    const dump::Column* column = table.find_column(name);
    require(column != nullptr, "rows name columns of their table");
    with_set = with_set || conversion_of(*column) != Conversion::none;
  }
  LoadColumns columns;
  for (const auto& name : rows.columns) {
    const dump::Column& column = *table.find_column(name);
    const Conversion conversion = conversion_of(column);
    ColumnCarrier carrier = carrier_of(column);
    carrier.numbering = numbering_of(column, rows.settings);
    if (conversion == Conversion::real) carrier.bytes = ColumnCarrier::Bytes::converted;
    const std::string variable = fmt::format("@v{}", columns.targets.size());
    // A statement with SET forgets that the file gave a value for the AUTO_INCREMENT column, and
    // numbers a row with id 0 anew in spite of NO_AUTO_VALUE_ON_ZERO (seen with MariaDB 10.11).
    const bool assigned = with_set && column.auto_increment == dump::Column::AutoIncrement::yes;
    if (carrier.as == ColumnCarrier::As::skipped) {
      columns.targets.emplace_back("@skipped");
    } else if (conversion != Conversion::none) {
      columns.targets.push_back(variable);
      columns.assignments.push_back(fmt::format("{} = CONVERT({} USING {})",
                                                quote_name(column.name), variable,
                                                quote_name(rows.settings.charset)));
    } else if (assigned) {
      columns.targets.push_back(variable);
      columns.assignments.push_back(fmt::format("{} = {}", quote_name(column.name), variable));
    } else {
      columns.targets.push_back(quote_name(column.name));
    }
    plan.carriers.push_back(std::move(carrier));
  }
  plan.statement = by == RowsBy::load_data ? load_data(table, rows, schema, columns)
                                           : insert_head(table, rows, schema);
  return plan;
}

}  // namespace pipeline
