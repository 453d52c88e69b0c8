// pipeline.yaml as values: one file configures the stages and the orchestrator.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/stage/alert_config.h"
#include "common/stage/secret_reference.h"

namespace pipeline {

/// Who the pipeline is to AWS, where no keys are named.
struct AwsConfig {
  std::string profile;        // empty: AWS_PROFILE, else "default"
  std::string account;        // twelve digits that the keys must belong to; empty: any
  std::string account_where;  // "pipeline.yaml:12:5"
  std::string region;         // of STS and Secrets Manager; empty: as AWS's tools find it
};

/// How a store s3://... is reached.
struct S3Config {
  std::string endpoint;  // "https://host:9000"; empty: AWS in the region
  std::string region;
  enum class Addressing { by_endpoint, path, virtual_host } addressing = Addressing::by_endpoint;
  std::string tls_ca;
  /// Where the keys lie; nullopt: the environment variables of AWS's own tools.
  struct Keys {
    SecretReference access_key_id;
    SecretReference secret_access_key;
    SecretReference session_token;  // none: keys that do not expire
  };
  std::optional<Keys> keys;
};

struct AccountConfig {
  std::string user;
  SecretReference password;
};

struct SourceConfig {
  std::string store;           // URL or folder
  std::optional<S3Config> s3;  // there if and only if the store is s3://...
  std::string prefix = "dumps/";
  std::string object_pattern = "gghouse_%Y%m%d.sql.gz";  // %Y %m %d: the business date
  std::string processed_prefix = "processed/";
  std::string quarantine_prefix = "quarantine/";  // empty: refused dumps stay where they are
  std::chrono::minutes quarantine_after{10};
  enum class Trailer { required, optional } trailer = Trailer::required;  // "-- Dump completed"
  enum class Manifest { ignore, optional, required } manifest = Manifest::ignore;
  std::chrono::seconds wait_until{7 * 3600 + 40 * 60};  // JST, on the business date
  std::chrono::seconds poll_interval{30};
};

/// Where those who read the data log in, if that is another address than the pipeline's own.
struct ConsumersEndpoint {
  std::string socket;
  std::string host;
  int port = 3306;
  std::string account = "publish";
  std::chrono::seconds wait{60};  // a replica may be this far behind
};

struct WarehouseConfig {
  enum class Server { managed, remote } server = Server::managed;
  std::string socket;
  std::string host;
  int port = 3306;
  std::string tls_ca;
  enum class Tls { verify, insecure_plaintext } tls = Tls::verify;
  std::map<std::string, AccountConfig> accounts;  // load build publish vault janitor admin
  std::string fingerprint;  // of the only warehouse that may be written; empty: the one recorded
  enum class Replica { refused, allowed } replica = Replica::refused;
  std::optional<ConsumersEndpoint> consumers_endpoint;
};

struct StagingConfig {
  std::string schema = "staging";
  int sessions = 3;  // that fill tables at once
  enum class Load { changes, whole } load = Load::changes;
  /// Of tables that were changed, before they are published.
  enum class Rebuild { no, yes } rebuild_before_swap = Rebuild::no;
  std::vector<std::string> preserve;      // kept although empty in the dump
  std::int64_t shrink_guard_rows = 1000;  // a live table above this may not become empty
};

struct LayerConfig {
  std::string name;                 // silver
  std::string schema;               // its main schema, which holds the layer's marker
  std::vector<std::string> select;  // dbt selection
};

struct TransformConfig {
  std::string project_dir;
  std::string profiles_dir;  // empty: project_dir
  std::string target;        // empty: the profile's
  std::string target_path;  // where compiled and executed SQL is written; empty: project_dir/target
  int threads = 0;          // 0: the profile's
  std::vector<LayerConfig> layers;  // in order
  enum class OnTestFailure { block, publish_and_alert } on_test_failure = OnTestFailure::block;
};

struct BackupsConfig {
  std::vector<std::string> tables;  // "silver.tenant_status_history"; empty list: the default rule
  bool tables_given = false;
  int keep_days = 3;
};

/// A table that may not lose rows.
struct ProtectEntry {
  std::string table;             // "silver.tenant_status_history"
  std::vector<std::string> key;  // columns that name a row
  std::string closed_when;       // SQL: rows that may not change; empty: none
};

/// The least that any table may hold after a load or a publish.
struct FloorEntry {
  std::string table;  // of a layer or of staging
  std::optional<std::int64_t> min_rows;
  struct Shrink {
    std::int64_t amount = 0;
    enum class Of { rows, percent } of = Of::rows;
  };
  std::optional<Shrink> max_shrink;  // what it may lose at once
};

/// The schema that only grows. Its account is warehouse.accounts.vault.
struct VaultConfig {
  std::string schema = "vault";
};

struct StageProgram {
  std::string name;               // "staging_loader"
  std::vector<std::string> argv;  // empty: the binary of that name beside the running one
};

struct OrchestratorConfig {
  std::string state_machine;
  std::string state_dir;
  std::chrono::seconds run_time{7 * 3600};  // JST; the models' clock on the business date
  std::map<std::string, StageProgram> stages;
  std::map<std::string, std::vector<std::string>> commands;  // command:NAME -> argv
};

struct PipelineConfig {
  std::string path;  // of the file; relative paths inside it count from its folder
  AwsConfig aws;
  SourceConfig source;
  WarehouseConfig warehouse;
  StagingConfig staging;
  TransformConfig transform;
  BackupsConfig backups;
  std::vector<ProtectEntry> protect_history;
  std::vector<FloorEntry> protect_tables;
  std::optional<VaultConfig> vault;  // nullopt: no vault is kept
  OrchestratorConfig orchestrator;
  std::map<std::string, AlertChannel> alerts;
};

/// Reads and checks the file. ${NAME} in scalars is the environment variable NAME (absent: an
/// error), $$ a dollar sign. Unknown and duplicate keys are errors with file:line:column and the
/// nearest known key. Throws config_invalid.
PipelineConfig read_pipeline_config(const std::string& path);
/// The same for the text of a file that would stand at `path`.
PipelineConfig parse_pipeline_config(std::string_view text, const std::string& path);

}  // namespace pipeline
