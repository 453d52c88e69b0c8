#include "orchestrator/environment_names.h"

#include <set>

#include "common/stage/aws_variables.h"

namespace pipeline {

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
  const auto add = [&](const SecretReference& reference) {
    if (reference.source == SecretReference::Source::environment) names.insert(reference.name);
  };
  const auto add_proxies = [&] {
    names.insert(proxy_variable_names.begin(), proxy_variable_names.end());
  };
  const auto add_aws = [&] {
    names.insert(aws_variable_names.begin(), aws_variable_names.end());
    add_proxies();
  };
  for (const auto& [name, account] : config.warehouse.accounts) {
    add(account.password);
    if (account.password.source == SecretReference::Source::secretsmanager) add_aws();
  }
  // STS is asked whose keys they are, wherever they come from.
  if (!config.aws.account.empty()) add_aws();
  if (config.source.s3) add_proxies();
  if (config.source.s3 && config.source.s3->keys) {
    add(config.source.s3->keys->access_key_id);
    add(config.source.s3->keys->secret_access_key);
    add(config.source.s3->keys->session_token);
  } else if (config.source.s3) {
    add_aws();
  }
  return {names.begin(), names.end()};
}

}  // namespace pipeline
