// staging_loader against the mariadb client: both load each dump of tests/golden/load, the loader
// by LOAD DATA and by INSERTs, and either the tables are equal bit by bit, or the loader refuses by
// name and staging stays as it was. Where INSERTs come to something else, the golden file says so
// below "by INSERTs": they carry literals that LOAD DATA cannot.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/integration/differential_warehouse.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/load/";

test::DifferentialWarehouse& warehouse() {
  return test::DifferentialWarehouse::shared();
}

/// Where the client needs help to read what the loader reads as it stands.
struct ClientHelp {
  std::string_view test_case;
  std::vector<std::string_view> lines_left_out = {};  // every line that begins so
  std::vector<std::string> arguments = {};
  /// Collations that MariaDB lacks, and the one that the loader takes.
  std::vector<std::pair<std::string_view, std::string_view>> collations = {};
};

/// In this order.
std::vector<std::pair<std::string_view, std::string_view>> mysql_collations() {
  return {{"_0900_bin", "_nopad_bin"},
          {"_0900_as_cs_ks", "_0900_as_cs"},
          {"utf8mb4_bg_0900_", "utf8mb4_uca1400_nopad_"},
          {"utf8mb4_bs_0900_", "utf8mb4_uca1400_croatian_nopad_"},
          {"utf8mb4_cs_0900_", "utf8mb4_uca1400_czech_nopad_"},
          {"utf8mb4_da_0900_", "utf8mb4_uca1400_danish_nopad_"},
          {"utf8mb4_de_pb_0900_", "utf8mb4_uca1400_german2_nopad_"},
          {"utf8mb4_eo_0900_", "utf8mb4_uca1400_esperanto_nopad_"},
          {"utf8mb4_es_0900_", "utf8mb4_uca1400_spanish_nopad_"},
          {"utf8mb4_es_trad_0900_", "utf8mb4_uca1400_spanish2_nopad_"},
          {"utf8mb4_et_0900_", "utf8mb4_uca1400_estonian_nopad_"},
          {"utf8mb4_gl_0900_", "utf8mb4_uca1400_spanish_nopad_"},
          {"utf8mb4_hr_0900_", "utf8mb4_uca1400_croatian_nopad_"},
          {"utf8mb4_hu_0900_", "utf8mb4_uca1400_hungarian_nopad_"},
          {"utf8mb4_is_0900_", "utf8mb4_uca1400_icelandic_nopad_"},
          {"utf8mb4_la_0900_", "utf8mb4_uca1400_roman_nopad_"},
          {"utf8mb4_lt_0900_", "utf8mb4_uca1400_lithuanian_nopad_"},
          {"utf8mb4_lv_0900_", "utf8mb4_uca1400_latvian_nopad_"},
          {"utf8mb4_mn_cyrl_0900_", "utf8mb4_uca1400_nopad_"},
          {"utf8mb4_nb_0900_", "utf8mb4_uca1400_danish_nopad_"},
          {"utf8mb4_nn_0900_", "utf8mb4_uca1400_danish_nopad_"},
          {"utf8mb4_pl_0900_", "utf8mb4_uca1400_polish_nopad_"},
          {"utf8mb4_ro_0900_", "utf8mb4_uca1400_romanian_nopad_"},
          {"utf8mb4_ru_0900_", "utf8mb4_uca1400_nopad_"},
          {"utf8mb4_sk_0900_", "utf8mb4_uca1400_slovak_nopad_"},
          {"utf8mb4_sl_0900_", "utf8mb4_uca1400_slovenian_nopad_"},
          {"utf8mb4_sr_latn_0900_", "utf8mb4_uca1400_croatian_nopad_"},
          {"utf8mb4_sv_0900_", "utf8mb4_uca1400_swedish_nopad_"},
          {"utf8mb4_tr_0900_", "utf8mb4_uca1400_turkish_nopad_"},
          {"utf8mb4_vi_0900_", "utf8mb4_uca1400_vietnamese_nopad_"},
          {"utf8mb4_ja_0900_", "utf8mb4_uca1400_nopad_"},
          {"utf8mb4_zh_0900_", "utf8mb4_uca1400_nopad_"},
          {"utf8mb4_0900_", "utf8mb4_uca1400_nopad_"}};
}

