// What a request is signed with, and the places from which it can come.
#pragma once

#include <string>

#include "common/base/secret.h"

namespace pipeline::aws {

struct Credentials {
  Secret access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty: keys that do not expire

  bool operator==(const Credentials& other) const;
};

/// A place that has credentials. Implementations are thread-safe.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  /// What lies there now; asked again when the service says that a token has expired. Throws
  /// access_denied, naming the place and never the value.
  virtual Credentials fetch() = 0;
  /// "the environment variables AWS_ACCESS_KEY_ID ...", for messages.
  virtual std::string text() const = 0;
};

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if it is set, AWS_SESSION_TOKEN.
class EnvironmentCredentials : public CredentialsSource {
 public:
  Credentials fetch() override;
  std::string text() const override;
};

}  // namespace pipeline::aws
