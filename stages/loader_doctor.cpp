#include "stages/loader_doctor.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <random>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/http/http_client.h"
#include "common/identity/pipeline_aws.h"
#include "common/io/file.h"
#include "common/object_store/s3_store.h"
#include "common/stage/measures.h"
#include "stages/commands/consumers.h"
#include "stages/doctor/account_findings.h"
#include "stages/doctor/server_findings.h"
#include "stages/staging/load/load_rights.h"
#include "stages/staging/load/stored_dumps.h"
#include "stages/store_options.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds silence_max{5};
constexpr int attempts_max = 2;
constexpr std::chrono::seconds key_process_max{20};
// No digits, and patterns of dumps have a date: no dump can be called so.
constexpr std::string_view probe_name = "pipeline-doctor-probe-";
constexpr std::string_view probe_text = "written by `orchestrator doctor`; it may be removed\n";
constexpr std::chrono::hours probe_is_left_after{1};
constexpr std::string_view gzip_magic = "\x1f\x8b";

// ---- who the pipeline is to AWS

bool is_secret_of_aws(const SecretReference& place) {
  return place.source == SecretReference::Source::secretsmanager;
}

/// Accounts whose passwords come from Secrets Manager, channels that do, and topics of SNS.
bool others_ask_aws(const PipelineConfig& config) {
  return std::ranges::any_of(
             config.warehouse.accounts,
             [](const auto& account) { return is_secret_of_aws(account.second.password); }) ||
         std::ranges::any_of(config.alerts, [](const auto& channel) {
           return std::holds_alternative<SnsAlert>(channel.second.kind) ||
                  std::ranges::any_of(channel.second.secrets(), is_secret_of_aws);
         });
}

/// Who the pipeline is to AWS, for a doctor: it gives up soon.
PipelineAws aws_for_doctor(const PipelineConfig& config) {
  return PipelineAws(config, {.check_cancelled = [] { throw_if_cancelled(); },
                              .process_limit = key_process_max,
                              .silence_limit = silence_max,
                              .retry = {.attempts_max = 1}});
}

std::string advice_on_identity(const PipelineConfig& config, const Error& error) {
  switch (error.kind()) {
    case ErrorKind::config_invalid:
      return fmt::format(
          "give keys of the right account (aws.profile in {0}, AWS_PROFILE, the "
          "host's role), or correct aws.account there; aws sts get-caller-identity "
          "tells whose keys a shell has",
          config.path);
    case ErrorKind::access_denied:
      return "aws sts get-caller-identity, as the pipeline's user, tells whether the keys are "
             "good; docs/reference/aws.md says where they are looked for";
    default:
      return "curl -I https://sts.amazonaws.com, as the pipeline's user: does a firewall or a "
             "proxy stand between?";
  }
}

using KeysOf = std::function<std::shared_ptr<aws::CredentialsSource>()>;

void tell_identity_of(const PipelineConfig& config, PipelineAws& aws, const std::string& about,
                      const KeysOf& keys_of, const Tell& tell) {
  try {
    const auto keys = keys_of()->fetch();
    const std::string region = config.source.s3 ? config.source.s3->region : "";
    const auto identity = aws.identity_of(keys, region);
    const std::string found =
        fmt::format("account {}, {} (keys from {})", identity.account, identity.arn, keys.origin);
    if (!config.aws.account.empty()) {
      tell(in_order(Check::aws_identity, about, found));
      return;
    }
    tell(warning(Check::aws_identity, about, found + "; aws.account is not given",
                 fmt::format("aws: {{account: \"{}\"}} in {} keeps the pipeline out of every other "
                             "account",
                             identity.account, config.path)));
  } catch (const Error& error) {
    tell(failure(Check::aws_identity, about, error, advice_on_identity(config, error)));
  }
}

