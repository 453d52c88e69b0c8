#include "common/aws/credential_answers.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/aws/xml.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

[[noreturn]] void deny(std::string message) {
  throw Error(ErrorKind::access_denied, std::move(message));
}

[[noreturn]] void not_understood(std::string_view what) {
  throw Error(ErrorKind::unavailable, fmt::format("the answer of STS is not understood: {}", what));
}

/// The parser's own message would show the text.
std::optional<Json> parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Error&) {
    return {};
  }
}

/// Empty if it is absent or null.
std::string text_of(const Json& object, std::string_view key) {
  const Json* found = object.find(key);
  if (found == nullptr || found->is_null()) return {};
  if (!found->is_string()) deny(fmt::format("{} is no text", key));
  return found->as_string();
}

std::string needed_text_of(const Json& object, std::string_view key) {
  std::string text = text_of(object, key);
  if (text.empty()) deny(fmt::format("{} is {}", key, object.find(key) ? "empty" : "missing"));
  return text;
}

struct Names {
  std::string_view token;
  enum class Expiring { perhaps, always } expiring;
};

Names names_of(JsonAnswer kind) {
  switch (kind) {
    case JsonAnswer::process:
      return {"SessionToken", Names::Expiring::perhaps};
    case JsonAnswer::container:
    case JsonAnswer::instance:
      return {"Token", Names::Expiring::always};
  }
  return {"Token", Names::Expiring::always};
}

void require_version_1(const Json& answer) {
  const Json* version = answer.find("Version");
  if (version == nullptr) deny("Version is missing; it is to be 1");
  if (!version->is_int() || version->as_int() != 1) deny("Version is not 1");
}

/// "Success" or nothing.
void require_success(const Json& answer) {
  const std::string code = text_of(answer, "Code");
  if (code.empty() || code == "Success") return;
  deny(fmt::format("it answers {}: {}", head(code, 60), head(text_of(answer, "Message"), 200)));
}

const XmlElement& result_of(const std::optional<XmlElement>& document, std::string_view action) {
  if (!document) not_understood("not whole");
  const XmlElement* result = document->child(fmt::format("{}Result", action));
  if (result == nullptr) not_understood(fmt::format("no {}Result", action));
  return *result;
}

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char byte) { return byte >= '0' && byte <= '9'; });
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != ' ')) return {};
  const auto seconds = parse_utc(fmt::format("{}T{}.000Z", text.substr(0, 10), text.substr(11, 8)));
  if (!seconds) return {};
  std::string_view rest = text.substr(19);
  if (rest.front() == '.') {
    const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end == 1) return {};
    rest.remove_prefix(end);
  }
  if (rest == "Z") return seconds;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return {};
  const auto offset = parse_time_of_day(rest.substr(1));
  if (!offset) return {};
  return rest[0] == '+' ? *seconds - *offset : *seconds + *offset;
}

Credentials parse_json_credentials(std::string_view json, JsonAnswer kind) {
  const auto answer = parsed(json);
  if (!answer || !answer->is_object()) deny("what it answers is no JSON object");
  if (kind == JsonAnswer::process) require_version_1(*answer);
  if (kind == JsonAnswer::instance) require_success(*answer);
  const auto [token_name, expiring] = names_of(kind);
  Credentials credentials{.access_key_id = Secret(needed_text_of(*answer, "AccessKeyId")),
                          .secret_access_key = Secret(needed_text_of(*answer, "SecretAccessKey")),
                          .session_token = Secret(text_of(*answer, token_name)),
                          .expires_at = {},
                          .origin = {}};
  const std::string expiration = text_of(*answer, "Expiration");
  credentials.expires_at = parse_instant(expiration);
  if (!expiration.empty() && !credentials.expires_at) deny("Expiration is no time");
  if (expiring == Names::Expiring::always) {
    if (credentials.session_token.empty()) deny(fmt::format("{} is missing", token_name));
    if (!credentials.expires_at) deny("Expiration is missing");
  }
  return credentials;
}

Credentials parse_sts_credentials(std::string_view xml) {
  const auto document = parse_xml(xml);
  if (!document) not_understood("not whole");
  constexpr std::string_view ending = "Response";
  std::string_view action = document->name;
  if (!action.ends_with(ending)) not_understood("no response");
  action.remove_suffix(ending.size());
  const XmlElement* found = result_of(document, action).child("Credentials");
  if (found == nullptr) not_understood("no Credentials");
  for (const auto* name : {"AccessKeyId", "SecretAccessKey", "SessionToken"}) {
    if (found->text_of(name).empty()) not_understood(fmt::format("no {}", name));
  }
  Credentials credentials{.access_key_id = Secret(found->text_of("AccessKeyId")),
                          .secret_access_key = Secret(found->text_of("SecretAccessKey")),
                          .session_token = Secret(found->text_of("SessionToken")),
                          .expires_at = parse_instant(found->text_of("Expiration")),
                          .origin = {}};
  if (!credentials.expires_at) not_understood("no Expiration");
  return credentials;
}

CallerIdentity parse_caller_identity(std::string_view xml) {
  const auto document = parse_xml(xml);
  const XmlElement& result = result_of(document, "GetCallerIdentity");
  CallerIdentity identity{.account = result.text_of("Account"), .arn = result.text_of("Arn")};
  if (identity.account.size() != 12 || !is_digits(identity.account)) not_understood("no Account");
  return identity;
}

ServiceRefusal parse_refusal(std::string_view body) {
  if (const auto document = parse_xml(body)) {
    const XmlElement* error = document->name == "Error" ? &*document : document->child("Error");
    if (error == nullptr) return {};
    std::string request_id = document->text_of("RequestId");
    if (request_id.empty()) request_id = document->text_of("RequestID");
    return {.code = error->text_of("Code"),
            .message = error->text_of("Message"),
            .request_id = std::move(request_id)};
  }
  const auto answer = parsed(body);
  if (!answer || !answer->is_object()) return {};
  const auto text = [&](std::string_view key) -> std::string {
    const Json* found = answer->find(key);
    return found != nullptr && found->is_string() ? found->as_string() : "";
  };
  ServiceRefusal refusal{.code = text("__type"), .message = text("message"), .request_id = {}};
  // "com.amazonaws.secretsmanager#ResourceNotFoundException"
  if (const auto hash = refusal.code.find('#'); hash != std::string::npos) {
    refusal.code.erase(0, hash + 1);
  }
  if (refusal.message.empty()) refusal.message = text("Message");
  return refusal;
}

}  // namespace pipeline::aws
