#include "stages/doctor/server_findings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/stage/measures.h"
#include "stages/publish/rights.h"
#include "stages/staging/dump/session_settings.h"
#include "stages/warehouse/target.h"

namespace pipeline {
namespace {

constexpr std::uint64_t packet_warns_below = 16U << 20U;

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  auto operator<=>(const Version&) const = default;
};

/// Of "10.11.6-MariaDB-0+deb12u1", and of "5.5.5-10.11.6-MariaDB" behind some proxies.
Version parse_version(std::string_view text) {
  if (text.starts_with("5.5.5-")) text.remove_prefix(6);
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, version.minor);
  }
  return version;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_on(std::string_view value) {
  return value == "1" || to_lower(value) == "on";
}

/// "SET GLOBAL x = y, and x = y below [mysqld] in its configuration"
std::string set_global(std::string_view assignment) {
  return fmt::format(
      "SET GLOBAL {0} as an administrator, and {0} below [mysqld] in the server's "
      "configuration",
      assignment);
}

Finding judge_version(const ServerSettings& settings) {
  const Version version = parse_version(settings.version);
  const bool mariadb = settings.family == ServerFamily::mariadb;
  if (version < (mariadb ? Version{10, 6} : Version{8, 0})) {
    return failure(Check::server_version, "", ErrorKind::wrong_database,
                   settings.version + ": a RENAME of several tables is not atomic in a crash there",
                   "install MariaDB 10.6 or later");
  }
  if (mariadb) return in_order(Check::server_version, "", settings.version);
  return warning(Check::server_version, "", settings.version + ": tried on MariaDB alone",
                 "read docs/reference/known-limits.md, and try a run on a copy first");
}

Finding judge_session_clock(const ServerSettings& settings) {
  // MySQL has no such variable.
  if (settings.secure_timestamp.empty() || settings.secure_timestamp == "NO") {
    return in_order(Check::session_clock, "", "a session may set it");
  }
  return failure(Check::session_clock, "", ErrorKind::wrong_database,
                 fmt::format("secure_timestamp is {}: no session may set its clock",
                             settings.secure_timestamp),
                 "secure_timestamp = NO below [mysqld] in the server's configuration, then restart "
                 "it");
}

Finding judge_local_infile(const ServerSettings& settings) {
  if (is_on(settings.local_infile)) return in_order(Check::local_infile, "", "ON");
  return warning(Check::local_infile, "", "OFF: rows go as INSERTs, and a load takes longer",
                 set_global("local_infile = ON"));
}

Finding judge_letter_case(const ServerSettings& settings) {
  if (settings.lower_case_table_names == "0") return in_order(Check::letter_case, "", "0");
  return failure(Check::letter_case, "", ErrorKind::wrong_database,
                 fmt::format("{}: the server folds names of tables, and the loader refuses it",
                             settings.lower_case_table_names),
                 "take a server that was made with lower_case_table_names = 0; it cannot be "
                 "changed later");
}

Finding judge_sql_mode(const ServerSettings& settings) {
  std::vector<std::string> in_the_way;
  std::vector<std::string> better;
  for (auto& mode : split(settings.sql_mode, ',')) {
    const bool bad = !dump::mode_of_other_grammar(mode).empty();
    (bad ? in_the_way : better).push_back(std::move(mode));
  }
  const auto has = [&](std::string_view mode) {
    return std::ranges::find(better, mode) != better.end();
  };
  std::vector<std::string> doubts;
  if (!in_the_way.empty()) {
    doubts.push_back(fmt::format("{}: the load of a dump that sets no sql_mode ends with {}",
                                 join(in_the_way, ", "), entry_of(ErrorKind::wrong_database).name));
  }
  if (!has("STRICT_TRANS_TABLES") && !has("STRICT_ALL_TABLES")) {
    doubts.emplace_back(
        "no STRICT_TRANS_TABLES: a value of a model that does not fit is cut without an error");
    better.emplace_back("STRICT_TRANS_TABLES");
  }
  if (doubts.empty()) return in_order(Check::sql_mode, "", settings.sql_mode);
  return warning(Check::sql_mode, "", join(doubts, "; "),
                 set_global(fmt::format("sql_mode = '{}'", join(better, ","))));
}

