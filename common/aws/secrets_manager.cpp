#include "common/aws/secrets_manager.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/encoding.h"
#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

constexpr std::array<std::string_view, 7> user_keys = {
    "username", "user", "db_username", "dbusername", "dbuser", "db_user", "login"};
constexpr std::array<std::string_view, 8> password_keys = {
    "password", "pass", "db_password", "dbpassword", "db_pass", "dbpass", "passwd", "pwd"};

[[noreturn]] void deny(std::string message) {
  throw Error(ErrorKind::access_denied, std::move(message));
}

/// The parser's own message would show the text.
std::optional<Json> parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Error&) {
    return {};
  }
}

/// The value of the one key of `keys` that is there; nullopt if none is.
std::optional<std::string> value_of(const Json& secret, std::span<const std::string_view> keys) {
  std::optional<std::string> value;
  std::string by;
  for (const auto& [key, member] : secret.as_object()) {
    if (std::ranges::find(keys, to_lower(key)) == keys.end()) continue;
    if (!member.is_string()) deny(fmt::format("{} in the secret is no text", key));
    if (member.as_string().empty()) deny(fmt::format("{} in the secret is empty", key));
    if (value && *value != member.as_string()) {
      deny(fmt::format("{} and {} in the secret contradict each other", by, key));
    }
    value = member.as_string();
    by = key;
  }
  return value;
}

}  // namespace

SecretLogin parse_secret_login(std::string_view secret) {
  const auto json = parsed(secret);
  if (!json || !json->is_object()) {
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.remove_suffix(1);
    if (secret.empty()) deny("the secret is empty");
    return {.user = {}, .password = Secret(std::string(secret))};
  }
  const auto password = value_of(*json, password_keys);
  if (!password) {
    std::vector<std::string> found;
    for (const auto& [key, member] : json->as_object()) found.push_back(head(key, 40));
    deny(fmt::format("the secret has no password; its keys are {}",
                     found.empty() ? "none" : join(found, ", ")));
  }
  return {.user = value_of(*json, user_keys).value_or(""), .password = Secret(*password)};
}

Secret parse_secret_value(std::string_view json) {
  const auto answer = parsed(json);
  if (!answer) deny("the answer of Secrets Manager is no JSON");
  if (const Json* text = answer->find("SecretString"); text != nullptr && text->is_string()) {
    return Secret(text->as_string());
  }
  const Json* binary = answer->find("SecretBinary");
  if (binary == nullptr || !binary->is_string()) {
    deny("the answer of Secrets Manager holds neither SecretString nor SecretBinary");
  }
  auto bytes = decode_base64(binary->as_string());
  if (!bytes) deny("SecretBinary is no base64");
  return Secret(*std::move(bytes));
}

std::optional<std::string> region_of_secret(std::string_view name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return {};
  const auto parts = split(name_or_arn, ':');
  return parts.size() > 3 ? std::optional(parts[3]) : std::nullopt;
}

SecretsManager::SecretsManager(ServiceClient& client, std::string_view region)
    : client_(client), service_(service_at("secretsmanager", region, client.options().variables)) {}

std::optional<SecretLogin> SecretsManager::login(const std::string& secret, std::string_view stage,
                                                 CredentialsSource& as) {
  Json asked = Json::object();
  asked.set("SecretId", secret);
  if (!stage.empty()) asked.set("VersionStage", stage);
  const ServiceCall call{.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                     {"X-Amz-Target", "secretsmanager.GetSecretValue"}},
                         .body = asked.dump(),
                         .what = fmt::format("secretsmanager:GetSecretValue of {}", secret)};
  const Credentials used = as.fetch();
  ServiceClient::Reply reply = client_.call(service_, call, &used);
  if (reply.refusal.code.starts_with("ExpiredToken")) {
    const Credentials renewed = as.renew(used);
    if (!(renewed == used)) reply = client_.call(service_, call, &renewed);
  }
  if (reply.succeeded()) return parse_secret_login(parse_secret_value(reply.body).reveal());
  // The same code says that the secret itself is not there; without a stage only that can be meant.
  if (!stage.empty() && reply.refusal.code == "ResourceNotFoundException") return {};
  throw refusal_error(call, reply);
}

}  // namespace pipeline::aws
