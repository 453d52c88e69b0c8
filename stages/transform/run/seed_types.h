// Gives the columns of a seed their types as dbt does: by what all values of a column could be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stages/transform/run/csv.h"

namespace pipeline::dbt {

struct SeedColumn {
  std::string name;
  std::string sql_type;  // "int", or what column_types says
  /// Values are written without quotes.
  enum class Literal { bare, quoted } literal = Literal::quoted;
};

struct SeedTable {
  std::vector<SeedColumn> columns;
  /// In the form in which the server takes them; nullopt is NULL.
  std::vector<std::vector<std::optional<std::string>>> rows;
};

/// A column becomes the first of these that fits all its values: int (bigint, decimal where the
/// numbers are longer), double, date, datetime, boolean (`true` and `false`), text. An empty field
/// and the word `null` are NULL and fit everything; a column of NULLs only is int. Numbers may have
/// commas between thousands and leading zeros ("007" is 7), as dbt reads them; name a column in
/// column_types to keep its text. `column_types` maps a column's name, in any letter case, to its
/// SQL type; throws config_invalid for a name that the file does not have.
SeedTable type_seed(const CsvTable& csv, const std::map<std::string, std::string>& column_types,
                    std::string_view name);

}  // namespace pipeline::dbt
