// The values that LOAD DATA reads are those that the INSERTs of the dump wrote.
#include <map>
#include <optional>

#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/load_statement.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/slow_source.h"

namespace pipeline {
namespace {

using Value = std::optional<std::string>;

char control_of(char letter) {
  switch (letter) {
    case '0':
      return '\0';
    case 'b':
      return '\b';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'Z':
      return '\x1A';
    default:
      return letter;
  }
}

/// A text as the server reads it in an INSERT: MySQL manual, "String Literals".
std::string inserted(const dump::Field& field) {
  std::string value;
  for (std::size_t at = 0; at < field.body.size(); ++at) {
    const char byte = field.body[at];
    if (byte == '\\') {
      const char escaped = field.body[++at];
      if (escaped == '%' || escaped == '_') value += '\\';
      value += control_of(escaped);
    } else {
      if (byte == field.quote) ++at;
      value += byte;
    }
  }
  return value;
}

/// The fields of one line as the server reads them in a LOAD DATA: MySQL manual, "LOAD DATA".
std::vector<Value> loaded(std::string_view line) {
  require(line.ends_with('\n'), "a row ends with a line feed");
  line.remove_suffix(1);
  std::vector<Value> values(1, "");
  bool null = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\t') {
      if (null) values.back() = std::nullopt;
      null = false;
      values.emplace_back("");
      continue;
    }
    require(!null, "nothing follows \\N in its field");
    require(line[at] != '\n', "a row is one line");
    if (line[at] != '\\') {
      *values.back() += line[at];
      continue;
    }
    require(++at < line.size(), "a backslash is not the last byte of a row");
    null = line[at] == 'N';
    if (null) {
      require(values.back()->empty(), "\\N stands alone");
    } else {
      *values.back() += control_of(line[at]);
    }
  }
  if (null) values.back() = std::nullopt;
  return values;
}

void check(dump::Row row, const std::vector<ColumnCarrier>& carriers) {
  std::string line;
  encode_row(row, carriers, line);
  const std::vector<Value> values = loaded(line);
  require(values.size() == row.size(), "as many fields as the row has");
  for (std::size_t at = 0; at < row.size(); ++at) {
    const dump::Field& field = row[at];
    require(values[at].has_value() == (field.kind != dump::Field::Kind::null), "NULL stays NULL");
    if (field.kind == dump::Field::Kind::text && carriers[at].as != ColumnCarrier::As::skipped) {
      require(values[at] == inserted(field), "a text stays itself");
    }
    if (field.kind == dump::Field::Kind::number && carriers[at].as == ColumnCarrier::As::text) {
      require(values[at] == field.body, "a number stays itself");
    }
  }
}

void read(std::string_view text) {
  test::SlowSource source(text, text.size() + 1);
  dump::DumpReader reader(source, {.dialect = {dump::Dialect::Family::mariadb, 101119},
                                   .buffer_bytes = text.size() + 1});
  std::map<std::string, dump::TableDefinition> tables;
  for (;;) {
    const dump::Event event = reader.next();
    if (std::holds_alternative<dump::DumpEnds>(event)) return;
    if (const auto* table = std::get_if<dump::TableBegins>(&event)) {
      tables.insert_or_assign(table->definition.name, table->definition);
    }
    if (const auto* rows = std::get_if<dump::RowsBegin>(&event)) {
      const RowPlan plan = plan_rows(tables.at(rows->table), *rows, "staging__next");
      while (const auto row = reader.next_row()) check(*row, plan.carriers);
    }
  }
}

}  // namespace
}  // namespace pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pipeline::fuzz::refusal_of([&] { pipeline::read(pipeline::fuzz::text_of(data, size)); });
  return 0;
}
