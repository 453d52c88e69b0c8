#include "common/stage/pipeline_config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <span>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/config/yaml.h"
#include "common/stage/config_values.h"

namespace pipeline {
namespace {

using config_values::at_least;
using config_values::expanded;
using config_values::port_of;
using config_values::refuse;
using config_values::text_of;
using config_values::texts;

/// Reads one pipeline.yaml; knows its folder, from which relative paths count.
class Reader {
 public:
  explicit Reader(const std::string& path)
      : folder_(std::filesystem::absolute(path).parent_path()) {
    config_.path = std::filesystem::absolute(path).lexically_normal().string();
  }

  PipelineConfig read(const YamlNode& root) {
    if (root.is_null()) refuse(root, "the configuration is empty; deploy/pipeline.yaml shows one");
    root.allow_only({"aws", "source", "warehouse", "staging", "transform", "backups", "protect",
                     "vault", "orchestrator", "alerts", "objectives"});
    source(root.at("source"));
    warehouse(root.at("warehouse"));
    if (const auto* node = root.find("staging")) staging(*node);
    transform(root.at("transform"));
    if (const auto* node = root.find("backups")) backups(*node);
    if (const auto* node = root.find("protect")) protect(*node);
    known_ends(root.at("source"));  // which asks for floors
    if (const auto* node = root.find("vault")) vault(*node);
    orchestrator(root.at("orchestrator"));
    if (const auto* node = root.find("alerts")) alerts(*node);
    if (const auto* node = root.find("aws")) aws(*node);  // which asks what comes from AWS
    return std::move(config_);
  }

 private:
  std::string path_of(const YamlNode& node) const { return config_values::path_of(node, folder_); }

  /// The place of `what`, which is "password" or the like.
  SecretReference secret(
      const YamlNode& node, std::string_view what,
      std::span<const config_values::Place> places = config_values::places_of_keys()) const {
    return config_values::secret_of(node, what, places, folder_);
  }

  static std::chrono::seconds time_of_day(const YamlNode& node) {
    const auto time = parse_time_of_day(expanded(node));
    if (!time)
      refuse(node, fmt::format("expected a time of day such as 07:40, found \"{}\"", node.text()));
    return *time;
  }

  static SourceConfig::Manifest manifest(const YamlNode& node, const SourceConfig& source) {
    using Manifest = SourceConfig::Manifest;
    constexpr std::pair<std::string_view, Manifest> words[] = {{"ignore", Manifest::ignore},
                                                               {"optional", Manifest::optional},
                                                               {"required", Manifest::required}};
    const std::string given = text_of(node);
    const auto* found =
        std::ranges::find(words, given, [](const auto& word) { return word.first; });
    if (found == std::end(words)) refuse(node, "manifest is ignore, optional or required");
    if (found->second != Manifest::ignore && source.object_pattern.ends_with(".json")) {
      refuse(node, "objects are called as their manifests would be, *.json");
    }
    return found->second;
  }

  void source(const YamlNode& node) {
    node.allow_only({"store", "prefix", "objects", "processed", "quarantine",
                     "quarantine_after_minutes", "manifest", "require_trailer", "wait_until",
                     "poll_seconds", "endpoint", "region", "addressing", "tls", "credentials"});
    auto& source = config_.source;
    const std::string store = text_of(node.at("store"));
    source.store = store.find("://") == std::string::npos ? path_of(node.at("store")) : store;
    if (store.starts_with("s3://")) {
      source.s3 = s3(node);
    } else {
      refuse_keys_of_s3(node);
    }
    if (const auto* n = node.find("prefix")) source.prefix = expanded(*n);
    if (const auto* n = node.find("processed")) source.processed_prefix = text_of(*n);
    if (const auto* n = node.find("quarantine")) source.quarantine_prefix = expanded(*n);
    if (const auto* n = node.find("quarantine_after_minutes")) {
      constexpr std::int64_t minutes_max = 7 * 24 * 60;
      const std::int64_t minutes = at_least(0, *n);
      if (minutes > minutes_max) refuse(*n, fmt::format("at most {} minutes", minutes_max));
      source.quarantine_after = std::chrono::minutes(minutes);
    }
    if (const auto* n = node.find("objects")) {
      source.object_pattern = text_of(*n);
      for (const auto* part : {"%Y", "%m", "%d"}) {
        if (source.object_pattern.find(part) == std::string::npos) {
          refuse(*n, fmt::format("the name of a dump must carry its date: {} is missing", part));
        }
      }
    }
    if (const auto* n = node.find("manifest")) source.manifest = manifest(*n, source);
    if (const auto* n = node.find("wait_until")) source.wait_until = time_of_day(*n);
    if (const auto* n = node.find("poll_seconds")) {
      source.poll_interval = std::chrono::seconds(at_least(1, *n));
    }
    if (source.prefix == source.processed_prefix) {
      refuse(node, "prefix and processed must differ: loaded dumps move from one to the other");
    }
    if (source.quarantine_prefix == source.prefix ||
        source.quarantine_prefix == source.processed_prefix) {
      refuse(node, "quarantine must differ from prefix and processed: refused dumps move there");
    }
  }

