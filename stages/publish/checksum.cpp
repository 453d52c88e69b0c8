// CHECKSUM TABLE is the cheapest full read that a server offers, but where a table has stored
// generated columns MariaDB gives different numbers for equal rows. There the rows are summed up
// here: each row as one text, in which NULL and the borders of the fields cannot be taken for
// values, through two sums of CRC32. Of one sum alone it is known how to make it lie by accident:
// two changes that cancel out.
#include "stages/publish/checksum.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/row_comparison.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

std::string checksum_by_rows(Connection& connection, const TableName& table) {
  std::vector<std::string> fields;
  for (const auto& column : columns_of(connection, table)) {
    // HEX() of a number would round it.
    fields.push_back(
        fmt::format("COALESCE(HEX({}), '-')", as_text_bytes(column, quote_name(column.name))));
  }
  const std::string row = fmt::format("CONCAT_WS(',', {})", join(fields, ", "));
  return "values:" + connection
                         .query_value(fmt::format(
                             "SELECT CONCAT(COUNT(*), '/', COALESCE(SUM(CRC32({0})), 0), '/', "
                             "COALESCE(SUM(CRC32(REVERSE({0}))), 0)) FROM {1}",
                             row, table.quoted()))
                         .value_or("");
}

}  // namespace

std::string content_checksum(Connection& connection, const TableName& table) {
  const auto generated = connection.query_value(fmt::format(
      "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} "
      "AND COALESCE(GENERATION_EXPRESSION, '') <> ''",
      quote_text(table.schema), quote_text(table.table)));
  if (to_number(generated) > 0) return checksum_by_rows(connection, table);
  const auto shown = connection.query("CHECKSUM TABLE " + table.quoted() + " EXTENDED");
  const auto& sum = shown.rows.at(0).at(1);
  if (!sum) {
    throw Error(ErrorKind::internal, "the server gives no checksum of " + table.text());
  }
  return "crc:" + *sum;
}

std::string comparable_checksum(std::string recorded) {
  if (recorded.starts_with("rows:")) recorded.clear();
  return recorded;
}

}  // namespace pipeline::publish
