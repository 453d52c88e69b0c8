// CREATE TABLE: what is taken as a definition is one for both dialects' readers again, with
// nothing left to take off.
#include "common/mariadb/identifier.h"
#include "stages/staging/dump/table_definition.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::dump {
namespace {

void read(std::string_view statement, Dialect dialect) {
  const TableDefinition table = parse_table_definition(statement, dialect);
  require(!table.name.empty(), "a table has a name");
  require(!table.columns.empty(), "a table has columns");
  const std::string copy = "CREATE TABLE " + quote_name("copy") + " " + table.body;
  const TableDefinition again = parse_table_definition(copy, dialect);
  require(again.taken_off.empty(), "what was taken off is gone");
  require(again.body == table.body, "the rest stays byte for byte");
  require(again.columns.size() == table.columns.size(), "columns stay");
  require(again.keys.size() == table.keys.size(), "keys stay");
}

}  // namespace
}  // namespace pipeline::dump

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pipeline::dump::Dialect;
  const auto statement = pipeline::fuzz::text_of(data, size);
  for (const Dialect dialect :
       {Dialect{Dialect::Family::mariadb, 101119}, Dialect{Dialect::Family::mysql, 80036}}) {
    pipeline::fuzz::refusal_of([&] { pipeline::dump::read(statement, dialect); });
  }
  return 0;
}