  /// A dump without its last comment may be cut off: something else must tell.
  void known_ends(const YamlNode& source) {
    const auto* node = source.find("require_trailer");
    if (node == nullptr) return;
    const std::string word = text_of(*node);
    if (word != "true" && word != "false") refuse(*node, "require_trailer is true or false");
    if (word == "true") return;
    const std::string staging = config_.staging.schema + ".";
    const auto is_floor = [&](const FloorEntry& entry) {
      return entry.table.starts_with(staging) && entry.min_rows.value_or(0) > 0;
    };
    if (config_.source.manifest == SourceConfig::Manifest::ignore &&
        std::ranges::none_of(config_.protect_tables, is_floor)) {
      refuse(*node,
             "require_trailer: false takes dumps whose end nobody knows; give source.manifest "
             "or a min_rows for the tables of " +
                 config_.staging.schema + " in protect.tables");
    }
    config_.source.trailer = SourceConfig::Trailer::optional;
  }

  static void refuse_keys_of_s3(const YamlNode& node) {
    for (const auto* key : {"endpoint", "region", "addressing", "tls", "credentials"}) {
      if (const auto* n = node.find(key)) {
        refuse(*n, fmt::format("source.{} is for a store s3://bucket alone", key));
      }
    }
  }

  S3Config s3(const YamlNode& node) const {
    S3Config s3;
    s3.region = text_of(node.at("region"));
    if (const auto* n = node.find("endpoint")) s3.endpoint = text_of(*n);
    if (const auto* n = node.find("addressing")) {
      const std::string word = text_of(*n);
      if (word != "path" && word != "virtual") refuse(*n, "addressing is path or virtual");
      s3.addressing =
          word == "path" ? S3Config::Addressing::path : S3Config::Addressing::virtual_host;
    }
    if (const auto* n = node.find("tls")) {
      n->allow_only({"ca"});
      s3.tls_ca = path_of(n->at("ca"));
    }
    if (const auto* n = node.find("credentials")) {
      n->allow_only({"access_key_id", "secret_access_key", "session_token"});
      s3.keys.emplace();
      s3.keys->access_key_id = secret(n->at("access_key_id"), "key id");
      s3.keys->secret_access_key = secret(n->at("secret_access_key"), "secret key");
      if (const auto* token = n->find("session_token")) {
        s3.keys->session_token = secret(*token, "session token");
      }
    }
    return s3;
  }

