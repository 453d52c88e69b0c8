#include "stages/transform/run/seed_loader.h"

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

// Far under the server's smallest usual max_allowed_packet (1 MiB).
constexpr std::size_t insert_bytes_max = 256U << 10U;

}  // namespace

std::string seed_row_sql(const SeedTable& seed, std::size_t row) {
  std::vector<std::string> values;
  for (std::size_t column = 0; column < seed.columns.size(); ++column) {
    const auto& value = seed.rows[row][column];
    const bool bare = seed.columns[column].literal == SeedColumn::Literal::bare;
    values.push_back(!value ? "NULL" : bare ? *value : quote_text(*value));
  }
  return "(" + join(values, ", ") + ")";
}

void load_seed(Connection& session, const TableName& table, const SeedTable& seed,
               std::string_view table_options) {
  std::vector<std::string> columns;
  for (const auto& column : seed.columns) {
    columns.push_back(quote_name(column.name) + " " + column.sql_type);
  }
  session.execute(
      fmt::format("CREATE TABLE {} ({}) {}", table.quoted(), join(columns, ", "), table_options));
  std::string values;
  const auto insert = [&] {
    if (values.empty()) return;
    session.execute(fmt::format("INSERT INTO {} VALUES {}", table.quoted(), values));
    values.clear();
  };
  for (std::size_t row = 0; row < seed.rows.size(); ++row) {
    if (!values.empty()) values += ", ";
    values += seed_row_sql(seed, row);
    if (values.size() >= insert_bytes_max) insert();
  }
  insert();
}

}  // namespace pipeline::dbt
