#include "common/credentials/account_login.h"

#include <array>
#include <memory>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/credentials/pipeline_aws.h"
#include "common/io/file.h"
#include "common/mariadb/option_file.h"
#include "common/stage/secrets.h"

namespace pipeline {
namespace {

constexpr std::size_t option_file_bytes_max = 1U << 20U;
constexpr std::array<std::string_view, 3> stages = {"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"};

[[noreturn]] void missing(const SecretReference& reference, std::string_view why) {
  throw Error(ErrorKind::access_denied,
              fmt::format("{}: the {} is to come from {}, but {}", reference.where, reference.what,
                          reference.text(), why));
}

/// `user_there`: of a place that may name one beside the password; empty: it does not.
Login with_user(const AccountConfig& account, const std::string& user_there, Secret password,
                std::string origin) {
  if (!user_there.empty() && account.user != user_there) {
    missing(account.password,
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
    missing(reference, error.message());
  }
  for (const auto* name : {"user", "password"}) {
    const auto found = options.find(name);
    if (found != options.end() && found->second.empty()) {
      missing(reference, fmt::format("{} is empty there", name));
    }
  }
  if (!options.contains("password")) missing(reference, "no password stands there");
  return with_user(account, options["user"], Secret(options["password"]), reference.text());
}

/// nullopt: no version carries that stage.
std::optional<Login> login_of_secret(PipelineAws& aws, const AccountConfig& account,
                                     std::string_view stage) {
  const SecretReference& reference = account.password;
  std::optional<aws::SecretLogin> found;
  try {
    found = aws.secret_login(reference.name, stage);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: the {} is to come from {}: {}", reference.where,
                                          reference.what, reference.text(), error.message()));
  }
  if (!found) return {};
  return with_user(
      account, found->user, std::move(found->password),
      stage.empty() ? reference.text() : fmt::format("{} ({})", reference.text(), stage));
}

LoginSource::Place place_of_secret(const std::shared_ptr<PipelineAws>& aws,
                                   const AccountConfig& account) {
  return {.first =
              [aws, account] {
                auto login = login_of_secret(*aws, account, "");
                if (!login) missing(account.password, "no version of it is the current one");
                return *std::move(login);
              },
          .again =
              [aws, account] {
                std::vector<Login> found;
                for (const auto stage : stages) {
                  if (auto login = login_of_secret(*aws, account, stage)) {
                    found.push_back(*std::move(login));
                  }
                }
                return found;
              }};
}

Login login_of_plain_place(const AccountConfig& account) {
  if (account.password.source == SecretReference::Source::my_cnf) {
    return login_of_option_file(account);
  }
  return {.user = account.user,
          .password = resolve_secret(account.password),
          .origin = account.password.text()};
}

}  // namespace

Account account_login(const PipelineConfig& config, const std::string& account_name) {
  const AccountConfig& configured = config.warehouse.accounts.at(account_name);
  Account account;
  if (configured.password.source == SecretReference::Source::secretsmanager) {
    const auto aws = pipeline_aws(config);
    account.logins = aws->logins(account_name, place_of_secret(aws, configured));
  } else {
    account.logins = std::make_shared<LoginSource>(
        LoginSource::Place{
            .first = [configured] { return login_of_plain_place(configured); },
            .again = [configured] { return std::vector{login_of_plain_place(configured)}; }},
        system_clock());
  }
  const Login first = account.logins->current();
  account.user = first.user;
  account.password = first.password;
  account.password_origin = first.origin;
  return account;
}

}  // namespace pipeline