  void warehouse(const YamlNode& node) {
    auto& warehouse = config_.warehouse;
    node.allow_only({"server", "socket", "port", "tls", "accounts", "fingerprint", "replica",
                     "consumers_endpoint"});
    const std::string server = text_of(node.at("server"));
    if (server == "managed") {
      warehouse.server = WarehouseConfig::Server::managed;
      warehouse.socket = path_of(node.at("socket"));
    } else {
      warehouse.server = WarehouseConfig::Server::remote;
      warehouse.host = server;
      if (const auto* n = node.find("socket")) warehouse.socket = path_of(*n);
    }
    if (const auto* n = node.find("port")) warehouse.port = port_of(*n);
    if (const auto* n = node.find("tls")) {
      n->allow_only({"mode", "ca"});
      if (const auto* ca = n->find("ca")) warehouse.tls_ca = path_of(*ca);
      if (const auto* mode = n->find("mode")) {
        const std::string word = text_of(*mode);
        if (word != "verify" && word != "insecure_plaintext") {
          refuse(*mode, "tls.mode is verify or insecure_plaintext");
        }
        if (word == "insecure_plaintext") warehouse.tls = WarehouseConfig::Tls::insecure_plaintext;
      }
    }
    if (const auto* n = node.find("fingerprint")) warehouse.fingerprint = text_of(*n);
    if (const auto* n = node.find("replica")) {
      const std::string word = text_of(*n);
      if (word != "refuse" && word != "allow") refuse(*n, "replica is refuse or allow");
      if (word == "allow") warehouse.replica = WarehouseConfig::Replica::allowed;
    }
    if (const auto* n = node.find("consumers_endpoint")) consumers_endpoint(*n);
    const YamlNode& accounts = node.at("accounts");
    accounts.allow_only({"load", "build", "publish", "vault", "janitor", "admin"});
    for (const auto& [name, value] : accounts.entries()) {
      warehouse.accounts[name.text()] = account(value);
    }
    for (const auto* needed : {"load", "build", "publish", "janitor"}) {
      if (!warehouse.accounts.contains(needed)) {
        refuse(accounts, fmt::format("the account \"{}\" is missing", needed));
      }
    }
    const auto& consumers = warehouse.consumers_endpoint;
    if (consumers && !warehouse.accounts.contains(consumers->account)) {
      refuse(node.at("consumers_endpoint"),
             fmt::format("warehouse.accounts has no account \"{}\"", consumers->account));
    }
  }

  void consumers_endpoint(const YamlNode& node) {
    node.allow_only({"host", "socket", "port", "account", "wait_seconds"});
    auto& endpoint = config_.warehouse.consumers_endpoint.emplace();
    if (const auto* n = node.find("socket")) endpoint.socket = path_of(*n);
    if (const auto* n = node.find("host")) endpoint.host = text_of(*n);
    if (endpoint.host.empty() == endpoint.socket.empty()) refuse(node, "give host or socket");
    if (const auto* n = node.find("port")) endpoint.port = port_of(*n);
    if (const auto* n = node.find("account")) endpoint.account = text_of(*n);
    if (const auto* n = node.find("wait_seconds"))
      endpoint.wait = std::chrono::seconds(at_least(0, *n));
  }

  AccountConfig account(const YamlNode& node) const {
    node.allow_only({"user", "password"});
    return {.user = text_of(node.at("user")),
            .password = secret(node.at("password"), "password", config_values::places_of_logins())};
  }

  bool uses_secrets_manager() const {
    return std::ranges::any_of(config_.warehouse.accounts, [](const auto& entry) {
      return entry.second.password.source == SecretReference::Source::secretsmanager;
    });
  }

  bool alerts_use_aws() const {
    return std::ranges::any_of(config_.alerts, [](const auto& entry) {
      return std::holds_alternative<SnsAlert>(entry.second.kind) ||
             std::ranges::any_of(entry.second.secrets(), [](const SecretReference& secret) {
               return secret.source == SecretReference::Source::secretsmanager;
             });
    });
  }

  void aws(const YamlNode& node) {
    node.allow_only({"profile", "account", "region"});
    auto& aws = config_.aws;
    if (const auto* n = node.find("profile")) aws.profile = text_of(*n);
    if (const auto* n = node.find("region")) aws.region = text_of(*n);
    if (const auto* n = node.find("account")) {
      aws.account = text_of(*n);
      aws.account_where = n->where();
      const bool digits = aws.account.find_first_not_of("0123456789") == std::string::npos;
      if (aws.account.size() != 12 || !digits) {
        refuse(*n, fmt::format("an account of AWS is 12 digits, not \"{}\"", aws.account));
      }
    }
    const auto& s3 = config_.source.s3;
    const bool keys_of_aws = s3 && (!s3->keys || s3->endpoint.empty());
    const bool others = uses_secrets_manager() || alerts_use_aws();
    if (!keys_of_aws && !others) {
      refuse(node,
             "nothing here comes from AWS, so nobody would look at this: neither "
             "source.store is s3://... nor a password in secretsmanager nor an alert to sns");
    }
    if (!aws.profile.empty() && s3 && s3->keys && !others) {
      refuse(node.at("profile"),
             "source.credentials names the keys already; a profile would not be looked at");
    }
  }

