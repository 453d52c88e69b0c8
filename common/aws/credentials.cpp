#include "common/aws/credentials.h"

#include <cstdlib>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::aws {
namespace {

Secret required(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    throw Error(ErrorKind::access_denied,
                fmt::format("the keys of the store are to come from environment variables, but {} "
                            "is {}",
                            name, value == nullptr ? "not set" : "empty"));
  }
  return Secret(value);
}

}  // namespace

bool Credentials::operator==(const Credentials& other) const {
  return access_key_id.reveal() == other.access_key_id.reveal() &&
         secret_access_key.reveal() == other.secret_access_key.reveal() &&
         session_token.reveal() == other.session_token.reveal();
}

Credentials EnvironmentCredentials::fetch() {
  Credentials credentials{.access_key_id = required("AWS_ACCESS_KEY_ID"),
                          .secret_access_key = required("AWS_SECRET_ACCESS_KEY")};
  const char* token = std::getenv("AWS_SESSION_TOKEN");
  if (token != nullptr && *token != '\0') credentials.session_token = Secret(token);
  return credentials;
}

std::string EnvironmentCredentials::text() const {
  return "the environment variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
         "AWS_SESSION_TOKEN";
}

}  // namespace pipeline::aws