Finding judge_packet(const ServerSettings& settings) {
  const std::uint64_t bytes = number_of(settings.max_allowed_packet);
  const std::string found = fmt::format("{} ({})", bytes, human_bytes(bytes));
  if (bytes >= packet_warns_below) return in_order(Check::packet_size, "", found);
  return warning(Check::packet_size, "", found + ": a larger row or statement is refused",
                 set_global("max_allowed_packet = 67108864"));
}

Finding judge_statement_limit(const ServerSettings& settings) {
  for (const auto& [name, value] : {std::pair("max_statement_time", settings.max_statement_time),
                                    std::pair("max_execution_time", settings.max_execution_time)}) {
    if (value.find_first_of("123456789") == std::string::npos) continue;
    return warning(Check::statement_limit, "",
                   fmt::format("{} is {}: a model or load that runs longer is ended", name, value),
                   set_global(fmt::format("{} = 0", name)));
  }
  return in_order(Check::statement_limit, "", "none");
}

Finding judge_binlog_format(const ServerSettings& settings) {
  if (!is_on(settings.log_bin)) return in_order(Check::binlog_format, "", "no binary log");
  if (settings.binlog_format != "STATEMENT") {
    return in_order(Check::binlog_format, "", settings.binlog_format);
  }
  return failure(Check::binlog_format, "", ErrorKind::wrong_database,
                 "STATEMENT: InnoDB refuses to write in READ COMMITTED sessions",
                 set_global("binlog_format = ROW"));
}

Finding judge_durability(const ServerSettings& settings) {
  std::vector<std::string> doubts;
  std::vector<std::string> cures;
  if (settings.flush_log_at_trx_commit != "1") {
    doubts.push_back(
        fmt::format("innodb_flush_log_at_trx_commit is {}: a crash of the host can "
                    "lose what was committed in the last second",
                    settings.flush_log_at_trx_commit));
    cures.push_back(set_global("innodb_flush_log_at_trx_commit = 1"));
  }
  if (is_on(settings.log_bin) && settings.sync_binlog != "1") {
    doubts.push_back(
        fmt::format("sync_binlog is {}: after a crash of the host the binary log can "
                    "lack what was committed, and replicas differ",
                    settings.sync_binlog));
    cures.push_back(set_global("sync_binlog = 1"));
  }
  if (doubts.empty()) {
    return in_order(Check::durability, "", "what was committed survives a crash");
  }
  return warning(Check::durability, "", join(doubts, "; "), join(cures, "; "));
}

Finding judge_file_per_table(const ServerSettings& settings) {
  if (is_on(settings.file_per_table)) return in_order(Check::file_per_table, "", "ON");
  return warning(Check::file_per_table, "", "OFF: the room of dropped tables is not given back",
                 set_global("innodb_file_per_table = ON"));
}

Finding judge_time_zone(const ServerSettings& settings) {
  return in_order(Check::server_time_zone, "",
                  settings.time_zone == "SYSTEM"
                      ? fmt::format("SYSTEM, which is {}", settings.system_time_zone)
                      : settings.time_zone);
}

std::string status(Connection& session, std::string_view name) {
  const auto rows = session.query(fmt::format("SHOW SESSION STATUS LIKE '{}'", name)).rows;
  return rows.empty() ? "" : rows.front().at(1).value_or("");
}

