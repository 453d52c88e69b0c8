// The Security Token Service: keys of a role, and whose keys these are.
#pragma once

#include <string>

#include "common/aws/service_client.h"

namespace pipeline::aws {

struct AssumeRole {
  std::string role_arn;
  std::string session_name;
  std::string external_id;   // empty: none
  int duration_seconds = 0;  // 0: what the service gives
};

/// Thread-safe. Errors besides those of ServiceClient: access_denied for what STS refuses.
class Sts {
 public:
  /// An empty region: the endpoint for all of AWS.
  Sts(ServiceClient& client, std::string_view region);

  Credentials assume_role(const AssumeRole& asked, const Credentials& as);
  /// Signed by nobody: the token proves who asks.
  Credentials assume_role_with_web_identity(const AssumeRole& asked, const Secret& token);
  /// Needs no right.
  CallerIdentity get_caller_identity(const Credentials& of);

 private:
  std::string call(const ServiceCall& asked, const Credentials* credentials);
  ServiceClient& client_;
  Service service_;
};

}  // namespace pipeline::aws
