// Secrets Manager: the login that a secret holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/aws/service_client.h"

namespace pipeline::aws {

/// What a secret holds for a database.
struct SecretLogin {
  std::string user;  // empty: the secret names none
  Secret password;
};

/// A JSON object with username, user, db_username, dbUsername, dbUser, db_user or login, and
/// password, pass, db_password, dbPassword, db_pass, dbPass, passwd or pwd, in any letter case; or
/// anything that is no JSON object as a password alone. Throws access_denied, naming keys and
/// never values, for a password that is missing, empty or no text, an empty user, and two keys
/// that contradict each other.
SecretLogin parse_secret_login(std::string_view secret);

/// The SecretString or, decoded, the SecretBinary of an answer of GetSecretValue. Throws
/// access_denied if it holds neither.
Secret parse_secret_value(std::string_view json);

/// "ap-northeast-1" of arn:aws:secretsmanager:ap-northeast-1:...; nullopt for a name.
std::optional<std::string> region_of_secret(std::string_view name_or_arn);

/// Thread-safe. Errors besides those of ServiceClient: access_denied, also for a secret that is not
/// there.
class SecretsManager {
 public:
  /// Throws config_invalid for a region that is none.
  SecretsManager(ServiceClient& client, std::string_view region);

  /// The version that carries `stage` (AWSCURRENT ...), or without one what the service takes for
  /// the current one; nullopt if no version of the secret carries that stage. Credentials that have
  /// expired are renewed once.
  std::optional<SecretLogin> login(const std::string& secret, std::string_view stage,
                                   CredentialsSource& as);

 private:
  ServiceClient& client_;
  Service service_;
};

}  // namespace pipeline::aws
