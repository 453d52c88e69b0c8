#include "stages/staging/load/load_statement.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline {
namespace {

std::string_view canonical(std::string_view charset) {
  return charset == "utf8" ? "utf8mb3" : charset;
}

// Whether the bytes of the dump are to be converted on their way into the column.
bool needs_conversion(const dump::Column& column, const std::string& table_charset,
                      const std::string& dump_charset) {
  using Kind = dump::Column::Kind;
  if (dump_charset == "binary") return false;
  switch (column.kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::bit:
    case Kind::year:
    case Kind::date_time:
    case Kind::binary:
    case Kind::geometry:
      return false;
    // MySQL refuses binary text for JSON, and UUID or INET6 would take it for the packed form.
    case Kind::json:
    case Kind::other:
      return true;
    case Kind::text:
      break;
  }
  const std::string& charset = column.charset.empty() ? table_charset : column.charset;
  return canonical(charset) != canonical(dump_charset);
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

}  // namespace

RowPlan plan_rows(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                  std::string_view schema) {
  RowPlan plan;
  bool with_set = false;
  for (const auto& name : rows.columns) {
    const dump::Column* column = table.find_column(name);
    require(column != nullptr, "rows name columns of their table");
    with_set = with_set || needs_conversion(*column, table.charset, rows.settings.charset);
  }
  std::vector<std::string> targets;
  std::vector<std::string> assignments;
  for (const auto& name : rows.columns) {
    const dump::Column& column = *table.find_column(name);
    plan.carriers.push_back(carrier_of(column));
    const std::string variable = fmt::format("@v{}", targets.size());
    // A statement with SET forgets that the file gave a value for the AUTO_INCREMENT column, and
    // numbers a row with id 0 anew in spite of NO_AUTO_VALUE_ON_ZERO (seen with MariaDB 10.11).
    const bool assigned = with_set && column.auto_increment == dump::Column::AutoIncrement::yes;
    if (plan.carriers.back().as == ColumnCarrier::As::skipped) {
      targets.push_back("@skipped");
    } else if (needs_conversion(column, table.charset, rows.settings.charset)) {
      targets.push_back(variable);
      assignments.push_back(fmt::format("{} = CONVERT({} USING {})", quote_name(column.name),
                                        variable, quote_name(rows.settings.charset)));
    } else if (assigned) {
      targets.push_back(variable);
      assignments.push_back(fmt::format("{} = {}", quote_name(column.name), variable));
    } else {
      targets.push_back(quote_name(column.name));
    }
  }
  plan.statement = fmt::format(
      "LOAD DATA LOCAL INFILE 'rows' {}INTO TABLE {} CHARACTER SET binary FIELDS TERMINATED "
      "BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({})",
      on_collision(rows.verb), quote_name(schema, table.name), join(targets, ", "));
  if (!assignments.empty()) plan.statement += " SET " + join(assignments, ", ");
  return plan;
}

}  // namespace pipeline
