#include "common/aws/credential_chain.h"

#include <fmt/core.h>

#include "common/aws/credential_process.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t token_bytes_max = 64U << 10U;

template <typename... Cases>
struct Each : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Each(Cases...) -> Each<Cases...>;  // Clang 14 does not know it by itself

PlanRequest request_of(const ChainOptions& options) {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(
      options.services.clock->now().time_since_epoch());
  return {.profile = options.profile,
          .session_name = fmt::format("nightly-pipeline-{}", second.count()),
          .hosts = options.hosts};
}

Secret web_identity_token(const std::string& path) {
  std::string token;
  try {
    token = trim(read_file(path, token_bytes_max));
  } catch (const Error& error) {
    throw Error(ErrorKind::access_denied, fmt::format("the token: {}", error.message()));
  }
  if (token.empty()) {
    throw Error(ErrorKind::access_denied, fmt::format("the token {} is empty", path));
  }
  return Secret(std::move(token));
}

}  // namespace

CredentialChain::CredentialChain(ChainOptions options) : options_(std::move(options)) {}

std::string CredentialChain::text() const {
  if (options_.profile.empty()) return "what the AWS CLI would use";
  return fmt::format("the AWS profile {}", options_.profile);
}

std::string CredentialChain::region() const {
  if (!options_.region.empty()) return options_.region;
  const auto& variables = options_.services.variables;
  return plan_region(request_of(options_), variables, read_shared_config(variables));
}

Credentials CredentialChain::fetch() {
  const PlanRequest request = request_of(options_);
  const auto& variables = options_.services.variables;
  const ChosenPlan chosen = plan_credentials(request, variables, read_shared_config(variables));
  ServiceClient client(options_.services);
  try {
    return obtain(chosen.plan, client, region());
  } catch (const Error& error) {
    std::string message =
        fmt::format("no AWS credentials from {}: {}", chosen.plan.origin, error.message());
    if (!chosen.passed_over.empty()) {
      message += fmt::format(" (before it: {})", join(chosen.passed_over, "; "));
    }
    Error told(error.kind(), std::move(message));
    if (const auto id = error.context_value("request_id"); !id.empty()) {
      told = Error(std::move(told).with("request_id", std::string(id)));
    }
    throw told;
  }
}

Credentials CredentialChain::obtain(const CredentialPlan& plan, ServiceClient& client,
                                    const std::string& region) {
  const MetadataOptions metadata{.hosts = options_.hosts,
                                 .http = options_.services.http,
                                 .clock = options_.services.clock,
                                 .variables = options_.services.variables};
  Credentials found = std::visit(
      Each{[](const StaticKeys& keys) { return keys.credentials; },
           [&](const ProcessCommand& process) {
             return run_credential_process(process.command, options_.process_limit, options_.stop);
           },
           [&](const WebIdentity& identity) {
             return Sts(client, region)
                 .assume_role_with_web_identity(identity.role,
                                                web_identity_token(identity.token_file));
           },
           [&](const AssumedRole& assumed) {
             return Sts(client, region)
                 .assume_role(assumed.role, obtain(*assumed.as, client, region));
           },
           [&](const ContainerKeys& container) {
             return fetch_container_credentials(container.url, metadata);
           },
           [&](const InstanceKeys&) { return fetch_instance_credentials(metadata); }},
      plan.how);
  found.origin = plan.origin;
  if (found.expires_at && *found.expires_at <= options_.services.clock->now()) {
    throw Error(ErrorKind::access_denied, fmt::format("what {} gives expired at {}", plan.origin,
                                                      format_utc(*found.expires_at)));
  }
  return found;
}

}  // namespace pipeline::aws
