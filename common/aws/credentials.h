// What a request is signed with, and the places from which it can come.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/secret.h"

namespace pipeline::aws {

using Instant = std::chrono::system_clock::time_point;

struct Credentials {
  Secret access_key_id;
  Secret secret_access_key;
  Secret session_token;               // empty: keys that do not expire
  std::optional<Instant> expires_at;  // nullopt: nobody said
  std::string origin;                 // "profile dev of /root/.aws/config", for messages

  /// Of the keys alone.
  bool operator==(const Credentials& other) const;
};

/// A place that has credentials. Implementations are thread-safe.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  /// What lies there now. Throws access_denied, naming the place and never the value.
  virtual Credentials fetch() = 0;
  /// Asked when a service says that `refused` has expired; the same again where nothing newer is
  /// known. Only a source that keeps what it fetched does more than fetch().
  virtual Credentials renew(const Credentials& refused);
  /// "the environment variables AWS_ACCESS_KEY_ID ...", for messages.
  virtual std::string text() const = 0;
};

}  // namespace pipeline::aws
