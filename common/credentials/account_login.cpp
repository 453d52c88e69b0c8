#include "common/credentials/account_login.h"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/identity/pipeline_aws.h"
#include "common/io/file.h"
#include "common/mariadb/option_file.h"
#include "common/stage/secrets.h"

namespace pipeline {
namespace {

constexpr std::size_t option_file_bytes_max = 1U << 20U;
constexpr std::array<std::string_view, 3> stages = {"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"};

/// `origin`: the place, and the version of a secret.
[[noreturn]] void missing(const SecretReference& reference, const std::string& origin,
                          std::string_view why) {
  throw Error(ErrorKind::access_denied, fmt::format("{}: the {} is to come from {}, but {}",
                                                    reference.where, reference.what, origin, why));
}

/// `user_there`: of a place that may name one beside the password; empty: it does not.
Login with_user(const AccountConfig& account, const std::string& user_there, Secret password,
                std::string origin) {
  if (!user_there.empty() && account.user != user_there) {
    missing(account.password, origin,
            fmt::format("the user there is {}, and here {}", user_there, account.user));
  }
  return {.user = account.user, .password = std::move(password), .origin = std::move(origin)};
}

Login login_of_option_file(const AccountConfig& account) {
  const SecretReference& reference = account.password;
  std::map<std::string, std::string> options;
  try {
    options = parse_option_file(read_file(reference.name, option_file_bytes_max), reference.name,
                                "client");
  } catch (const Error& error) {
    missing(reference, reference.text(), error.message());
  }
  for (const auto* name : {"user", "password"}) {
    const auto found = options.find(name);
    if (found != options.end() && found->second.empty()) {
      missing(reference, reference.text(), fmt::format("{} is empty there", name));
    }
  }
  if (!options.contains("password"))
    missing(reference, reference.text(), "no password stands there");
  return with_user(account, options["user"], Secret(options["password"]), reference.text());
}

/// nullopt: no version carries that stage.
std::optional<Login> login_of_secret(PipelineAws& aws, const AccountConfig& account,
                                     std::string_view stage) {
  const SecretReference& reference = account.password;
  const std::string origin =
      stage.empty() ? reference.text() : fmt::format("{} ({})", reference.text(), stage);
  std::optional<aws::SecretLogin> found;
  try {
    found = aws.secret_login(reference.name, stage);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: the {} is to come from {}: {}", reference.where,
                                          reference.what, origin, error.message()));
  }
  if (!found) return {};
  return with_user(account, found->user, std::move(found->password), origin);
}

LoginSource::Place place_of_secret(const std::shared_ptr<PipelineAws>& aws,
                                   const AccountConfig& account) {
  LoginSource::Place place{.first =
                               [aws, account] {
                                 auto login = login_of_secret(*aws, account, "");
                                 if (!login) {
                                   missing(account.password, account.password.text(),
                                           "no version of it is the current one");
                                 }
                                 return *std::move(login);
                               },
                           .again = {}};
  for (const auto stage : stages) {
    place.again.emplace_back(
        [aws, account, stage] { return login_of_secret(*aws, account, stage); });
  }
  return place;
}

Login login_of_plain_place(const AccountConfig& account) {
  if (account.password.source == SecretReference::Source::my_cnf) {
    return login_of_option_file(account);
  }
  return {.user = account.user,
          .password = resolve_secret(account.password),
          .origin = account.password.text()};
}

LoginSource::Place place_of(const PipelineConfig& config, const AccountConfig& account) {
  if (account.password.source == SecretReference::Source::secretsmanager) {
    return place_of_secret(pipeline_aws(config), account);
  }
  return {.first = [account] { return login_of_plain_place(account); },
          .again = {[account] { return login_of_plain_place(account); }}};
}

/// One for all sessions of the account in this process: what one of them was refused, the others
/// need not try.
std::shared_ptr<LoginSource> logins_of(const PipelineConfig& config,
                                       const std::string& account_name) {
  using Key = std::pair<std::string, std::string>;  // path of pipeline.yaml, account
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<LoginSource>> by_account;  // as many as the file has
  const std::lock_guard lock(mutex);
  auto& kept = by_account[{config.path, account_name}];
  if (!kept) {
    kept = std::make_shared<LoginSource>(
        place_of(config, config.warehouse.accounts.at(account_name)), system_clock());
  }
  return kept;
}

}  // namespace

Account account_login(const PipelineConfig& config, const std::string& account_name) {
  Account account;
  account.logins = logins_of(config, account_name);
  const Login first = account.logins->current();
  account.user = first.user;
  account.password = first.password;
  account.password_origin = first.origin;
  return account;
}

}  // namespace pipeline
