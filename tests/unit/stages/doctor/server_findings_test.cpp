// Which settings of a server are in order, which are a warning, which stop a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/doctor/server_findings.h"

namespace pipeline {
namespace {

using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::StartsWith;

ServerSettings sound() {
  return {.family = ServerFamily::mariadb,
          .version = "10.11.6-MariaDB-0+deb12u1",
          .sql_mode = "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
          .max_allowed_packet = "16777216",
          .local_infile = "ON",
          .lower_case_table_names = "0",
          .flush_log_at_trx_commit = "1",
          .log_bin = "OFF",
          .sync_binlog = "0",
          .binlog_format = "STATEMENT",
          .file_per_table = "ON",
          .max_statement_time = "0.000000",
          .max_execution_time = "",
          .secure_timestamp = "NO",
          .system_time_zone = "UTC",
          .time_zone = "SYSTEM"};
}

Finding of_sql_mode(const std::string& mode) {
  ServerSettings settings = sound();
  settings.sql_mode = mode;
  for (auto& finding : judge_settings(settings)) {
    if (finding.check == Check::sql_mode) return finding;
  }
  ADD_FAILURE() << "no line of sql_mode";
  return in_order(Check::sql_mode, "", "");
}

TEST(SqlMode, EachModeOfAnotherGrammarIsNamedWithTheEndOfALoad) {
  for (const auto* mode :
       {"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "EMPTY_STRING_IS_NULL", "ORACLE", "ANSI", "MSSQL"}) {
    const Finding finding = of_sql_mode(std::string("STRICT_TRANS_TABLES,") + mode);
    EXPECT_EQ(finding.verdict, Verdict::warn) << mode;
    EXPECT_THAT(finding.found, StartsWith(mode));
    EXPECT_THAT(finding.found, HasSubstr("Pipeline.WrongDatabase"));
    EXPECT_THAT(finding.advice, HasSubstr("sql_mode = 'STRICT_TRANS_TABLES' "));
  }
}

TEST(SqlMode, TheAdviceKeepsWhatElseTheServerHasAndAddsNothingButStrictness) {
  EXPECT_THAT(of_sql_mode("PIPES_AS_CONCAT,ANSI_QUOTES,NO_AUTO_CREATE_USER").advice,
              HasSubstr("sql_mode = 'PIPES_AS_CONCAT,NO_AUTO_CREATE_USER,STRICT_TRANS_TABLES' "));
  EXPECT_THAT(of_sql_mode("").advice, HasSubstr("sql_mode = 'STRICT_TRANS_TABLES' "));
  EXPECT_EQ(of_sql_mode("STRICT_ALL_TABLES").verdict, Verdict::ok);
}

struct Spoiled {
  std::string what;
  std::function<void(ServerSettings&)> spoil;
  Check check;
  Verdict verdict;
  std::string advice;  // names what to type
};

TEST(ServerSettings, ThatAreSoundAreInOrder) {
  EXPECT_THAT(judge_settings(sound()), Each(Field(&Finding::verdict, Verdict::ok)));
}

TEST(ServerSettings, ThatMatterAreEachToldByTheirOwnLineAlone) {
  const std::vector<Spoiled> all{
      {"old MariaDB", [](auto& s) { s.version = "10.5.23-MariaDB"; }, Check::server_version,
       Verdict::fail, "MariaDB 10.6"},
      {"old MariaDB behind a proxy", [](auto& s) { s.version = "5.5.5-10.5.23-MariaDB"; },
       Check::server_version, Verdict::fail, "MariaDB 10.6"},
      {"MySQL",
       [](auto& s) {
         s.family = ServerFamily::mysql;
         s.version = "8.0.36";
         s.secure_timestamp = "";
       },
       Check::server_version, Verdict::warn, "known-limits.md"},
      {"fixed clock", [](auto& s) { s.secure_timestamp = "YES"; }, Check::session_clock,
       Verdict::fail, "secure_timestamp = NO"},
      {"clock of replicas", [](auto& s) { s.secure_timestamp = "REPLICATION"; },
       Check::session_clock, Verdict::fail, "secure_timestamp = NO"},
      {"no infile", [](auto& s) { s.local_infile = "OFF"; }, Check::local_infile, Verdict::warn,
       "SET GLOBAL local_infile = ON"},
      {"folded names", [](auto& s) { s.lower_case_table_names = "1"; }, Check::letter_case,
       Verdict::fail, "lower_case_table_names = 0"},
      {"other quotes", [](auto& s) { s.sql_mode += ",ANSI_QUOTES"; }, Check::sql_mode,
       Verdict::warn, "SET GLOBAL sql_mode"},
      {"not strict", [](auto& s) { s.sql_mode = "NO_ENGINE_SUBSTITUTION"; }, Check::sql_mode,
       Verdict::warn, "STRICT_TRANS_TABLES"},
      {"small packets", [](auto& s) { s.max_allowed_packet = "1048576"; }, Check::packet_size,
       Verdict::warn, "SET GLOBAL max_allowed_packet"},
      {"limit", [](auto& s) { s.max_statement_time = "60.000000"; }, Check::statement_limit,
       Verdict::warn, "SET GLOBAL max_statement_time = 0"},
      {"limit of MySQL", [](auto& s) { s.max_execution_time = "5000"; }, Check::statement_limit,
       Verdict::warn, "SET GLOBAL max_execution_time = 0"},
      {"log of statements",
       [](auto& s) {
         s.log_bin = "ON";
         s.sync_binlog = "1";
       },
       Check::binlog_format, Verdict::fail, "SET GLOBAL binlog_format = ROW"},
      {"lazy log", [](auto& s) { s.flush_log_at_trx_commit = "2"; }, Check::durability,
       Verdict::warn, "SET GLOBAL innodb_flush_log_at_trx_commit = 1"},
      {"lazy binary log",
       [](auto& s) {
         s.log_bin = "ON";
         s.binlog_format = "ROW";
       },
       Check::durability, Verdict::warn, "SET GLOBAL sync_binlog = 1"},
      {"one file", [](auto& s) { s.file_per_table = "OFF"; }, Check::file_per_table, Verdict::warn,
       "SET GLOBAL innodb_file_per_table = ON"},
  };
  for (const auto& one : all) {
    SCOPED_TRACE(one.what);
    ServerSettings settings = sound();
    one.spoil(settings);
    for (const auto& finding : judge_settings(settings)) {
      EXPECT_EQ(finding.verdict, finding.check == one.check ? one.verdict : Verdict::ok)
          << finding.name() << ": " << finding.found;
      if (finding.check == one.check) {
        EXPECT_THAT(finding.advice, HasSubstr(one.advice));
      }
    }
  }
}

TEST(ServerTls, IsNeededOverANetworkAlone) {
  const Endpoint socket{.socket = "/run/mysqld.sock", .host = "", .tls = {}};
  EXPECT_EQ(judge_tls(socket, "", "").verdict, Verdict::ok);
  Endpoint remote{.socket = "", .host = "db.internal", .tls = {}};
  EXPECT_EQ(judge_tls(remote, "TLSv1.3", "TLS_AES_256_GCM_SHA384").verdict, Verdict::ok);
  EXPECT_THAT(judge_tls(remote, "TLSv1.3", "TLS_AES_256_GCM_SHA384").found, HasSubstr("TLSv1.3"));
  EXPECT_EQ(judge_tls(remote, "", "").verdict, Verdict::fail);
  remote.tls.mode = TlsOptions::Mode::insecure_plaintext;
  const Finding unverified = judge_tls(remote, "TLSv1.3", "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(unverified.verdict, Verdict::fail);
  EXPECT_THAT(unverified.advice, HasSubstr("mode: verify"));
  for (const auto* self : {"127.0.0.1", "localhost", "::1"}) {
    remote.host = self;
    EXPECT_EQ(judge_tls(remote, "", "").verdict, Verdict::warn) << self;
  }
  for (const auto* name : {"127.0.0.1.example.org", "localhost.example.org", "127.example.org"}) {
    remote.host = name;
    EXPECT_EQ(judge_tls(remote, "", "").verdict, Verdict::fail) << name;
  }
}

}  // namespace
}  // namespace pipeline
