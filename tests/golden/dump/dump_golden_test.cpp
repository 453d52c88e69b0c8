// Each NAME.sql beside this file is read at every buffer size from 1 to 64 bytes and gives the
// events of NAME.expected, an error included. PIPELINE_UPDATE_GOLDEN=1 writes the expected files
// anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "stages/staging/dump/dump_reader.h"
#include "tests/support/slow_source.h"

namespace pipeline::dump {
namespace {

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/dump/";

std::string shown(const Field& field) {
  const std::string body(field.body);
  switch (field.kind) {
    case Field::Kind::null:
      return "NULL";
    case Field::Kind::number:
      return body;
    case Field::Kind::text:
      return (field.escapes == Field::Escapes::some ? "e'" : "'") + body + "'";
    case Field::Kind::hex:
      return "0x" + body;
    case Field::Kind::bits:
      return "0b" + body;
  }
  return {};
}

std::string shown(const Column& column) {
  std::string text = fmt::format("  column {} {}", column.name, column.type);
  if (!column.charset.empty()) text += " charset=" + column.charset;
  if (column.nullable == Column::Nullable::no) text += " not-null";
  if (column.generated == Column::Generated::yes) text += " generated";
  if (column.auto_increment == Column::AutoIncrement::yes) text += " auto-increment";
  if (column.invisible == Column::Invisible::yes) text += " invisible";
  if (column.bit_length > 0) text += fmt::format(" bits={}", column.bit_length);
  return text + "\n";
}

std::string shown(const TableBegins& event) {
  const TableDefinition& table = event.definition;
  std::string text = fmt::format("table {} (line {}, byte {}) charset={}\n", table.name,
                                 event.place.line, event.place.byte, table.charset);
  for (const auto& column : table.columns) text += shown(column);
  for (const auto& key : table.keys) {
    constexpr std::array kinds{"primary", "unique", "plain", "fulltext", "spatial"};
    text += fmt::format("  key {} {} ({})\n", kinds.at(static_cast<std::size_t>(key.kind)),
                        key.name, join(key.columns, ","));
  }
  for (const auto& what : table.taken_off) text += fmt::format("  taken off: {}\n", what);
  return text + "  body " + table.body + "\n";
}

std::string shown(const RowsBegin& event) {
  constexpr std::array verbs{"insert", "insert-ignore", "replace"};
  return fmt::format("rows of {} ({}) {} charset={} time_zone={} sql_mode={}\n", event.table,
                     join(event.columns, ","), verbs.at(static_cast<std::size_t>(event.verb)),
                     event.settings.charset, event.settings.time_zone.value_or("-"),
                     event.settings.sql_mode.value_or("-"));
}

std::string shown(const Skipped& event) {
  return fmt::format("skipped {} {} (line {})\n", event.what, event.name, event.place.line);
}

std::string shown(const DumpEnds& event) {
  return fmt::format("end, {} bytes\n", event.bytes);
}

std::string rows_of(DumpReader& reader) {
  std::string text;
  while (const auto row = reader.next_row()) {
    std::vector<std::string> fields;
    for (const auto& field : *row) fields.push_back(shown(field));
    text += fmt::format("  row (line {}) {}\n", reader.row_place().line, join(fields, " | "));
  }
  return text;
}

std::string events_of(std::string_view dump, std::size_t buffer_bytes, Dialect dialect) {
  std::string text;
  try {
    test::SlowSource pieces(dump, buffer_bytes);
    DumpReader reader(pieces, {.dialect = dialect, .buffer_bytes = buffer_bytes});
    for (;;) {
      const Event event = reader.next();
      text += std::visit([](const auto& one) { return shown(one); }, event);
      if (std::holds_alternative<RowsBegin>(event)) text += rows_of(reader);
      if (std::holds_alternative<DumpEnds>(event)) return text;
    }
  } catch (const Error& error) {
    return text + fmt::format("{}: {}\n", error.name(), error.message());
  }
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sql") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class DumpGolden : public testing::TestWithParam<std::string> {};

TEST_P(DumpGolden, GivesTheSameEventsAtEveryBufferSize) {
  const std::string dump = read_file(folder + GetParam() + ".sql");
  const std::string expected_path = folder + GetParam() + ".expected";
  const Dialect dialect = GetParam().starts_with("mysql")
                              ? Dialect{Dialect::Family::mysql, 80036}
                              : Dialect{Dialect::Family::mariadb, 101119};
  const std::string whole = events_of(dump, 1U << 20U, dialect);
  if (std::getenv("PIPELINE_UPDATE_GOLDEN") != nullptr) replace_file(expected_path, whole);
  EXPECT_EQ(whole, read_file_if_present(expected_path).value_or("(no such file)"));
  for (std::size_t bytes = 1; bytes <= 64; ++bytes) {
    ASSERT_EQ(events_of(dump, bytes, dialect), whole) << "at a buffer of " << bytes << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(Dumps, DumpGolden, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pipeline::dump
