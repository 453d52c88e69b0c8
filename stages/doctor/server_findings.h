// What of a server's settings matters to the pipeline, and whether it is as it should be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/stage/finding.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The server's variables that are looked at, as SELECT @@GLOBAL gives them; empty where the server
/// has none of that name.
struct ServerSettings {
  ServerFamily family = ServerFamily::mariadb;
  std::string version;  // "10.11.6-MariaDB"
  std::string sql_mode;
  std::string max_allowed_packet;
  std::string local_infile;
  std::string lower_case_table_names;
  std::string flush_log_at_trx_commit;  // innodb_
  std::string log_bin;
  std::string sync_binlog;
  std::string binlog_format;
  std::string file_per_table;      // innodb_
  std::string max_statement_time;  // MariaDB, seconds
  std::string max_execution_time;  // MySQL, milliseconds
  std::string secure_timestamp;    // MariaDB
  std::string system_time_zone;
  std::string time_zone;
};

/// Pure: version, session clock's setting, local_infile, letter case, sql_mode, packet size, limit
/// of a statement, binlog_format, durability, innodb_file_per_table, time zone.
std::vector<Finding> judge_settings(const ServerSettings& settings);

/// Whether TLS is as it must be. `cipher` and `version` are those of the session, empty without.
Finding judge_tls(const Endpoint& endpoint, std::string_view version, std::string_view cipher);

/// All of the group "server", over a session of any account. Changes nothing.
void tell_server(const PipelineConfig& config, Connection& session, Clock& clock, const Tell& tell);

}  // namespace pipeline
