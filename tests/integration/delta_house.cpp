#include "tests/integration/delta_house.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/checksum.h"
#include "stages/publish/sql.h"
#include "tests/support/run_program.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;

const BusinessDate day_before_all = *BusinessDate::parse("2026-01-31");
constexpr std::string_view schema_charset = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";

}  // namespace

// Nothing here survives the server, so nothing waits for the disk.
DeltaHouse::DeltaHouse()
    : server_({.extra_arguments = {"--debug-no-sync", "--innodb-flush-log-at-trx-commit=0"}}),
      root_(server_.open_root()),
      clock_(day_before_all.instant_at(std::chrono::hours(7))),
      date_(day_before_all) {
  server_.apply_grants();
  fs::create_directories(folder_.file("dumps"));
  fs::create_directories(folder_.file("processed"));
}

DeltaHouse& DeltaHouse::shared() {
  static DeltaHouse one;
  return one;
}

void DeltaHouse::reset() {
  for (const auto* schema : {"source", "staging", "staging__next", "silver", "gold"}) {
    root_.execute(fmt::format("DROP DATABASE IF EXISTS {}", schema));
    root_.execute(fmt::format("CREATE DATABASE {} {}", schema, schema_charset));
  }
  for (const auto* table : {"loaded_dump", "publish_journal", "published_table"}) {
    root_.execute(fmt::format("DELETE FROM pipeline.{}", table));
  }
  root_.execute("SET GLOBAL local_infile = 1, time_zone = 'SYSTEM', max_allowed_packet = 16777216");
  root_.execute("USE source");
  date_ = day_before_all;
  change = [](LoaderOptions&) {};
}

void DeltaHouse::sql(const std::string& statement) {
  root_.execute(statement);
}

std::string DeltaHouse::value(const std::string& query) {
  return root_.query_value(query).value_or("NULL");
}

std::string DeltaHouse::dump(const std::vector<std::string>& more_arguments,
                             const std::string& schema) {
  std::vector<std::string> argv{"mariadb-dump", "--no-defaults", "--user=root",
                                "--socket=" + server_.socket()};
  argv.insert(argv.end(), more_arguments.begin(), more_arguments.end());
  argv.push_back(schema);
  const auto said = run_program({.argv = argv});
  if (!said.ok()) throw Error(ErrorKind::internal, "mariadb-dump: " + said.err);
  return said.out;
}

void DeltaHouse::put_back(const std::string& schema, const std::string& dump) {
  root_.execute(fmt::format("DROP DATABASE IF EXISTS {}", schema));
  root_.execute(fmt::format("CREATE DATABASE {} {}", schema, schema_charset));
  server_.run_sql(fmt::format("USE {};\n{}", schema, dump));
}

LoadReport DeltaHouse::next_day() {
  return next_day(dump());
}

LoadReport DeltaHouse::next_day(std::string_view dump) {
  date_ = date_.plus_days(1);
  clock_.set(date_.instant_at(std::chrono::hours(7)));
  // Two dumps of one second would be one dump.
  deliver(fmt::format("{}\n-- {}\n", dump, date_.iso()), DumpWish::Force::no);
  return load(DumpWish::Force::no);
}

LoadReport DeltaHouse::same_day(std::string_view dump) {
  deliver(dump, DumpWish::Force::yes);
  return load(DumpWish::Force::yes);
}

// Without exec: the test has one thread, and the child needs nothing of it but its memory.
void DeltaHouse::next_day_killed(std::chrono::milliseconds after) {
  date_ = date_.plus_days(1);
  clock_.set(date_.instant_at(std::chrono::hours(7)));
  deliver(dump(), DumpWish::Force::no);
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorKind::internal, "no child can be made");
  if (child == 0) {
    try {
      load(DumpWish::Force::no);
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ++runs_;
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    throw Error(ErrorKind::internal, "the load failed before it was killed");
  }
}

void DeltaHouse::finish_day() {
  load(DumpWish::Force::no);
}

LoaderOptions DeltaHouse::options() {
  LoaderOptions options{.schema = "staging",
                        .places = {},
                        .wait_until = {},
                        .layers = {},
                        .preserve = {},
                        .sources = {},
                        .shrink_guard_rows = 1'000'000'000,
                        .load_account = server_.account_options("etl_load"),
                        .publish_account = server_.account_options("etl_publish")};
  change(options);
  return options;
}

void DeltaHouse::deliver(std::string_view dump, DumpWish::Force force) {
  for (const auto& entry : fs::directory_iterator(folder_.file("dumps"))) {
    fs::remove(entry.path());
  }
  if (force == DumpWish::Force::yes) {
    for (const auto& entry : fs::directory_iterator(folder_.file("processed"))) {
      fs::remove(entry.path());
    }
  }
  const std::string digits = replace_all(date_.iso(), "-", "");
  replace_file(folder_.file(fmt::format("dumps/gghouse_{}.sql", digits)), dump);
}

LoadReport DeltaHouse::load(DumpWish::Force force) {
  const auto store = open_store(folder_.path());
  StagingLoader loader(*store, clock_, options());
  return loader.load(
      {.date = date_, .allow_gaps = {}, .newest_only = {}, .rewind = {}, .force = force},
      fmt::format("run-{}", ++runs_));
}

StagingVerification DeltaHouse::verify() {
  const auto store = open_store(folder_.path());
  StagingLoader loader(*store, clock_, options());
  return loader.verify(fmt::format("run-{}", ++runs_));
}

std::string DeltaHouse::definition(const std::string& schema, const std::string& table) {
  return delta::definition_hash(root_, {schema, table});
}

std::string DeltaHouse::difference(const std::string& table) {
  if (publish::relation_kind(root_, {"staging", table}) != publish::RelationKind::table) {
    return "is not in staging";
  }
  if (definition("source", table) != definition("staging", table)) return "other definition";
  if (publish::content_checksum(root_, {"source", table}) ==
      publish::content_checksum(root_, {"staging", table})) {
    return {};
  }
  return fmt::format("{} rows in the source, {} in staging, other values",
                     publish::count_rows(root_, {"source", table}),
                     publish::count_rows(root_, {"staging", table}));
}

std::vector<std::string> DeltaHouse::tables_with_rows(const std::string& schema) {
  std::vector<std::string> names;
  const auto found = root_.query(fmt::format(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_TYPE = "
      "'BASE TABLE' AND TABLE_NAME <> 'pipeline_marker'",
      quote_text(schema)));
  for (const auto& row : found.rows) {
    const std::string some =
        fmt::format("SELECT 1 FROM {} LIMIT 1", quote_name(schema, row.at(0).value_or("")));
    if (root_.query_value(some)) names.push_back(row.at(0).value_or(""));
  }
  return names;
}

std::string DeltaHouse::differences() {
  std::set<std::string> tables;
  for (const auto* schema : {"source", "staging"}) {
    for (const auto& table : tables_with_rows(schema)) tables.insert(table);
  }
  std::string text;
  for (const auto& table : tables) {
    if (publish::relation_kind(root_, {"source", table}) != publish::RelationKind::table) {
      text += table + ": is not in the source\n";
    } else if (const std::string what = difference(table); !what.empty()) {
      text += fmt::format("{}: {}\n", table, what);
    }
  }
  return text;
}

const LoadedTable& table_of(const LoadReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.content.tables, name, &LoadedTable::name);
  if (found == report.content.tables.end()) {
    throw Error(ErrorKind::internal, "the report does not tell of " + name);
  }
  return *found;
}

}  // namespace pipeline::test
