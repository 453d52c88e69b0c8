// Reads a CSV file as seeds are written: RFC 4180, a UTF-8 byte order mark, quoted line breaks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline::dbt {

/// Rows of one seed that are held in memory at once.
inline constexpr std::size_t csv_rows_max = 1'000'000;

struct CsvTable {
  std::vector<std::string> header;
  /// Every row has as many fields as the header; fields that a short row lacks are empty.
  std::vector<std::vector<std::string>> rows;
};

/// Lines end with LF, CR LF or CR; empty lines are skipped. Throws config_invalid as "name:line:
/// ..." for an empty file, an empty or repeated column name, a row with more fields than the
/// header, a quote that is never closed, text behind a closing quote, and a byte that is no
/// UTF-8; resource_exhausted above
/// csv_rows_max.
CsvTable parse_csv(std::string_view text, std::string_view name, char delimiter = ',');

}  // namespace pipeline::dbt
