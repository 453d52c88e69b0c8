// What those who hand out credentials answer, as values. Messages name members, never their values.
#pragma once

#include <string>
#include <string_view>

#include "common/aws/credentials.h"

namespace pipeline::aws {

/// "2026-02-01T07:00:00Z", with a fraction of a second or not, Z or an offset as +09:00; nullopt
/// for anything else.
std::optional<Instant> parse_instant(std::string_view text);

/// Who answers with JSON.
enum class JsonAnswer {
  process,    // credential_process: Version 1, SessionToken and Expiration where they expire
  container,  // ECS, EKS: Token, Expiration
  instance,   // IMDS: Code "Success", Token, Expiration
};

/// Throws access_denied, saying what is missing, empty or not understood.
Credentials parse_json_credentials(std::string_view json, JsonAnswer kind);

/// Of AssumeRoleResponse or AssumeRoleWithWebIdentityResponse. Throws unavailable for anything
/// else.
Credentials parse_sts_credentials(std::string_view xml);

struct CallerIdentity {
  std::string account;  // twelve digits
  std::string arn;
};
/// Of GetCallerIdentityResponse. Throws unavailable for anything else.
CallerIdentity parse_caller_identity(std::string_view xml);

/// What a service says when it refuses, in XML (STS) or in JSON (Secrets Manager); all empty if
/// the text is neither.
struct ServiceRefusal {
  std::string code;  // "AccessDenied"
  std::string message;
  std::string request_id;
};
ServiceRefusal parse_refusal(std::string_view body);

}  // namespace pipeline::aws
