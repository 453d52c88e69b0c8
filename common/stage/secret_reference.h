// Where a password or key comes from, as pipeline.yaml names it.
#pragma once

#include <string>

namespace pipeline {

/// Never the value itself.
struct SecretReference {
  /// The last two may hold a user too: `my_cnf` stands for accounts alone, `secretsmanager` for
  /// accounts and alert channels.
  enum class Source {
    none,
    file,
    environment,
    credential,
    secretsmanager,
    my_cnf
  } source = Source::none;
  std::string name;   // path, variable, name of the credential, name or ARN of the secret
  std::string where;  // "pipeline.yaml:12:5"
  std::string what = "password";  // or "secret key" and the like, for messages
  /// "file /etc/x", for messages
  std::string text() const;
};

}  // namespace pipeline
