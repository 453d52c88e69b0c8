#include "tests/integration/differential_warehouse.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "common/mariadb/identifier.h"
#include "tests/support/run_program.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;

const BusinessDate business_date = *BusinessDate::parse("2026-02-01");
constexpr std::string_view schema_charset = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";

// The client writes "Warning (Code 1265): Data truncated for column 'a' at row 1".
std::vector<std::string> counted_codes(std::string_view said) {
  std::map<std::string, int> counts;
  for (const auto& line : split(said, '\n')) {
    const auto code = line.find(" (Code ");
    if (code == std::string::npos || line.find(')', code) == std::string::npos) continue;
    if (!line.starts_with("Warning") && !line.starts_with("Note")) continue;
    if (line.find("Unknown table") != std::string::npos) continue;  // DROP TABLE IF EXISTS
    const std::string_view level = std::string_view(line).substr(0, code);
    ++counts[fmt::format("{} {}", level, line.substr(code + 7, line.find(')', code) - code - 7))];
  }
  std::vector<std::string> texts;
  for (const auto& [code, count] : counts) texts.push_back(fmt::format("{} x{}", code, count));
  return texts;
}

bool holds_prefix(const std::vector<std::string>& texts, std::string_view prefix) {
  return std::ranges::any_of(texts, [&](const auto& text) { return text.starts_with(prefix); });
}

// A definition of the reference without what the loader says that it took off: line by line, since
// SHOW CREATE TABLE writes one item a line and the options on the last one.
std::string without(std::string text, const std::vector<std::string>& taken_off) {
  std::vector<std::string> kept;
  for (const auto& line : split(text, '\n')) {
    if (holds_prefix(taken_off, "partitions") && line.starts_with(" PARTITION BY")) break;
    const bool foreign_key = line.find(" FOREIGN KEY ") != std::string::npos;
    if (foreign_key && holds_prefix(taken_off, "foreign key")) continue;
    kept.push_back(line);
  }
  text = replace_all(join(kept, "\n"), ",\n)", "\n)");
  for (const auto& what : taken_off) {
    if (what == "system versioning") text = replace_all(text, " WITH SYSTEM VERSIONING", "");
    if (!what.starts_with("engine ")) continue;
    const auto engine = text.rfind("ENGINE=");
    const auto end = text.find_first_of(" \n", engine);
    text.replace(engine, std::min(end, text.size()) - engine, "ENGINE=InnoDB");
  }
  for (const std::string option : {"row_format", "page_checksum", "transactional",
                                   "delay_key_write", "data directory", "index directory"}) {
    if (!holds_prefix(taken_off, option)) continue;
    std::string spelled = option;
    std::ranges::transform(spelled, spelled.begin(), [](char byte) {
      return static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
    });
    const auto begin = text.rfind(" " + spelled + "=");
    if (begin == std::string::npos) continue;
    const auto end = text.find(' ', begin + spelled.size() + 2);
    text.erase(begin, end == std::string::npos ? std::string::npos : end - begin);
  }
  return text;
}

// A value as text that shows every bit of it.
std::string exact(const std::string& column, std::string_view data_type) {
  const std::string name = quote_name(column);
  const auto is_one_of = [&](std::initializer_list<std::string_view> types) {
    return std::ranges::find(types, data_type) != types.end();
  };
  // A FLOAT shows six digits of itself, a DOUBLE all that are needed, and both the sign of zero.
  if (is_one_of({"float", "double"})) return fmt::format("HEX(CAST({} AS DOUBLE) || '')", name);
  if (data_type == "bit") return fmt::format("BIN({} + 0)", name);
  if (data_type == "enum" || data_type == "set")
    return fmt::format("CONCAT({0} + 0, ' ', HEX({0}))", name);
  if (is_one_of({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "date", "time",
                 "datetime", "timestamp", "year", "uuid", "inet4", "inet6"})) {
    return fmt::format("HEX(CAST({} AS CHAR))", name);
  }
  return fmt::format("HEX({})", name);
}

}  // namespace

// The server's own time zone is an odd one, so that a dump that leaves it to the server is told
// from one that sets it. Nothing here survives the server, so nothing waits for the disk.
DifferentialWarehouse::DifferentialWarehouse()
    : server_({.extra_arguments = {"--default-time-zone=+05:45", "--debug-no-sync",
                                   "--innodb-flush-log-at-trx-commit=0"}}),
      root_(server_.open_root()),
      clock_(business_date.instant_at(std::chrono::hours(7))) {
  server_.apply_grants();
  for (const auto* schema : {"staging", "staging__next", "silver", "gold"}) make_schema(schema);
  for (const auto* folder : {"dumps", "processed"}) fs::create_directories(folder_.file(folder));
  // PIPES_AS_CONCAT: a DOUBLE becomes text by ||, since CAST(x AS CHAR) loses digits.
  root_.execute("SET SESSION sql_mode = 'PIPES_AS_CONCAT'");
}

DifferentialWarehouse& DifferentialWarehouse::shared() {
  static DifferentialWarehouse one;
  return one;
}

void DifferentialWarehouse::make_schema(const std::string& schema) {
  root_.execute("DROP DATABASE IF EXISTS " + quote_name(schema));
  root_.execute(fmt::format("CREATE DATABASE {} {}", quote_name(schema), schema_charset));
}