void tell_identity(const PipelineConfig& config, const Tell& tell) {
  const auto& s3 = config.source.s3;
  const bool chain = (s3 && !s3->keys) || others_ask_aws(config);
  // Keys of another service than Amazon's belong to no account.
  const bool own_keys = s3 && s3->keys && s3->endpoint.empty();
  PipelineAws aws = aws_for_doctor(config);
  if (chain)
    tell_identity_of(
        config, aws, "", [&] { return aws.credentials(); }, tell);
  if (own_keys) {
    tell_identity_of(
        config, aws, chain ? "of the store" : "",
        [&] { return store_options(config, aws).credentials; }, tell);
  }
  if (!chain && !own_keys) tell(in_order(Check::aws_identity, "", "nothing comes from AWS"));
}

// ---- the store

/// A store of the doctor: it gives up soon.
std::unique_ptr<ObjectStore> open_for_doctor(const PipelineConfig& config, PipelineAws& aws) {
  S3Options s3 = store_options(config, aws);
  s3.silence_limit = silence_max;
  s3.retry.attempts_max = attempts_max;
  s3.check_cancelled = [] { throw_if_cancelled(); };
  return open_store(config.source.store, std::move(s3));
}

std::string advice_on_store(const PipelineConfig& config, const Error& error,
                            std::string_view action) {
  const std::string& store = config.source.store;
  if (!config.source.s3) {
    return fmt::format(
        "mkdir -p {0} && chown nightly-pipeline {0} (systemd: and a drop-in with "
        "ReadWritePaths={0}), or correct source.store in {1}",
        store, config.path);
  }
  switch (error.kind()) {
    case ErrorKind::access_denied:
      return fmt::format(
          "allow {} on {} to these keys (docs/reference/object-store.md), or give "
          "the right ones: source.credentials in {}",
          action, store, config.path);
    case ErrorKind::config_invalid:
      return fmt::format(
          "make the bucket (aws s3 mb {}), or correct source.store, source.region "
          "and source.endpoint in {}",
          store, config.path);
    default:
      return fmt::format(
          "curl -I {}: does a firewall or a proxy stand between? source.endpoint "
          "and source.region stand in {}",
          config.source.s3->endpoint.empty() ? "https://s3.amazonaws.com"
                                             : config.source.s3->endpoint,
          config.path);
  }
}

/// Of S3: the Date of any answer, also of a refusal.
Finding clock_of_service(const PipelineConfig& config, const S3Options& s3, Clock& clock) {
  const S3Address address = s3_address(config.source.store, s3.endpoint, s3.region, s3.addressing);
  http::Client client({.ca_file = s3.ca_file, .silence_limit = silence_max});
  const auto sent = clock.now();
  const auto answer = client.send({.method = http::Method::head,
                                   .url = address.origin + address.root_path,
                                   .headers = {},
                                   .body = {}});
  const auto came = clock.now();
  const auto there = parse_http_date(answer->header("date"));
  if (!there) {
    return warning(Check::store_clock, "", "the store sends no Date",
                   "date -u, here and on the store's host");
  }
  // The header has whole seconds: half a second is added, and may be wrong by as much.
  const auto half_way = (came - sent) / 2;
  return clock_finding(Check::store_clock, "the store's clock",
                       {.here = sent + half_way,
                        .there = *there + std::chrono::milliseconds(500),
                        .doubt = std::chrono::duration_cast<std::chrono::milliseconds>(half_way) +
                                 std::chrono::milliseconds(500)});
}

class StoreLook {
 public:
  StoreLook(const StageContext& context, const Tell& tell)
      : config_(context.config),
        clock_(context.clock),
        tell_(tell),
        aws_(aws_for_doctor(context.config)) {}

  void all() {
    if (config_.source.s3) {
      attempt(Check::store_clock, "s3:ListBucket",
              [&] { tell_(clock_of_service(config_, store_place(config_), clock_)); });
    }
    attempt(Check::store_list, "s3:ListBucket", [&] { list(); });
    attempt(Check::store_read, "s3:GetObject", [&] { read(); });
    attempt(Check::store_write, "s3:PutObject, s3:GetObject and s3:DeleteObject", [&] { write(); });
    if (config_.source.s3) return;
    tell_(clock_of_folder_.value_or(warning(Check::store_clock, "",
                                            "unknown, since no object could be written",
                                            "see the line about writing to the store")));
    tell_(space_finding(Check::free_space, "the store", folder()));
  }

