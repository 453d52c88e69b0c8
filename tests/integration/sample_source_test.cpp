// The sample source on a server: equal by both routes, and true to itself on every day.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "bench/sample_source/references.h"
#include "bench/sample_source/schema.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

class SampleSource : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Hundreds of tables are made and nothing needs to outlive a crash.
    server_ = std::make_unique<test::MariadbServer>(test::MariadbServer::Options{
        .extra_arguments = {"--innodb-file-per-table=0", "--innodb-flush-log-at-trx-commit=0",
                            "--innodb-doublewrite=0"}});
    folder_ = std::make_unique<test::TempDir>();
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }

  static void shell(const std::string& command) {
    const auto result =
        test::run_program({.argv = {"/bin/bash", "-c", "set -o pipefail; " + command},
                           .time_limit = std::chrono::minutes(3)});
    ASSERT_TRUE(result.ok()) << result.text();
  }

  static std::string client(const std::string& program) {
    return fmt::format("{} --no-defaults --socket={} --user=root --default-character-set=utf8mb4",
                       program, server_->socket());
  }

  static std::string make_source(const std::string& arguments) {
    return fmt::format("{}/make_source --seed 3 {}", PIPELINE_BIN_DIR, arguments);
  }

  static std::string file(const std::string& name) { return folder_->file(name); }

  /// Fills a schema with what a command writes.
  static void fill(const std::string& schema, const std::string& command) {
    server_->run_sql(fmt::format(
        "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4 COLLATE "
        "utf8mb4_unicode_ci",
        schema));
    shell(command + " | " + client("mariadb") + " " + schema);
  }

  static void fill_once(const std::string& schema, const std::string& command) {
    if (open().query_value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '" +
                           schema + "'") == "0") {
      fill(schema, command);
    }
  }

  static Connection open() { return server_->open_root(); }

 private:
  static std::unique_ptr<test::MariadbServer> server_;
  static std::unique_ptr<test::TempDir> folder_;
};

std::unique_ptr<test::MariadbServer> SampleSource::server_;
std::unique_ptr<test::TempDir> SampleSource::folder_;

/// The lines of a dump without those that tell versions and the time.
std::vector<std::string> comparable(const std::string& path) {
  std::vector<std::string> lines = split(test::read_text_file(path), '\n');
  std::erase_if(lines, [](const std::string& line) {
    return line.starts_with("-- MariaDB dump") || line.starts_with("-- Server version") ||
           line.starts_with("-- Dump completed") || line.starts_with("/*M!999999");
  });
  return lines;
}

