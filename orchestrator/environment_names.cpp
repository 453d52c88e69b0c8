#include "orchestrator/environment_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/config/yaml.h"
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

/// Calls `visit` with each name in ${NAME}; two dollar signs are one, and begin no name.
void each_name(std::string_view text, const std::function<void(std::string)>& visit) {
  for (auto at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    const auto end = text.find('}', at);
    if (text.substr(at, 2) == "${" && end != std::string_view::npos) {
      visit(std::string(text.substr(at + 2, end - at - 2)));
    }
    at += text.substr(at, 2) == "$$" ? 2U : 1U;
  }
}

/// What stands there is given to programs. Of a key beneath, the whole path is asked about.
bool is_for_programs(const std::string& path) {
  constexpr std::array<std::string_view, 3> places{"/alerts", "/orchestrator/commands",
                                                   "/orchestrator/stages"};
  return std::ranges::find(places, path) != places.end();
}

void add_names(const YamlNode& node, const std::string& path, std::set<std::string>& names) {
  if (is_for_programs(path)) return;
  switch (node.kind()) {
    case YamlNode::Kind::null:
      return;
    case YamlNode::Kind::scalar:
      each_name(node.text(), [&](std::string name) { names.insert(std::move(name)); });
      return;
    case YamlNode::Kind::sequence:
      for (const auto& item : node.items()) add_names(item, path, names);
      return;
    case YamlNode::Kind::mapping:
      for (const auto& [key, value] : node.entries()) {
        add_names(value, path + "/" + (key.is_scalar() ? key.text() : ""), names);
      }
      return;
  }
}

}  // namespace

std::vector<std::string> doctor_environment_names(std::string_view config_text,
                                                  const PipelineConfig& config) {
  const auto asks_aws = [](const auto& entry) {
    const AlertChannel& channel = entry.second;
    return std::holds_alternative<SnsAlert>(channel.kind) ||
           std::ranges::any_of(channel.secrets(), [](const SecretReference& secret) {
             return secret.source == SecretReference::Source::secretsmanager;
           });
  };
  const auto names = environment_names(config_text, config);
  std::set<std::string> all(names.begin(), names.end());
  if (std::ranges::any_of(config.alerts, asks_aws)) {
    all.insert(aws_variable_names.begin(), aws_variable_names.end());
    all.insert(proxy_variable_names.begin(), proxy_variable_names.end());
  }
  return {all.begin(), all.end()};
}

std::set<std::string> names_of_settings(std::string_view config_text) {
  std::set<std::string> names;
  add_names(YamlNode::parse(config_text, "pipeline.yaml"), "", names);
  return names;
}

std::vector<std::pair<std::string, std::string>> typed_variables(std::string_view config_text,
                                                                 const PipelineConfig& config,
                                                                 const ValueOf& value_of) {
  const auto secret = secret_environment_names(config);
  auto shown = names_of_settings(config_text);
  shown.insert(aws_variable_names.begin(), aws_variable_names.end());
  std::vector<std::pair<std::string, std::string>> variables;
  for (const auto& name : environment_names(config_text, config)) {
    const char* value = value_of(name);
    if (value == nullptr || secret.contains(name)) continue;
    variables.emplace_back(name, shown.contains(name) ? value : "...");
  }
  return variables;
}

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
