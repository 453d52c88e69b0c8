#include "tests/golden/dump/dump_events.h"

#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dump {
namespace {

std::string shown(const Field& field) {
  std::string body(field.body);
  switch (field.kind) {
    case Field::Kind::null:
      return "NULL";
    case Field::Kind::number:
      return body;
    case Field::Kind::text:
    case Field::Kind::binary_text:
      return (field.escapes == Field::Escapes::some ? "e'" : "'") + body + "'";
    case Field::Kind::hex:
    case Field::Kind::quoted_hex:
      return "0x" + body;
    case Field::Kind::bits:
      return "0b" + body;
    case Field::Kind::default_value:
      return "DEFAULT";
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
  text += "  body " + table.body + "\n";
  if (table.keys_later.additions.empty()) return text;
  text += "  without keys " + table.keys_later.body + "\n";
  for (const auto& addition : table.keys_later.additions) text += "  later " + addition + "\n";
  return text;
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

}  // namespace

std::string events_of(ByteSource& source, const DumpReaderOptions& options, ByteSource* again) {
  std::string text;
  try {
    DumpReader reader(source, options);
    if (again != nullptr && reader.may_have_keys_behind_rows()) {
      reader.know_keys(collect_keys_behind_rows(*again, options));
    }
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

}  // namespace pipeline::dump
