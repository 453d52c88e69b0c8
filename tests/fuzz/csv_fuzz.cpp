// Seeds: what parse_csv() takes is a rectangle that reads back the same when it is written, and
// every typed value becomes a row of SQL.
#include "common/base/text.h"
#include "stages/transform/run/csv.h"
#include "stages/transform/run/seed_loader.h"
#include "stages/transform/run/seed_types.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::dbt {
namespace {

std::string written(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  quoted.reserve(fields.size());
  for (const auto& field : fields) quoted.push_back('"' + replace_all(field, "\"", "\"\"") + '"');
  return join(quoted, ",") + "\n";
}

void read_back(const CsvTable& table) {
  std::string text = written(table.header);
  for (const auto& row : table.rows) text += written(row);
  const CsvTable again = parse_csv(text, "again.csv");
  require(again.header == table.header, "a header reads back");
  // A row of one empty field is an empty line, which a reader skips.
  if (table.header.size() > 1) require(again.rows == table.rows, "rows read back");
}

void read(std::string_view text) {
  const CsvTable table = parse_csv(text, "seed.csv");
  for (const auto& row : table.rows) {
    require(row.size() == table.header.size(), "a row has a field for every column");
  }
  read_back(table);
  const SeedTable seed = type_seed(table, {}, "seed.csv");
  require(seed.columns.size() == table.header.size(), "a column stays a column");
  require(seed.rows.size() == table.rows.size(), "a row stays a row");
  for (std::size_t row = 0; row < seed.rows.size(); ++row) seed_row_sql(seed, row);
}

}  // namespace
}  // namespace pipeline::dbt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pipeline::fuzz::refusal_of([&] { pipeline::dbt::read(pipeline::fuzz::text_of(data, size)); });
  return 0;
}
