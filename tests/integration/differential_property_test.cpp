// Random tables, dumped by the real mariadb-dump with random options, must come out of the loader
// as they come out of the mariadb client, wherever the reader's buffers end. DIFFERENTIAL_TEST_SEED
// repeats a run, DIFFERENTIAL_TEST_ROUNDS or PIPELINE_FAULTS=all makes it longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/load/shadow_loader.h"
#include "tests/integration/differential_warehouse.h"
#include "tests/integration/random_tables.h"
#include "tests/support/run_program.h"
#include "tests/support/slow_source.h"

namespace pipeline {
namespace {

constexpr std::uint64_t rounds_of_a_normal_run = 15;
constexpr std::uint64_t rounds_of_a_whole_run = 60;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

struct DumpOptions {
  std::vector<std::string> arguments;
  std::string charset;
  /// Whether the dump's text can hold every letter.
  bool holds_all_letters() const { return charset == "utf8mb4" || charset == "binary"; }
  /// Whether the dump holds the whole definitions.
  bool holds_definitions() const {
    return std::ranges::find(arguments, "--skip-create-options") == arguments.end();
  }
};

DumpOptions random_options(test::Dice& dice, test::RandomTableOptions::Names names) {
  constexpr std::array charsets{"utf8mb4", "utf8mb4", "utf8mb4", "binary",
                                "utf8mb3", "latin1",  "ujis",    "eucjpms"};
  DumpOptions options{.arguments = {}, .charset = dice.one_of(charsets)};
  // Names in other letters than ASCII are refused in other character sets than UTF-8.
  const bool plain = names == test::RandomTableOptions::Names::plain;
  if (!plain && !options.holds_all_letters()) options.charset = "utf8mb4";
  options.arguments.push_back("--default-character-set=" + options.charset);
  constexpr std::array switches{"--skip-extended-insert",
                                "--complete-insert",
                                "--hex-blob",
                                "--order-by-primary",
                                "--single-transaction",
                                "--skip-add-locks",
                                "--skip-disable-keys",
                                "--skip-add-drop-table",
                                "--no-autocommit",
                                "--skip-tz-utc",
                                "--skip-dump-date",
                                "--skip-quick",
                                "--net-buffer-length=4096",
                                "--skip-create-options"};
  for (const auto* one : switches) {
    if (dice.once_in(4)) options.arguments.emplace_back(one);
  }
  constexpr std::array verbs{"--insert-ignore", "--replace"};
  if (dice.once_in(4)) options.arguments.emplace_back(dice.one_of(verbs));
  if (plain && dice.once_in(2)) options.arguments.emplace_back("--skip-quote-names");
  return options;
}

std::string dump_of(const test::DifferentialWarehouse& warehouse, const std::string& schema,
                    const std::vector<std::string>& options) {
  std::vector<std::string> argv{"mariadb-dump", "--no-defaults", "--user=root",
                                "--socket=" + warehouse.server().socket()};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(schema);
  const auto made = test::run_program({.argv = argv});
  EXPECT_TRUE(made.ok()) << made.text();
  return made.out;
}

LoadedDump load(test::DifferentialWarehouse& warehouse, const std::string& dump, RowsBy way,
                test::Dice& dice) {
  warehouse.make_schema("loaded");
  ConnectionOptions account = warehouse.server().root_options();
  if (way == RowsBy::load_data) {
    account.local_infile = ConnectionOptions::LocalInfile::own_handler;
  }
  Connection session = Connection::open(account);
  const std::size_t buffer_bytes = dice.once_in(2) ? 1 + dice.below(100) : 1 + dice.below(100'000);
  test::SlowSource pieces(dump, 1 + dice.below(buffer_bytes));
  dump::DumpReader reader(pieces, {.dialect = dialect_of(session), .buffer_bytes = buffer_bytes});
  Connection other = Connection::open(account);
  const std::array sessions{&session, &other};
  LoadCounters counters;
  LoadedDump loaded =
      load_into_shadow(std::span(sessions).first(1 + dice.below(2)), reader,
                       {.shadow = "loaded",
                        .rows_by = way,
                        .bytes_ahead_max = 1 + dice.below(100'000),
                        .keys_later_above_bytes = dice.below(2) == 0 ? 0 : 1U << 20U,
                        .counters = &counters});
  EXPECT_EQ(counters.rows, loaded.rows);
  EXPECT_EQ(counters.tables_done, loaded.tables.size());
  return loaded;
}

class DifferentialProperty : public testing::Test {
 protected:
  test::DifferentialWarehouse& warehouse_ = test::DifferentialWarehouse::shared();

  std::vector<test::RandomTable> make_source(test::Dice& dice,
                                             const test::RandomTableOptions& options) {
    warehouse_.make_schema("source");
    Connection session = Connection::open(warehouse_.server().root_options());
    session.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
    session.execute("USE source");
    std::vector<test::RandomTable> tables;
    for (int number = 0; number < 3; ++number) {
      tables.push_back(test::random_table(dice, number, options));
      for (const auto& statement : tables.back().statements) session.execute(statement);
    }
    return tables;
  }

  void run_round(std::uint64_t seed) {
    test::Dice dice(seed);
    using Wanted = test::RandomTableOptions;
    Wanted wanted{.names = dice.once_in(2) ? Wanted::Names::plain : Wanted::Names::odd};
    const DumpOptions options = random_options(dice, wanted.names);
    if (options.charset == "binary") wanted.own_types = Wanted::OwnTypes::no;
    const auto tables = make_source(dice, wanted);
    SCOPED_TRACE(
        fmt::format("DIFFERENTIAL_TEST_SEED={} DIFFERENTIAL_TEST_ROUNDS=1, mariadb-dump {}", seed,
                    join(options.arguments, " ")));
    const std::string dump = dump_of(warehouse_, "source", options.arguments);
    const auto client = warehouse_.load_by_client("reference", dump);
    ASSERT_FALSE(client.error.has_value()) << *client.error;
    for (const RowsBy way : {RowsBy::load_data, RowsBy::inserts}) {
      SCOPED_TRACE(way == RowsBy::load_data ? "by LOAD DATA" : "by INSERTs");
      const LoadedDump loaded = load(warehouse_, dump, way, dice);
      ASSERT_EQ(loaded.tables.size(), tables.size());
      expect_equal(tables, options);
    }
  }

  void expect_equal(const std::vector<test::RandomTable>& tables, const DumpOptions& options) {
    for (const auto& table : tables) {
      EXPECT_EQ(warehouse_.differences("loaded", "reference", table.name, {}),
                std::vector<std::string>());
      const bool all_dumped = options.holds_all_letters() && options.holds_definitions() &&
                              table.dumped == test::RandomTable::Dumped::exactly;
      if (all_dumped) {
        EXPECT_EQ(warehouse_.differences("loaded", "source", table.name, {}),
                  std::vector<std::string>())
            << "not what was dumped";
      }
    }
  }
};

TEST_F(DifferentialProperty, RandomTablesComeOutAsFromTheClient) {
  const std::uint64_t seed =
      number_from_environment("DIFFERENTIAL_TEST_SEED", std::random_device{}());
  const char* faults = std::getenv("PIPELINE_FAULTS");
  const bool whole = faults != nullptr && std::string_view(faults) == "all";
  const std::uint64_t rounds = number_from_environment(
      "DIFFERENTIAL_TEST_ROUNDS", whole ? rounds_of_a_whole_run : rounds_of_a_normal_run);
  std::cout << "DIFFERENTIAL_TEST_SEED=" << seed << "\n";
  for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) run_round(seed + round);
}

}  // namespace
}  // namespace pipeline
