#include "orchestrator/environment_names.h"

#include <array>
#include <set>

#include "common/stage/aws_variables.h"

namespace pipeline {

namespace {

constexpr std::array<std::string_view, 5> secret_aws_names = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN"};

void add(const SecretReference& reference, std::set<std::string>& names) {
  if (reference.source == SecretReference::Source::environment) names.insert(reference.name);
}

/// The variables that hold secrets of stages; those of alert channels are this process's own.
std::set<std::string> names_of_stage_secrets(const PipelineConfig& config) {
  std::set<std::string> names;
  for (const auto& [name, account] : config.warehouse.accounts) add(account.password, names);
  if (config.source.s3 && config.source.s3->keys) {
    add(config.source.s3->keys->access_key_id, names);
    add(config.source.s3->keys->secret_access_key, names);
    add(config.source.s3->keys->session_token, names);
  }
  return names;
}

}  // namespace

std::set<std::string> secret_environment_names(const PipelineConfig& config) {
  std::set<std::string> names = names_of_stage_secrets(config);
  for (const auto& [name, channel] : config.alerts) {
    for (const auto& reference : channel.secrets()) add(reference, names);
  }
  names.insert(secret_aws_names.begin(), secret_aws_names.end());
  names.insert(proxy_variable_names.begin(), proxy_variable_names.end());
  return names;
}

std::vector<std::string> environment_names(std::string_view config_text,
                                           const PipelineConfig& config) {
  std::set<std::string> names;
  // Comments are read too: a name too many does no harm, it is only let through if it is set.
  for (auto at = config_text.find("${"); at != std::string_view::npos;
       at = config_text.find("${", at + 2)) {
    const auto end = config_text.find('}', at);
    if (end == std::string_view::npos) break;
    names.emplace(config_text.substr(at + 2, end - at - 2));
  }
  const auto add_proxies = [&] {
    names.insert(proxy_variable_names.begin(), proxy_variable_names.end());
  };
  const auto add_aws = [&] {
    names.insert(aws_variable_names.begin(), aws_variable_names.end());
    add_proxies();
  };
  for (const auto& [name, account] : config.warehouse.accounts) {
    if (account.password.source == SecretReference::Source::secretsmanager) add_aws();
  }
  // STS is asked whose keys they are, wherever they come from.
  if (!config.aws.account.empty()) add_aws();
  if (config.source.s3) add_proxies();
  if (config.source.s3 && !config.source.s3->keys) add_aws();
  names.merge(names_of_stage_secrets(config));
  return {names.begin(), names.end()};
}

}  // namespace pipeline