TEST_F(SampleSource, TheDumpIsTheOneThatTheClientWouldMake) {
  const std::string arguments = "--scale 0.005 --day 3 --changes random";
  fill("source", make_source(arguments));
  shell(client("mariadb-dump") + " --single-transaction source >" + file("by_client.sql"));
  shell(make_source("--dump " + arguments) + " >" + file("direct.sql"));
  const auto by_client = comparable(file("by_client.sql"));
  const auto direct = comparable(file("direct.sql"));
  ASSERT_GT(by_client.size(), 20'000U);
  for (std::size_t i = 0; i < by_client.size() && i < direct.size(); ++i) {
    ASSERT_EQ(by_client[i].substr(0, 2'000), direct[i].substr(0, 2'000)) << "line " << i + 1;
  }
  EXPECT_EQ(by_client, direct);

  fill("a", "cat " + file("by_client.sql"));
  fill("b", "cat " + file("direct.sql"));
  Connection root = open();
  int compared = 0;
  for (const source::TableSpec& table : source::source_tables()) {
    const auto said = [&](const char* statement, const char* schema) {
      return root.query(fmt::format("{} {}", statement, quote_name(schema, table.name)))
          .rows[0][1]
          .value_or("NULL");
    };
    EXPECT_EQ(said("CHECKSUM TABLE", "a"), said("CHECKSUM TABLE", "b")) << table.name;
    EXPECT_EQ(said("SHOW CREATE TABLE", "a"), said("SHOW CREATE TABLE", "b"));
    ++compared;
  }
  EXPECT_EQ(compared, 81);
}

struct Day {
  std::string scale;
  int day;
  std::string date() const { return fmt::format("2026-02-{:02}", day); }
  std::string name() const { return fmt::format("Scale{}Day{}", scale.substr(2), day); }
  std::string arguments() const {
    return fmt::format("--dump --scale {} --day {} --date {}", scale, day, date());
  }
};

class SampleSourceOnADay : public SampleSource, public testing::WithParamInterface<Day> {
 protected:
  /// The source of that day, made once.
  void SetUp() override {
    const std::string schema = "day_" + GetParam().name();
    fill_once(schema, make_source(GetParam().arguments()));
    root_.emplace(open());
    root_->execute("USE " + schema);
  }
  std::string count(const std::string& sql) { return root_->query_value(sql).value_or("NULL"); }

 private:
  std::optional<Connection> root_;
};

INSTANTIATE_TEST_SUITE_P(Days, SampleSourceOnADay,
                         testing::Values(Day{"0.001", 1}, Day{"0.001", 2}, Day{"0.001", 3},
                                         Day{"0.001", 4}, Day{"0.001", 5}, Day{"0.005", 1},
                                         Day{"0.005", 28}),
                         [](const auto& one) { return one.param.name(); });

TEST_P(SampleSourceOnADay, EveryReferenceNamesARowThatIsThere) {
  const std::string nationalities = "m_nationalities";
  for (const auto& reference : source::foreign_columns()) {
    if (reference.target == nationalities && GetParam().day % 10 == 2) continue;  // it is empty
    EXPECT_EQ(count(fmt::format("SELECT COUNT(*) FROM `{0}` a LEFT JOIN `{2}` b ON b.id = a.`{1}` "
                                "WHERE a.`{1}` IS NOT NULL AND b.id IS NULL",
                                reference.table, reference.column, reference.target)),
              "0")
        << reference.table << "." << reference.column << " -> " << reference.target;
  }
}

struct Promise {
  std::string_view what;
  /// Counts what breaks it. {today} is the date of the dump; {moveout} the first of a moving's
  /// three move-out dates that is neither NULL nor a zero date.
  std::string_view sql;
};
constexpr std::string_view moveout =
    "COALESCE(NULLIF(moveout_date_integrated, '0000-00-00'), NULLIF(moveout_plans_date, "
    "'0000-00-00'), NULLIF(moveout_date, '0000-00-00'))";

constexpr std::array<Promise, 21> promises{{
    {"a room has no more tenants with an unclosed contract than its capacity",
     "SELECT COUNT(*) FROM (SELECT 1 FROM movings m JOIN rooms r ON r.id = m.room_id WHERE "
     "m.is_moveout = 0 GROUP BY r.id HAVING COUNT(DISTINCT m.tenant_id) > MAX(r.capacity)) x"},
    {"a house has no more of them than rooms",
     "SELECT COUNT(*) FROM (SELECT 1 FROM movings m JOIN apartments a ON a.id = m.apartment_id "
     "WHERE m.is_moveout = 0 GROUP BY a.id HAVING COUNT(DISTINCT m.tenant_id, m.room_id) > "
     "MAX(a.room_count)) x"},
    {"a house has as many rooms as it says",
     "SELECT COUNT(*) FROM apartments a WHERE a.room_count <> (SELECT COUNT(*) FROM rooms r WHERE "
     "r.apartment_id = a.id)"},
    {"no two people have one bed at a time",
     "SELECT COUNT(*) FROM movings a JOIN movings b ON b.room_id = a.room_id AND b.id > a.id AND "
     "b.tenant_id <> a.tenant_id JOIN rooms r ON r.id = a.room_id AND r.capacity = 1 WHERE "
     "a.cancel_flag = 0 AND b.cancel_flag = 0 AND a.movein_date < IF(b.is_moveout, b.moveout_date, "
     "'2999-01-01') AND b.movein_date < IF(a.is_moveout, a.moveout_date, '2999-01-01')"},
    {"the room of a moving stands in the apartment of the moving",
     "SELECT COUNT(*) FROM movings m JOIN rooms r ON r.id = m.room_id WHERE r.apartment_id <> "
     "m.apartment_id"},
    {"the current moving of a tenant is one of the tenant's",
     "SELECT COUNT(*) FROM tenants t JOIN movings m ON m.id = t.moving_id WHERE m.tenant_id <> "
     "t.id"},
    {"who takes up a room has an unclosed contract",
     "SELECT COUNT(*) FROM tenants t LEFT JOIN movings m ON m.id = t.moving_id WHERE t.status IN "
     "(4,5,6,7,9,10,11,12,13,14,15) AND COALESCE(m.is_moveout, 1) = 1"},
    {"and nobody else has one",
     "SELECT COUNT(*) FROM movings m JOIN tenants t ON t.id = m.tenant_id WHERE m.is_moveout = 0 "
     "AND t.status NOT IN (4,5,6,7,9,10,11,12,13,14,15)"},
    {"the current moving of a room is an unclosed one of that room",
     "SELECT COUNT(*) FROM rooms r JOIN movings m ON m.id = r.moving_id WHERE m.room_id <> r.id OR "
     "m.is_moveout = 1"},
    {"nobody leaves before moving in",
     "SELECT COUNT(*) FROM movings WHERE {moveout} < movein_date"},
    {"nobody moves in before it is decided",
     "SELECT COUNT(*) FROM movings WHERE movein_decided_date > movein_date"},
    {"notice is given between moving in and out",
     "SELECT COUNT(*) FROM movings WHERE moveout_receipt_date NOT BETWEEN movein_date AND "
     "{moveout}"},
    {"what is over is over",
     "SELECT COUNT(*) FROM movings WHERE is_moveout = 1 AND cancel_flag = 0 "
     "AND (moveout_date IS NULL OR moveout_date >= '{today}')"},
    {"what goes on has not ended",
     "SELECT COUNT(*) FROM movings WHERE is_moveout = 0 AND {moveout} < '{today}'"},
    {"people move in within some weeks",
     "SELECT COUNT(*) FROM movings WHERE movein_date > '{today}' + INTERVAL 5 WEEK"},
    {"who has not moved in has not been let in",
     "SELECT COUNT(*) FROM tenants t JOIN movings m ON m.id = t.moving_id WHERE t.status IN "
     "(7,9,10,11,13) AND m.movein_date >= '{today}'"},
    {"contracts that go on run out later",
     "SELECT COUNT(*) FROM movings WHERE is_moveout = 0 AND expiration_date < '{today}'"},
    {"no row is changed before it is made, or today",
     "SELECT COUNT(*) FROM (SELECT created_at, updated_at FROM tenants UNION ALL SELECT "
     "created_at, "
     "updated_at FROM movings UNION ALL SELECT created_at, updated_at FROM payments UNION ALL "
     "SELECT created_at, updated_at FROM tenant_histories) x WHERE updated_at < created_at OR "
     "updated_at >= '{today}'"},
    {"nobody pays in the future",
     "SELECT COUNT(*) FROM payments WHERE paid_on >= '{today}' OR recorded_at >= '{today}'"},
    {"a payment is of the tenant of its moving",
     "SELECT COUNT(*) FROM payments p JOIN movings m ON m.id = p.moving_id WHERE m.tenant_id <> "
     "p.tenant_id"},
    {"a clearing is of the tenant and the moving of its payment",
     "SELECT COUNT(*) FROM clearings c JOIN payments p ON p.id = c.payment_id WHERE c.tenant_id <> "
     "p.tenant_id OR c.moving_id <> p.moving_id"},
}};

TEST_P(SampleSourceOnADay, ContractsAndPeopleFitEachOther) {
  for (const Promise& promise : promises) {
    const std::string sql = replace_all(replace_all(std::string(promise.sql), "{moveout}", moveout),
                                        "{today}", GetParam().date());
    EXPECT_EQ(count(sql), "0") << promise.what;
  }
}

struct Code {
  std::string_view table;
  std::string_view column;
  int first;
  int last;
};
// The codes that have a label.
constexpr std::array<Code, 9> codes{{{"tenants", "gender_type", 1, 3},
                                     {"rooms", "gender_type", 1, 3},
                                     {"tenants", "status", 0, 17},
                                     {"tenants", "contract_type", 0, 9},
                                     {"movings", "moving_agreement_type", 0, 9},
                                     {"movings", "tenant_contract_type", 0, 9},
                                     {"tenants", "affiliation_type", 1, 18},
                                     {"tenants", "reason_moveout", 0, 7},
                                     {"tenants", "personal_identity", 1, 8}}};

TEST_P(SampleSourceOnADay, EveryCodeHasALabel) {
  for (const Code& code : codes) {
    EXPECT_EQ(count(fmt::format("SELECT COUNT(*) FROM {0} WHERE {1} NOT IN ('NULL', 'null', '--', "
                                "'') AND {1} NOT BETWEEN {2} AND {3}",
                                code.table, code.column, code.first, code.last)),
              "0")
        << code.table << "." << code.column;
  }
}

constexpr const char* shapes = "--scale 0.0001";

TEST_F(SampleSource, DeclaresEveryColumnThatLooksLikeAReference) {
  fill_once("shapes", make_source(shapes));
  std::string declared;
  for (const auto& reference : source::foreign_columns()) {
    declared +=
        fmt::format("{}'{}.{}'", declared.empty() ? "" : ",", reference.table, reference.column);
  }
  EXPECT_EQ(open().query_value("SELECT GROUP_CONCAT(TABLE_NAME, '.', COLUMN_NAME) FROM "
                               "information_schema.COLUMNS WHERE TABLE_SCHEMA = 'shapes' AND "
                               "COLUMN_NAME REGEXP '_id(_[0-9]+)?$' AND CONCAT(TABLE_NAME, '.', "
                               "COLUMN_NAME) NOT IN (" +
                               declared + ")"),
            std::nullopt);
  EXPECT_GT(source::foreign_columns().size(), 120U);
}

TEST_F(SampleSource, HasTablesOfEveryShape) {
  fill_once("shapes", make_source(shapes));
  Connection root = open();
  const auto tables_without = [&](const std::string& condition) {
    return std::stoi(root.query_value("SELECT COUNT(*) FROM information_schema.TABLES t WHERE "
                                      "TABLE_SCHEMA = 'shapes' AND NOT EXISTS (SELECT 1 FROM "
                                      "information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = "
                                      "'shapes' AND c.TABLE_NAME = t.TABLE_NAME AND " +
                                      condition + ")")
                         .value_or("0"));
  };
  EXPECT_GE(tables_without("COLUMN_KEY = 'PRI'"), 2);
  EXPECT_GE(tables_without("COLUMN_NAME IN ('created_at', 'updated_at')"), 8);
  const auto types = root.query(
      "SELECT GROUP_CONCAT(DISTINCT DATA_TYPE ORDER BY DATA_TYPE) FROM information_schema.COLUMNS "
      "WHERE TABLE_SCHEMA = 'shapes'");
  EXPECT_EQ(types.rows[0][0].value_or(""),
            "bigint,char,date,datetime,decimal,double,enum,int,longtext,smallint,text,time,"
            "timestamp,tinyint,varchar");
}

}  // namespace
}  // namespace pipeline