const std::vector<ClientHelp>& client_helps() {
  static const std::vector<ClientHelp> helps{
      // The loader reads the bytes as they are, in texts too.
      {.test_case = "file_with_a_nul_byte_in_a_text", .arguments = {"--binary-mode"}},
      {.test_case = "lines_of_cr_lf_inside_of_texts", .arguments = {"--binary-mode"}},
      // MariaDB has no such variable; the loader passes over it.
      {.test_case = "header_of_mysqldump_8_0_with_gtids",
       .lines_left_out = {"SET @@GLOBAL.GTID_PURGED"}},
      // The loader has a schema of its own for the one database of a dump.
      {.test_case = "option_databases", .lines_left_out = {"CREATE DATABASE", "USE "}},
      {.test_case = "option_databases_of_mysql_8", .lines_left_out = {"CREATE DATABASE", "USE "}},
      // It carries tables over and nothing else.
      {.test_case = "option_sequences_of_mariadb",
       .lines_left_out = {"CREATE SEQUENCE", "DO SETVAL"}},
      // MariaDB has other names for the collations of MySQL 8.
      {.test_case = "charset_utf8mb4_0900_of_mysql_8", .collations = mysql_collations()},
      {.test_case = "charset_utf8mb4_0900_of_many_languages", .collations = mysql_collations()},
      {.test_case = "charset_utf8mb4_0900_with_rows_that_collide",
       .collations = mysql_collations()},
  };
  return helps;
}

std::string without_lines(std::string_view text, const std::vector<std::string_view>& beginnings) {
  std::vector<std::string> kept;
  for (auto& line : split(text, '\n')) {
    const auto begins = [&](std::string_view beginning) { return line.starts_with(beginning); };
    if (std::ranges::none_of(beginnings, begins)) kept.push_back(std::move(line));
  }
  return join(kept, "\n");
}

test::ClientVerdict load_by_client(const std::string& name, std::string_view dump) {
  const auto help = std::ranges::find(client_helps(), name, &ClientHelp::test_case);
  if (help == client_helps().end()) return warehouse().load_by_client("reference", dump);
  std::string helped = without_lines(dump, help->lines_left_out);
  for (const auto& [mysql, mariadb] : help->collations) {
    helped = replace_all(helped, mysql, mariadb);
  }
  return warehouse().load_by_client("reference", helped, help->arguments);
}

/// "ERROR 1064 (42000) at line 12: ...", without the statement that the client shows before.
std::string first_error(const std::string& said) {
  const auto begin = std::min(said.find("ERROR "), said.size());
  return said.substr(begin, said.find('\n', begin) - begin);
}

std::string shown(const test::ClientVerdict& client) {
  std::string text =
      fmt::format("client: {}\n", client.error ? first_error(*client.error) : "loaded");
  for (const auto& warning : client.warnings) text += fmt::format("  {}\n", warning);
  return text;
}

std::string shown(const test::LoaderVerdict& loader) {
  if (loader.error) {
    std::string text =
        fmt::format("loader: {}: {}\n", loader.error->name(), loader.error->message());
    for (const auto& [key, value] : loader.error->context()) {
      if (key == "table" || key == "create" || key == "insert") {
        text += fmt::format("  {}: {}\n", key, value);
      }
    }
    return text;
  }
  std::string text = "loader: loaded\n";
  const LoadedDump& content = loader.report->content;
  for (const auto& table : content.tables) {
    text += fmt::format("  {}: {} rows, {} warnings\n", table.name, table.rows, table.warnings);
    for (const auto& what : table.taken_off)
      text += fmt::format("    not carried over: {}\n", what);
  }
  for (const auto& skipped : content.skipped) text += fmt::format("  passed over: {}\n", skipped);
  return text;
}

/// Loads `dump` into staging, expects the client's tables or an untouched staging, and returns what
/// the loader said.
std::string load_like(const test::ClientVerdict& client, std::string_view dump, RowsBy way) {
  SCOPED_TRACE(way == RowsBy::load_data ? "by LOAD DATA" : "by INSERTs");
  const std::string before = warehouse().picture("staging");
  const auto loader = warehouse().load_by_loader(dump, way);
  if (loader.error) {
    EXPECT_EQ(warehouse().picture("staging"), before) << "a refused dump changes nothing";
    return shown(loader);
  }
  EXPECT_FALSE(client.error.has_value())
      << "the loader loads what the client does not: " << first_error(*client.error);
  EXPECT_EQ(warehouse().tables_with_rows("staging"), warehouse().tables_with_rows("reference"));
  for (const auto& table : loader.report->content.tables) {
    if (table.rows == 0) continue;
    for (const auto& what :
         warehouse().differences("staging", "reference", table.name, table.taken_off)) {
      ADD_FAILURE() << what;
    }
  }
  return shown(loader);
}