 private:
  /// Once the store has not answered, nobody else waits for it.
  void attempt(Check check, std::string_view action, const std::function<void()>& look) {
    try {
      if (silent_) {
        throw Error(silent_->kind(), "not tried, since the store did not answer before");
      }
      look();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unavailable) silent_ = error;
      tell_(failure(check, "", error, advice_on_store(config_, error, action)));
    }
  }

  ObjectStore& store() {
    if (!store_) store_ = open_for_doctor(config_, aws_);
    return *store_;
  }

  void list() {
    const auto dumps = list_dumps(store(), dump_places(config_));
    const auto& source = config_.source;
    const std::string where = store().url();
    if (dumps.empty()) {
      tell_(warning(Check::store_list, "",
                    fmt::format("{}: no dump under {} or {} is called as {} says", where,
                                source.prefix, source.processed_prefix, source.object_pattern),
                    fmt::format("deliver one, or correct source.prefix and source.objects in {}",
                                config_.path)));
      return;
    }
    // One that was refused tells nothing of what comes in.
    const auto taken = std::ranges::find_if(dumps.rbegin(), dumps.rend(), [](const auto& dump) {
      return dump.where != StoredDump::Where::quarantine;
    });
    newest_ = taken == dumps.rend() ? dumps.back() : *taken;
    const auto age = (BusinessDate::at(clock_.now()).days() - newest_->date.days()).count();
    const std::string found = fmt::format("{}: {} dumps, the newest is {} of {}", where,
                                          dumps.size(), newest_->object.key, newest_->date.iso());
    if (age <= 1) {
      tell_(in_order(Check::store_list, "", found));
      return;
    }
    tell_(warning(Check::store_list, "", fmt::format("{}, {} days ago", found, age),
                  fmt::format("ask who delivers why nothing came since; if it did, correct "
                              "source.prefix and source.objects in {}",
                              config_.path)));
  }

  void read() {
    if (!newest_) {
      tell_(
          warning(Check::store_read, "", "there is no dump to read", "see the list of the store"));
      return;
    }
    const std::string& key = newest_->object.key;
    std::array<char, gzip_magic.size()> first{};
    const auto source = store().get(key);
    std::size_t count = 0;
    while (count < first.size()) {
      const std::size_t got = source->read(std::span(first).subspan(count));
      if (got == 0) break;
      count += got;
    }
    const std::string_view bytes(first.data(), count);
    if (newest_->compressed() && bytes != gzip_magic) {
      tell_(failure(Check::store_read, "", ErrorKind::dump_corrupt,
                    fmt::format("{} is no gzip: its first bytes are others", key),
                    fmt::format("have it delivered again; file {} tells what it is",
                                key.substr(key.rfind('/') + 1))));
      return;
    }
    tell_(in_order(Check::store_read, "",
                   fmt::format("{}: {}, {}", key, newest_->compressed() ? "gzip" : "not compressed",
                               human_bytes(newest_->object.size_bytes))));
  }

  void write() {
    std::vector<std::string> written{write_under(config_.source.processed_prefix)};
    const std::string& quarantine = config_.source.quarantine_prefix;
    if (!quarantine.empty()) written.push_back(write_under(quarantine));
    tell_(in_order(Check::store_write, "",
                   fmt::format("wrote, read back and removed {}", join(written, ", "))));
  }

  std::string write_under(const std::string& folder) {
    const std::string prefix = folder + std::string(probe_name);
    remove_what_was_left(prefix);
    const std::string key = prefix + random_letters();
    TextSource source(probe_text);
    const auto before = clock_.now();
    const ObjectInfo written = store().put(key, source);
    const auto after = clock_.now();
    const std::string back = read_all(*store().get(key), 2 * probe_text.size());
    store().remove(key);
    if (back != probe_text) {
      throw Error(ErrorKind::unavailable, fmt::format("{} came back with other bytes", key));
    }
    if (store().stat(key)) {
      throw Error(ErrorKind::access_denied, fmt::format("{} is still there after removal", key));
    }
    if (config_.source.s3) return key;
    // Of a folder that lies on a server of files, these are two clocks.
    const auto half_way = (after - before) / 2;
    clock_of_folder_ =
        clock_finding(Check::store_clock, "the store's clock",
                      {.here = before + half_way,
                       .there = written.modified,
                       .doubt = std::chrono::duration_cast<std::chrono::milliseconds>(half_way)});
    return key;
  }

  /// By a doctor that was ended at the wrong moment.
  void remove_what_was_left(const std::string& prefix) {
    for (const auto& object : store().list(prefix)) {
      if (clock_.now() - object.modified > probe_is_left_after) store().remove(object.key);
    }
  }

  static std::string random_letters() {
    std::random_device random;
    std::uniform_int_distribution<int> letter('a', 'z');
    std::string name(16, 'a');
    for (char& c : name) c = static_cast<char>(letter(random));
    return name;
  }

  std::string folder() const {
    constexpr std::string_view scheme = "file://";
    const std::string& store = config_.source.store;
    return store.starts_with(scheme) ? store.substr(scheme.size()) : store;
  }

  const PipelineConfig& config_;
  Clock& clock_;
  const Tell& tell_;
  PipelineAws aws_;
  std::unique_ptr<ObjectStore> store_;
  std::optional<StoredDump> newest_;
  std::optional<Finding> clock_of_folder_;
  std::optional<Error> silent_;
};