ServerSettings read_settings(Connection& session) {
  constexpr std::string_view question =
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('sql_mode', 'max_allowed_packet', "
      "'local_infile', 'lower_case_table_names', 'innodb_flush_log_at_trx_commit', 'log_bin', "
      "'sync_binlog', 'binlog_format', 'innodb_file_per_table', 'max_statement_time', "
      "'max_execution_time', 'secure_timestamp', 'system_time_zone', 'time_zone')";
  std::map<std::string, std::string, std::less<>> values;
  for (const auto& row : session.query(question).rows) {
    values.emplace(row.at(0).value_or(""), row.at(1).value_or(""));
  }
  // Empty where the server has none of that name.
  const auto read = [&](std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
  return {.family = session.family(),
          .version = session.server_version(),
          .sql_mode = read("sql_mode"),
          .max_allowed_packet = read("max_allowed_packet"),
          .local_infile = read("local_infile"),
          .lower_case_table_names = read("lower_case_table_names"),
          .flush_log_at_trx_commit = read("innodb_flush_log_at_trx_commit"),
          .log_bin = read("log_bin"),
          .sync_binlog = read("sync_binlog"),
          .binlog_format = read("binlog_format"),
          .file_per_table = read("innodb_file_per_table"),
          .max_statement_time = read("max_statement_time"),
          .max_execution_time = read("max_execution_time"),
          .secure_timestamp = read("secure_timestamp"),
          .system_time_zone = read("system_time_zone"),
          .time_zone = read("time_zone")};
}

Finding look_at_identity(const PipelineConfig& config, Connection& session) {
  const Fingerprint found = fingerprint_of(session);
  const auto known = known_target(config);
  const std::string there = session.options().endpoint.text();
  using Is = Fingerprint::Is;
  if (found.is == Is::hidden) {
    return warning(Check::warehouse_identity, "",
                   "the account may not read the fingerprint (pipeline.target)",
                   "apply deploy/sql/grants.sql as an administrator of the server");
  }
  if (found.is == Is::absent) {
    const bool elsewhere = known && known->server != there;
    const std::string text = there + " has no fingerprint";
    const std::string advice =
        "apply deploy/sql/pipeline.sql, then deploy/sql/grants.sql as an administrator of the "
        "server";
    return failure(Check::warehouse_identity, "", ErrorKind::wrong_database,
                   elsewhere ? fmt::format("{}, and the pipeline's warehouse is {} ({})", text,
                                           known->fingerprint, known->origin)
                             : text,
                   advice);
  }
  if (!known) {
    return warning(Check::warehouse_identity, "",
                   fmt::format("{} at {}; this host has met no warehouse yet", found.text, there),
                   "if it is the right one, nothing: the first run keeps it; staging_loader init "
                   "--accept-target does so now");
  }
  if (known->fingerprint == found.text) {
    return in_order(Check::warehouse_identity, "",
                    fmt::format("{} at {}, the known one", found.text, there));
  }
  return failure(Check::warehouse_identity, "", ErrorKind::wrong_database,
                 fmt::format("{} is {}, and the pipeline's warehouse is {} ({})", there, found.text,
                             known->fingerprint, known->origin),
                 "point pipeline.yaml at the right server; after a move on purpose: staging_loader "
                 "init --accept-target");
}

Finding look_at_writes(Connection& session) {
  try {
    publish::require_takes_writes(session);
    return in_order(Check::takes_writes, "", "not read-only, no replica");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::wrong_database) throw;
    return failure(Check::takes_writes, "", error,
                   "point warehouse.server at the primary, or SET GLOBAL read_only = OFF as an "
                   "administrator if it is the primary");
  }
}

Finding look_at_clock(Connection& session, Clock& clock) {
  using std::chrono::microseconds;
  // The first question may meet cold caches; the second one takes the way there and back.
  static_cast<void>(session.query_value("SELECT UTC_TIMESTAMP(6)"));
  const auto sent = clock.now();
  const auto told =
      session.query_value("SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))");
  const auto came = clock.now();
  const auto half_way = (came - sent) / 2;
  const auto there = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          microseconds(number_of(told.value_or("0")))));
  return clock_finding(Check::server_clock, "the server's clock",
                       {.here = sent + half_way,
                        .there = there,
                        .doubt = std::chrono::duration_cast<std::chrono::milliseconds>(half_way)});
}