  void staging(const YamlNode& node) {
    node.allow_only(
        {"schema", "sessions", "preserve", "shrink_guard_rows", "load", "rebuild_before_swap"});
    auto& staging = config_.staging;
    if (const auto* n = node.find("schema")) staging.schema = text_of(*n);
    if (const auto* n = node.find("sessions")) {
      constexpr std::int64_t sessions_max = 16;
      const std::int64_t sessions = at_least(1, *n);
      if (sessions > sessions_max) refuse(*n, fmt::format("at most {} sessions", sessions_max));
      staging.sessions = static_cast<int>(sessions);
    }
    if (const auto* n = node.find("load")) {
      const std::string word = text_of(*n);
      if (word != "changes" && word != "whole") refuse(*n, "load is changes or whole");
      if (word == "whole") staging.load = StagingConfig::Load::whole;
    }
    if (const auto* n = node.find("rebuild_before_swap"); n != nullptr && n->as_bool()) {
      staging.rebuild_before_swap = StagingConfig::Rebuild::yes;
    }
    if (const auto* n = node.find("preserve")) staging.preserve = texts(*n);
    if (const auto* n = node.find("shrink_guard_rows")) staging.shrink_guard_rows = at_least(1, *n);
  }

  void transform(const YamlNode& node) {
    node.allow_only({"project", "profiles_dir", "target", "target_path", "threads", "layers",
                     "on_test_failure"});
    auto& transform = config_.transform;
    transform.project_dir = path_of(node.at("project"));
    if (const auto* n = node.find("profiles_dir")) transform.profiles_dir = path_of(*n);
    if (const auto* n = node.find("target")) transform.target = text_of(*n);
    if (const auto* n = node.find("target_path")) transform.target_path = path_of(*n);
    if (const auto* n = node.find("threads")) {
      const auto threads = at_least(1, *n);
      if (threads > 256) refuse(*n, "threads are 256 at most: each is a session of the server");
      transform.threads = static_cast<int>(threads);
    }
    if (const auto* n = node.find("on_test_failure")) {
      const std::string word = text_of(*n);
      if (word != "block" && word != "publish_and_alert") {
        refuse(*n, "on_test_failure is block or publish_and_alert");
      }
      if (word == "publish_and_alert") {
        config_.transform.on_test_failure = TransformConfig::OnTestFailure::publish_and_alert;
      }
    }
    for (const auto& [name, value] : node.at("layers").entries()) {
      value.allow_only({"schema", "select"});
      LayerConfig layer{.name = name.text(), .schema = name.text(), .select = {}};
      if (const auto* n = value.find("schema")) layer.schema = text_of(*n);
      layer.select = texts(value.at("select"));
      require_schema_of_its_own(layer, value);
      transform.layers.push_back(std::move(layer));
    }
    if (transform.layers.empty()) refuse(node.at("layers"), "no layer is given");
  }

  /// A layer is swapped whole: what else lies in its schema would be another program's.
  void require_schema_of_its_own(const LayerConfig& layer, const YamlNode& node) const {
    const YamlNode& where = node.find("schema") != nullptr ? node.at("schema") : node;
    const auto taken = [&](const std::string& by) {
      refuse(where, fmt::format("the schema {} of the layer {} is that of {}", layer.schema,
                                layer.name, by));
    };
    if (layer.schema == config_.staging.schema) taken("staging");
    if (layer.schema == "pipeline") taken("the pipeline's own records");
    for (const auto& other : config_.transform.layers) {
      if (other.schema == layer.schema) taken("the layer " + other.name);
    }
  }

  void backups(const YamlNode& node) {
    node.allow_only({"tables", "keep_days"});
    if (const auto* n = node.find("tables")) {
      config_.backups.tables = texts(*n);
      config_.backups.tables_given = true;
    }
    if (const auto* n = node.find("keep_days")) {
      const auto days = at_least(1, *n);
      if (days > 36500) refuse(*n, "keep_days is 36500 (a hundred years) at most");
      config_.backups.keep_days = static_cast<int>(days);
    }
  }