// ---- accounts and server

/// Where those log in who read the data.
void tell_consumers(const PipelineConfig& config, const Tell& tell) {
  const auto& endpoint = config.warehouse.consumers_endpoint;
  if (!endpoint) return;
  const std::string key = fmt::format("warehouse.consumers_endpoint in {}", config.path);
  try {
    Connection there = Connection::open(as_doctor(consumers_options(config)));
    Connection here = Connection::open(doctor_session(config, "publish"));
    require_same_warehouse(here, there);
    tell(in_order(
        Check::consumers, "",
        fmt::format("{} logs in at {}", endpoint->account, there.options().endpoint.text())));
  } catch (const Error& error) {
    tell(failure(Check::consumers, "", error,
                 fmt::format("correct {}; or start that server, or make the account {} there by "
                             "deploy/sql/grants.sql",
                             key, endpoint->account)));
  }
}

void tell_server_part(const StageContext& context, const Tell& tell) {
  const PipelineConfig& config = context.config;
  const std::string& schema = config.staging.schema;
  std::vector<std::string> layers;
  for (const auto& layer : config.transform.layers) layers.push_back(layer.schema);
  const publish::KnownSchemas known{.staging = schema, .layers = layers, .vault = ""};
  const std::vector<AccountToProve> accounts{
      {.name = "publish",
       .role = publish::StageAccount::publish,
       .on = schema,
       .require_rights =
           [&](Connection& session) { require_rights_to_publish(session, schema, layers); }},
      {.name = "load",
       .role = publish::StageAccount::load,
       .on = schema,
       .require_rights = [&](Connection& session) { require_rights_to_load(session, schema); }}};
  const bool looked = tell_accounts(
      config, accounts, known,
      [&](Connection& session) { tell_server(config, session, context.clock, tell); }, tell);
  tell_consumers(config, tell);
  if (looked) return;
  tell(failure(Check::server_version, "", ErrorKind::unavailable,
               "nobody could log in and ask; no setting of the server is known",
               "put the accounts in order first"));
}

}  // namespace

void loader_doctor(const StageContext& context, const std::string& part) {
  const Tell tell = tell_as_lines();
  if (part == "identity") {
    tell_identity(context.config, tell);
  } else if (part == "store") {
    StoreLook(context, tell).all();
  } else if (part == "server") {
    tell_server_part(context, tell);
  } else {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--doctor takes identity, store or server, not \"{}\"", part));
  }
}

}  // namespace pipeline