/// Loads `dump` by client and loader, in both of its ways, and returns what all said; the loader's
/// second way where it said something else.
std::string load_both(const std::string& name, std::string_view dump) {
  const auto client = load_by_client(name, dump);
  const std::string loaded = load_like(client, dump, RowsBy::load_data);
  const std::string inserted = load_like(client, dump, RowsBy::inserts);
  return shown(client) + loaded + (inserted == loaded ? "" : "by INSERTs\n" + inserted);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".sql") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class DifferentialLoad : public testing::TestWithParam<std::string> {};

TEST_P(DifferentialLoad, MakesTheClientsTablesOrRefusesByName) {
  const std::string verdicts = load_both(GetParam(), read_file(folder + GetParam() + ".sql"));
  EXPECT_TRUE(test::equals_golden(verdicts, folder + GetParam() + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(Dumps, DifferentialLoad, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

// ---- dumps too large for a file here -----------------------------------------------------------

std::string dump_of(const std::string& tables) {
  return "-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n/*!40103 SET TIME_ZONE='+00:00' */;\n"
         "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n" +
         tables + "-- Dump completed on 2026-02-01  5:30:12\n";
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

TEST(DifferentialLoadOfLargeDumps, RowsOfManyMegabytes) {
  const std::string text = repeated("it\\'s \\\\ \\n東京\\t; -- ''", 2'000'000);
  const std::string bytes = repeated("\\0\\Z\xff\x80\\\"\n", 1'500'000);
  const std::string hex = repeated("00FFa1", 1'000'000);
  const std::string accents = repeated("é\\n", 2'000'000);
  const std::string verdicts = load_both(
      "large", dump_of("CREATE TABLE `t` (`id` int NOT NULL, `t` longtext, `b` longblob, `l` "
                       "longtext CHARACTER SET latin1, PRIMARY KEY (`id`)) DEFAULT "
                       "CHARSET=utf8mb4;\nINSERT INTO `t` VALUES (1,'" +
                       text + "','" + bytes + "','small'),(2,NULL,0x" + hex + ",'" + accents +
                       "'),(3,'','','');\n"));
  EXPECT_EQ(verdicts, "client: loaded\nloader: loaded\n  t: 3 rows, 0 warnings\n");
}

TEST(DifferentialLoadOfLargeDumps, ManyThousandRowsInManyStatements) {
  constexpr int statements = 40;
  constexpr int rows_of_a_statement = 1'000;
  std::string inserts;
  for (int statement = 0; statement < statements; ++statement) {
    std::vector<std::string> wide;
    std::vector<std::string> narrow;
    for (int row = 0; row < rows_of_a_statement; ++row) {
      const int id = statement * rows_of_a_statement + row;
      wide.push_back(fmt::format("({0},'row ''{0}''',{1},NULL)", id, id % 97));
      narrow.push_back(fmt::format("({})", id));
    }
    inserts += fmt::format("INSERT INTO `wide` VALUES {};\nINSERT INTO `narrow` VALUES {};\n",
                           join(wide, ","), join(narrow, ","));
  }
  const std::string verdicts = load_both(
      "many", dump_of("CREATE TABLE `wide` (`id` int NOT NULL, `t` varchar(40), `n` smallint, `z` "
                      "date, PRIMARY KEY (`id`), KEY `n` (`n`)) DEFAULT CHARSET=utf8mb4;\n"
                      "CREATE TABLE `narrow` (`id` int NOT NULL) DEFAULT CHARSET=utf8mb4;\n" +
                      inserts));
  EXPECT_EQ(verdicts,
            "client: loaded\nloader: loaded\n  wide: 40000 rows, 0 warnings\n"
            "  narrow: 40000 rows, 0 warnings\n");
}

TEST(DifferentialLoadOfLargeDumps, TextsAsLongAsTheirTypesAllow) {
  struct Limit {
    const char* type;
    std::size_t bytes;
  };
  constexpr std::array limits{Limit{"tinytext", 255},          Limit{"text", 65'535},
                              Limit{"tinyblob", 255},          Limit{"blob", 65'535},
                              Limit{"mediumtext", 65'536},     Limit{"mediumblob", 65'536},
                              Limit{"varchar(10000)", 10'000}, Limit{"varbinary(255)", 255}};
  std::string columns = "`id` int NOT NULL";
  std::string values = "1";
  for (std::size_t at = 0; at < limits.size(); ++at) {
    columns += fmt::format(", `c{}` {}", at, limits[at].type);
    values += ",'" + std::string(limits[at].bytes, 'x') + "'";
  }
  const std::string verdicts =
      load_both("limits", dump_of(fmt::format("CREATE TABLE `t` ({}) DEFAULT CHARSET=utf8mb4;\n"
                                              "INSERT INTO `t` VALUES ({});\n",
                                              columns, values)));
  EXPECT_EQ(verdicts, "client: loaded\nloader: loaded\n  t: 1 rows, 0 warnings\n");
}

TEST(DifferentialLoadOfLargeDumps, ATextOneByteTooLongIsRefusedWhereTheClientCutsIt) {
  const std::string verdicts =
      load_both("cut", dump_of("CREATE TABLE `t` (`b` blob) DEFAULT CHARSET=utf8mb4;\nINSERT INTO "
                               "`t` VALUES ('" +
                               std::string(65'536, 'x') + "');\n"));
  EXPECT_TRUE(verdicts.starts_with(
      "client: loaded\n  Warning 1265 x1\nloader: Pipeline.DumpRefused: line 6, byte 186: "))
      << verdicts;
}

// ---- rows as INSERTs ---------------------------------------------------------------------------

std::string rows_of(int count, std::string_view last) {
  std::vector<std::string> rows;
  for (int id = 1; id < count; ++id) rows.push_back(fmt::format("({},'{:>60}')", id, id));
  rows.emplace_back(last);
  return join(rows, ",");
}

TEST(LoadByInserts, AServerThatRefusesTheFirstLoadDataGetsAllRowsAsInserts) {
  const std::string dump = dump_of(
      "CREATE TABLE `t` (`id` int NOT NULL, `v` varchar(60), PRIMARY KEY (`id`), KEY `v` (`v`)) "
      "DEFAULT CHARSET=utf8mb4;\nINSERT INTO `t` VALUES " +
      rows_of(30'000, "(30000,NULL)") + ";\n");
  const auto client = warehouse().load_by_client("reference", dump);
  ASSERT_FALSE(client.error.has_value()) << *client.error;
  const auto load_data_statements = [] {
    return *warehouse().root().query("SHOW GLOBAL STATUS LIKE 'Com_load'").rows.at(0).at(1);
  };
  const std::string before = load_data_statements();
  // Between the loader's question and its first LOAD DATA.
  warehouse().meanwhile = [] { warehouse().root().execute("SET GLOBAL local_infile = 0"); };
  const auto loader = warehouse().load_by_loader(dump);
  warehouse().meanwhile = [] {};
  ASSERT_TRUE(loader.report.has_value()) << loader.error->what();
  EXPECT_NE(load_data_statements(), before) << "none was refused";
  EXPECT_EQ(loader.report->content.rows, 30'000U);
  EXPECT_EQ(warehouse().differences("staging", "reference", "t", {}), std::vector<std::string>());
}

TEST(LoadByInserts, ARefusalCountsTheRowsOfAllStatements) {
  const std::string create =
      "SET SQL_MODE='STRICT_TRANS_TABLES';\nCREATE TABLE `t` (`id` int NOT NULL, `v` varchar(60), "
      "PRIMARY KEY (`id`)) DEFAULT CHARSET=utf8mb4;\nINSERT INTO `t` VALUES ";
  const std::string too_long = "(30000,'secret" + std::string(60, 'x') + "')";
  const auto cut = warehouse().load_by_loader(dump_of(create + rows_of(30'000, too_long) + ";\n"),
                                              RowsBy::inserts);
  ASSERT_TRUE(cut.error.has_value());
  EXPECT_EQ(cut.error->kind(), ErrorKind::dump_refused);
  EXPECT_NE(cut.error->message().find("'v' at row 30000"), std::string::npos)
      << cut.error->message();
  EXPECT_EQ(std::string(cut.error->what()).find("secret"), std::string::npos);

  const auto twice = warehouse().load_by_loader(
      dump_of(create + rows_of(30'000, "(7,'secret')") + ";\n"), RowsBy::inserts);
  ASSERT_TRUE(twice.error.has_value());
  EXPECT_EQ(twice.error->kind(), ErrorKind::dump_corrupt);
  EXPECT_EQ(std::string(twice.error->what()).find("secret"), std::string::npos);
}

// ---- rows that no packet of the server holds ---------------------------------------------------

/// A dump of one row whose own INSERT has so many bytes.
std::string dump_of_one_row(std::size_t statement_bytes) {
  const std::string head = "INSERT INTO `t` VALUES (1,'";
  const std::string end = "')";
  return dump_of(
      "CREATE TABLE `t` (`id` int NOT NULL, `v` longtext, PRIMARY KEY (`id`)) DEFAULT "
      "CHARSET=utf8mb4;\n" +
      head + std::string(statement_bytes - head.size() - end.size(), 'x') + end + ";\n");
}

class DifferentialLoadOfHugeRows : public testing::Test {
 protected:
  static constexpr std::size_t packet_bytes = 1U << 20U;
  void SetUp() override {
    before_ = warehouse().root().query_value("SELECT @@GLOBAL.max_allowed_packet").value();
    warehouse().root().execute(fmt::format("SET GLOBAL max_allowed_packet = {}", packet_bytes));
  }
  void TearDown() override {
    warehouse().root().execute("SET GLOBAL max_allowed_packet = " + before_);
  }

 private:
  std::string before_;
};

TEST_F(DifferentialLoadOfHugeRows, LoadDataTakesWhatTheClientsOwnInsertBrings) {
  const std::string verdicts = load_both("fits", dump_of_one_row(packet_bytes - 2));
  EXPECT_TRUE(verdicts.starts_with("client: loaded\nloader: loaded\n  t: 1 rows, 0 warnings\n"))
      << verdicts;
  EXPECT_NE(verdicts.find("by INSERTs\nloader: Pipeline.DumpRefused: "), std::string::npos)
      << "the names of schema and columns stand in the loader's own INSERT\n"
      << verdicts;
}

TEST_F(DifferentialLoadOfHugeRows, OneByteMoreIsRefusedWithItsPlaceBeforeItIsSent) {
  const std::string dump = dump_of_one_row(packet_bytes - 1);
  const auto client = warehouse().load_by_client("reference", dump);
  EXPECT_TRUE(client.error.has_value()) << "the client's packet is too large too";
  for (const RowsBy way : {RowsBy::load_data, RowsBy::inserts}) {
    const auto loader = warehouse().load_by_loader(dump, way);
    ASSERT_TRUE(loader.error.has_value());
    EXPECT_EQ(loader.error->kind(), ErrorKind::dump_refused);
    EXPECT_EQ(loader.error->context_value("byte"), std::to_string(dump.find("(1,'")));
    EXPECT_EQ(loader.error->context_value("table"), "t");
    const std::string& message = loader.error->message();
    EXPECT_NE(message.find("max_allowed_packet of 1048576"), std::string::npos) << message;
  }
}

// The client puts its own times into such columns; the copy in staging is not versioned and keeps
// the dump's.
TEST(DifferentialLoadOfVersionedTables, TimesOfRowsStayThoseOfTheDump) {
  const std::string dump = dump_of(
      "CREATE TABLE `v` (`id` int NOT NULL, `a` int WITHOUT SYSTEM VERSIONING, `since` "
      "timestamp(6) GENERATED ALWAYS AS ROW START, `until` timestamp(6) GENERATED ALWAYS AS ROW "
      "END INVISIBLE, PRIMARY KEY (`id`,`until`), PERIOD FOR SYSTEM_TIME (`since`, `until`)) WITH "
      "SYSTEM VERSIONING;\nINSERT INTO `v` (`id`,`a`,`since`,`until`) VALUES (1,2,'2026-01-01 "
      "10:00:00.5','2038-01-19 03:14:07.999999');\n");
  const auto client = warehouse().load_by_client("reference", dump);
  EXPECT_FALSE(client.error.has_value()) << *client.error;
  const auto loader = warehouse().load_by_loader(dump);
  ASSERT_TRUE(loader.report.has_value()) << loader.error->what();
  EXPECT_EQ(loader.report->content.tables.at(0).taken_off,
            std::vector<std::string>{"system versioning"});
  EXPECT_EQ(
      warehouse().root().query_value("SELECT CONCAT_WS(' ', id, a, since, until) FROM staging.v"),
      "1 2 2026-01-01 10:00:00.500000 2038-01-19 03:14:07.999999");
}

}  // namespace
}  // namespace pipeline