Finding look_at_named_zones(Connection& session) {
  if (session.query_value("SELECT CONVERT_TZ('2026-02-01 00:00:00', 'UTC', 'Asia/Tokyo')")) {
    return in_order(Check::named_time_zones, "", "loaded; Asia/Tokyo is known");
  }
  return warning(Check::named_time_zones, "",
                 "not loaded: CONVERT_TZ(x, 'UTC', 'Asia/Tokyo') is NULL in every model",
                 session.family() == ServerFamily::mariadb
                     ? "mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql, on the server"
                     : "mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql mysql, on the server");
}

Finding look_at_disk(Connection& session) {
  const std::string folder = session.query_value("SELECT @@GLOBAL.datadir").value_or("");
  const Endpoint& endpoint = session.options().endpoint;
  const bool here = !endpoint.socket.empty() || http::is_loopback(endpoint.host);
  std::error_code ignored;
  if (here && !folder.empty() && std::filesystem::is_directory(folder, ignored)) {
    return space_finding(Check::server_disk, "", folder);
  }
  return warning(Check::server_disk, "",
                 fmt::format("{} lies on another host, or in another container: a client cannot "
                             "see its disk",
                             folder.empty() ? "the datadir" : folder),
                 fmt::format("watch it there: df -h {}", folder));
}

}  // namespace

std::vector<Finding> judge_settings(const ServerSettings& settings) {
  return {
      judge_version(settings),      judge_time_zone(settings),       judge_session_clock(settings),
      judge_local_infile(settings), judge_letter_case(settings),     judge_sql_mode(settings),
      judge_packet(settings),       judge_statement_limit(settings), judge_binlog_format(settings),
      judge_durability(settings),   judge_file_per_table(settings)};
}

Finding judge_tls(const Endpoint& endpoint, std::string_view version, std::string_view cipher) {
  if (!endpoint.socket.empty()) {
    return in_order(Check::server_tls, "", "a unix socket of this host needs none");
  }
  if (endpoint.tls.mode == TlsOptions::Mode::verify && !cipher.empty()) {
    return in_order(Check::server_tls, "",
                    fmt::format("{}, {}, the certificate is verified", version, cipher));
  }
  const std::string found =
      cipher.empty()
          ? fmt::format("{}: what is sent can be read on the way", endpoint.text())
          : fmt::format("{}: {}, but nobody verifies whose it is", endpoint.text(), version);
  const std::string advice =
      "warehouse.tls: {mode: verify, ca: FILE} in pipeline.yaml, with a certificate on the server";
  if (http::is_loopback(endpoint.host)) return warning(Check::server_tls, "", found, advice);
  return failure(Check::server_tls, "", ErrorKind::wrong_database, found, advice);
}

void tell_server(const PipelineConfig& config, Connection& session, Clock& clock,
                 const Tell& tell) {
  const std::array<std::pair<Check, std::function<Finding()>>, 6> looks{{
      {Check::warehouse_identity, [&] { return look_at_identity(config, session); }},
      {Check::server_tls,
       [&] {
         return judge_tls(session.options().endpoint, status(session, "Ssl_version"),
                          status(session, "Ssl_cipher"));
       }},
      {Check::takes_writes, [&] { return look_at_writes(session); }},
      {Check::server_clock, [&] { return look_at_clock(session, clock); }},
      {Check::named_time_zones, [&] { return look_at_named_zones(session); }},
      {Check::server_disk, [&] { return look_at_disk(session); }},
  }};
  const std::string hangs =
      "see whether the server hangs: SHOW FULL PROCESSLIST as an "
      "administrator";
  for (const auto& [check, look] : looks) {
    try {
      tell(look());
    } catch (const Error& error) {
      tell(failure(check, "", error, hangs));
    }
  }
  try {
    for (auto& finding : judge_settings(read_settings(session))) tell(std::move(finding));
  } catch (const Error& error) {
    tell(failure(Check::server_version, "", error, hangs));
  }
}

}  // namespace pipeline
