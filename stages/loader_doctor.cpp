#include "stages/loader_doctor.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/core.h>

#include "common/identity/pipeline_aws.h"
#include "stages/commands/consumers.h"
#include "stages/doctor/account_findings.h"
#include "stages/doctor/server_findings.h"
#include "stages/staging/load/load_rights.h"
#include "stages/store_doctor.h"
#include "stages/store_options.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds silence_max{5};
constexpr std::chrono::seconds key_process_max{20};

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

// ---- accounts and server

std::string key_of_consumers(const PipelineConfig& config) {
  return fmt::format("warehouse.consumers_endpoint in {}", config.path);
}

std::optional<Connection> log_in_as_consumer(const PipelineConfig& config, const Tell& tell) {
  try {
    return Connection::open(as_doctor(consumers_options(config)));
  } catch (const Error& error) {
    tell(failure(
        Check::consumers, "", error,
        fmt::format("correct {}; or start that server, or make the account {} there by "
                    "deploy/sql/grants.sql",
                    key_of_consumers(config), config.warehouse.consumers_endpoint->account)));
    return {};
  }
}

/// Where those log in who read the data, against the warehouse, of which `here` is a session.
void tell_consumers(const PipelineConfig& config, Connection& here, const Tell& tell) {
  const auto& endpoint = config.warehouse.consumers_endpoint;
  if (!endpoint) return;
  auto there = log_in_as_consumer(config, tell);
  if (!there) return;
  try {
    require_same_warehouse(here, *there);
    tell(in_order(
        Check::consumers, "",
        fmt::format("{} logs in at {}", endpoint->account, there->options().endpoint.text())));
  } catch (const Error& error) {
    const bool elsewhere = error.kind() == ErrorKind::wrong_database;
    tell(failure(Check::consumers, "", error,
                 elsewhere ? fmt::format("point {} at the warehouse or a replica of it",
                                         key_of_consumers(config))
                           : advice_on_rights(error)));
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
      [&](Connection& session) {
        tell_server(config, session, context.clock, tell);
        tell_consumers(config, session, tell);
      },
      tell);
  if (looked) return;
  if (config.warehouse.consumers_endpoint) {
    tell(failure(Check::consumers, "", ErrorKind::unavailable,
                 "not tried, since nobody could log in at the warehouse itself",
                 "put the accounts in order first"));
  }
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
    PipelineAws aws = aws_for_doctor(context.config);
    tell_store(context, aws, tell);
  } else if (part == "server") {
    tell_server_part(context, tell);
  } else {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--doctor takes identity, store or server, not \"{}\"", part));
  }
}

}  // namespace pipeline