  void protect(const YamlNode& node) {
    node.allow_only({"history", "tables"});
    if (const auto* history = node.find("history")) {
      for (const auto& item : history->items()) protect_history(item);
    }
    if (const auto* tables = node.find("tables")) {
      for (const auto& item : tables->items()) protect_table(item);
    }
  }

  void protect_history(const YamlNode& item) {
    item.allow_only({"table", "key", "closed_when"});
    ProtectEntry entry{.table = text_of(item.at("table")), .key = texts(item.at("key"))};
    if (entry.key.empty()) refuse(item.at("key"), "name the columns that name a row");
    if (const auto* n = item.find("closed_when")) entry.closed_when = text_of(*n);
    for (const auto& other : config_.protect_history) {
      if (other.table == entry.table)
        refuse(item, entry.table + " stands in protect.history twice");
    }
    config_.protect_history.push_back(std::move(entry));
  }

  void protect_table(const YamlNode& item) {
    item.allow_only({"table", "min_rows", "max_shrink"});
    FloorEntry entry{.table = text_of(item.at("table"))};
    if (const auto* n = item.find("min_rows")) entry.min_rows = at_least(0, *n);
    if (const auto* n = item.find("max_shrink")) entry.max_shrink = shrink(*n);
    if (!entry.min_rows && !entry.max_shrink) refuse(item, "give min_rows, max_shrink or both");
    for (const auto& other : config_.protect_tables) {
      if (other.table == entry.table) refuse(item, entry.table + " stands in protect.tables twice");
    }
    config_.protect_tables.push_back(std::move(entry));
  }

  /// "10%" or a number of rows.
  static FloorEntry::Shrink shrink(const YamlNode& node) {
    std::string text = expanded(node);
    const bool percent = text.ends_with("%");
    if (percent) text.pop_back();
    std::int64_t amount = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    const bool number = error == std::errc() && end == text.data() + text.size() && amount >= 0;
    if (!number || (percent && amount > 100)) {
      refuse(node, fmt::format("expected a share such as 10% or a number of rows, found \"{}\"",
                               node.text()));
    }
    return {.amount = amount,
            .of = percent ? FloorEntry::Shrink::Of::percent : FloorEntry::Shrink::Of::rows};
  }

  void vault(const YamlNode& node) {
    node.allow_only({"schema"});
    config_.vault.emplace();
    if (const auto* n = node.find("schema")) config_.vault->schema = text_of(*n);
    if (!config_.warehouse.accounts.contains("vault")) {
      refuse(node, "a vault needs its own account: warehouse.accounts.vault is missing");
    }
  }

  void orchestrator(const YamlNode& node) {
    node.allow_only({"state_machine", "state_dir", "run_time", "stages", "commands"});
    auto& orchestrator = config_.orchestrator;
    orchestrator.state_machine = path_of(node.at("state_machine"));
    orchestrator.state_dir = path_of(node.at("state_dir"));
    if (const auto* n = node.find("run_time")) orchestrator.run_time = time_of_day(*n);
    if (const auto* n = node.find("stages")) {
      for (const auto& [name, value] : n->entries()) {
        orchestrator.stages[name.text()] = {.name = name.text(), .argv = texts(value)};
      }
    }
    if (const auto* n = node.find("commands")) {
      for (const auto& [name, value] : n->entries()) {
        orchestrator.commands[name.text()] = texts(value);
      }
    }
  }

  void alerts(const YamlNode& node) {
    for (const auto& [name, value] : node.entries()) {
      config_.alerts[name.text()] = read_alert_channel(name.text(), value, folder_);
    }
  }

  std::filesystem::path folder_;
  PipelineConfig config_;
};

}  // namespace

std::string SecretReference::text() const {
  switch (source) {
    case Source::none:
      return "nowhere";
    case Source::file:
      return "file " + name;
    case Source::environment:
      return "environment variable " + name;
    case Source::credential:
      return "systemd credential " + name;
    case Source::secretsmanager:
      return "secret " + name + " of Secrets Manager";
    case Source::my_cnf:
      return "[client] of " + name;
  }
  return "nowhere";
}

PipelineConfig read_pipeline_config(const std::string& path) {
  return Reader(path).read(YamlNode::parse_file(path));
}

PipelineConfig parse_pipeline_config(std::string_view text, const std::string& path) {
  return Reader(path).read(YamlNode::parse(text, path));
}

}  // namespace pipeline
