#include "common/aws/sts.h"

#include <fmt/core.h>

#include "common/aws/sigv4.h"
#include "common/base/error.h"

namespace pipeline::aws {
namespace {

constexpr std::string_view global_region = "us-east-1";
constexpr std::string_view global_host = "sts.amazonaws.com";

Service sts_at(std::string_view region, const Variables& variables) {
  if (!region.empty()) return service_at("sts", region, variables);
  Service service = service_at("sts", global_region, variables);
  if (service.endpoint.host.ends_with(".amazonaws.com")) service.endpoint.host = global_host;
  return service;
}

ServiceCall form(std::string_view action, std::string_view of, const Parameters& parameters) {
  Parameters all{{"Action", std::string(action)}, {"Version", "2011-06-15"}};
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) all.emplace_back(name, value);
  }
  return {.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = encode_query(all),
          .what = fmt::format("sts:{}{}{}", action, of.empty() ? "" : " of ", of)};
}

Parameters parameters_of(const AssumeRole& asked) {
  return {{"RoleArn", asked.role_arn},
          {"RoleSessionName", asked.session_name},
          {"ExternalId", asked.external_id},
          {"DurationSeconds",
           asked.duration_seconds == 0 ? "" : std::to_string(asked.duration_seconds)}};
}

}  // namespace

Sts::Sts(ServiceClient& client, std::string_view region)
    : client_(client), service_(sts_at(region, client.options().variables)) {}

Credentials Sts::assume_role(const AssumeRole& asked, const Credentials& as) {
  return parse_sts_credentials(call(form("AssumeRole", asked.role_arn, parameters_of(asked)), &as));
}

Credentials Sts::assume_role_with_web_identity(const AssumeRole& asked, const Secret& token) {
  Parameters parameters = parameters_of(asked);
  parameters.emplace_back("WebIdentityToken", token.reveal());
  return parse_sts_credentials(
      call(form("AssumeRoleWithWebIdentity", asked.role_arn, parameters), nullptr));
}

CallerIdentity Sts::get_caller_identity(const Credentials& of) {
  return parse_caller_identity(call(form("GetCallerIdentity", "", {}), &of));
}

std::string Sts::call(const ServiceCall& asked, const Credentials* credentials) {
  ServiceClient::Reply reply = client_.call(service_, asked, credentials);
  if (!reply.succeeded()) throw refusal_error(asked, reply);
  return std::move(reply.body);
}

}  // namespace pipeline::aws
