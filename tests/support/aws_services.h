// STS, Secrets Manager, SNS and both kinds of metadata for a test program: a real server that
// verifies each signature by an implementation of its own (aws_services.py).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "tests/support/script_server.h"

namespace pipeline::test {

/// Listens on 127.0.0.1 in clear text; dies with the thread that started it. Needs python3.
class AwsServices {
 public:
  /// What the services know, as JSON: keys, roles, secrets, topics, container, instance, failing.
  explicit AwsServices(std::string_view state);

  std::string origin() const { return server_.origin(); }
  /// From the next request on.
  void set_state(std::string_view state);
  /// One member of it alone, by its path: {"secrets", "db", "AWSCURRENT"}.
  void set(const std::vector<std::string>& path, Json value);
  /// One object a request: action, signer, status and what else the service noted.
  std::vector<Json> requests() const;
  /// "GetCallerIdentity 200", one a request.
  std::vector<std::string> actions() const;

 private:
  ScriptServer server_;
};

}  // namespace pipeline::test