ClientVerdict DifferentialWarehouse::load_by_client(const std::string& schema,
                                                    std::string_view dump,
                                                    const std::vector<std::string>& arguments) {
  make_schema(schema);
  std::vector<std::string> argv{"mariadb",
                                "--no-defaults",
                                "--user=root",
                                "--socket=" + server_.socket(),
                                "--default-character-set=utf8mb4",
                                "--show-warnings"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(schema);
  const auto said = run_program({.argv = argv, .standard_input = std::string(dump)});
  ClientVerdict verdict{.error = {}, .warnings = counted_codes(said.out)};
  if (!said.ok()) verdict.error = trim(said.err);
  return verdict;
}

LoaderVerdict DifferentialWarehouse::load_by_loader(std::string_view dump, RowsBy way) {
  root_.execute(fmt::format("SET GLOBAL local_infile = {}", way == RowsBy::load_data ? 1 : 0));
  for (const auto* folder : {"dumps", "processed"}) {
    for (const auto& entry : fs::directory_iterator(folder_.file(folder))) fs::remove(entry.path());
  }
  replace_file(folder_.file("dumps/gghouse_20260201.sql"), dump);
  const auto store = open_store(folder_.path());
  // Dumps of the same date that differ are new deliveries: each case replaces the one before.
  StagingLoader loader(*store, clock_,
                       {.schema = "staging",
                        .places = {},
                        .wait_until = {},
                        .layers = {},
                        .preserve = {},
                        .sources = {},
                        .shrink_guard_rows = 1'000'000'000,
                        .tables = RouteOptions::Load::whole,
                        .load_account = server_.account_options("etl_load"),
                        .publish_account = server_.account_options("etl_publish"),
                        .check_cancelled = [this] { meanwhile(); }});
  LoaderVerdict verdict;
  try {
    verdict.report = loader.load({.date = business_date,
                                  .allow_gaps = {},
                                  .newest_only = {},
                                  .rewind = {},
                                  .force = DumpWish::Force::yes},
                                 "run-1");
  } catch (const Error& error) {
    verdict.error = error;
  }
  root_.execute("SET GLOBAL local_infile = 1");
  return verdict;
}

std::vector<std::string> DifferentialWarehouse::tables_with_rows(const std::string& schema) {
  std::vector<std::string> names;
  const auto found = root_.query(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE <> 'VIEW' AND "
      "TABLE_NAME <> 'pipeline_marker' AND TABLE_SCHEMA = " +
      quote_text(schema) + " ORDER BY BINARY TABLE_NAME");
  for (const auto& row : found.rows) {
    const std::string some = "SELECT 1 FROM " + quote_name(schema, *row[0]) + " LIMIT 1";
    if (root_.query_value(some)) names.push_back(*row[0]);
  }
  return names;
}

std::string DifferentialWarehouse::definition(const std::string& schema, const std::string& table) {
  return *root_.query("SHOW CREATE TABLE " + quote_name(schema, table)).rows.at(0).at(1);
}

std::string DifferentialWarehouse::checksum(const std::string& schema, const std::string& table) {
  return root_.query("CHECKSUM TABLE " + quote_name(schema, table))
      .rows.at(0)
      .at(1)
      .value_or("NULL");
}

std::vector<std::string> DifferentialWarehouse::rows(const std::string& schema,
                                                     const std::string& table) {
  const auto columns = root_.query(
      fmt::format("SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE "
                  "TABLE_SCHEMA = {} AND BINARY TABLE_NAME = {} ORDER BY ORDINAL_POSITION",
                  quote_text(schema), quote_text(table)));
  std::vector<std::string> values;
  for (const auto& column : columns.rows) {
    values.push_back(fmt::format("COALESCE({}, 'NULL')", exact(*column[0], *column[1])));
  }
  std::vector<std::string> rows;
  root_.stream(fmt::format("SELECT CONCAT_WS('|', {}) FROM {}", join(values, ", "),
                           quote_name(schema, table)),
               [&](Connection::RowView row) { rows.emplace_back(row[0].value_or("?")); });
  std::ranges::sort(rows);
  return rows;
}

std::string DifferentialWarehouse::picture(const std::string& schema) {
  std::string text;
  const auto found =
      root_.query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = " +
                  quote_text(schema) + " ORDER BY BINARY TABLE_NAME");
  for (const auto& row : found.rows) {
    text +=
        fmt::format("{} {}\n{}\n", *row[0], checksum(schema, *row[0]), definition(schema, *row[0]));
  }
  return text;
}

std::vector<std::string> DifferentialWarehouse::differences(
    const std::string& loaded, const std::string& reference, const std::string& table,
    const std::vector<std::string>& taken_off) {
  std::vector<std::string> found;
  const std::string ours = definition(loaded, table);
  const std::string theirs = without(definition(reference, table), taken_off);
  if (ours != theirs) found.push_back(fmt::format("{} is\n{}\nand not\n{}", table, ours, theirs));
  const auto our_rows = rows(loaded, table);
  const auto their_rows = rows(reference, table);
  for (std::size_t at = 0; at < std::max(our_rows.size(), their_rows.size()); ++at) {
    const std::string our_row = at < our_rows.size() ? our_rows[at] : "(no row)";
    const std::string their_row = at < their_rows.size() ? their_rows[at] : "(no row)";
    if (our_row == their_row) continue;
    found.push_back(fmt::format("{} has rows\n{}\nwhere the client has\n{}", table,
                                head(our_row, 4000), head(their_row, 4000)));
    break;
  }
  // CHECKSUM TABLE gives other numbers for the same rows now and then where a table has a stored
  // generated column (seen with MariaDB 10.11.19), and counts the hidden times of versioned rows.
  const bool steady = ours.find(" GENERATED ALWAYS AS ") == std::string::npos &&
                      !holds_prefix(taken_off, "system versioning");
  if (steady && checksum(loaded, table) != checksum(reference, table)) {
    found.push_back(table + " has another CHECKSUM TABLE");
  }
  return found;
}

}  // namespace pipeline::test
