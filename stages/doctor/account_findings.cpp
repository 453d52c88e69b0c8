#include "stages/doctor/account_findings.h"

#include <cstdlib>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds connect_limit{5};
constexpr std::chrono::seconds answer_limit{10};
constexpr std::chrono::seconds lock_limit{5};

std::string where_of(const WarehouseConfig& warehouse) {
  return warehouse.server == WarehouseConfig::Server::managed
             ? fmt::format("warehouse.socket ({})", warehouse.socket)
             : fmt::format("warehouse.server and warehouse.port ({}:{})", warehouse.host,
                           warehouse.port);
}

void tell_rights(Connection& session, const AccountToProve& account,
                 const publish::KnownSchemas& known, const Tell& tell) {
  const std::string about = fmt::format("{} on {}", account.name, account.on);
  try {
    if (account.require_rights) {
      account.require_rights(session);
      tell(in_order(Check::grants, about, "has every right that a run needs"));
    }
  } catch (const Error& error) {
    tell(failure(Check::grants, about, error, advice_on_rights(error)));
  }
  try {
    const auto excess = publish::excess_rights(session, account.role, known);
    if (excess.empty()) {
      tell(in_order(Check::no_excess, account.name, "has no right that it does not need"));
      return;
    }
    tell(failure(Check::no_excess, account.name, ErrorKind::guard_refused, join(excess, "; "),
                 fmt::format("take it away as an administrator: REVOKE ... FROM '{}'@'HOST'; "
                             "deploy/sql/grants.sql says what it needs",
                             session.options().account.user)));
  } catch (const Error& error) {
    tell(failure(Check::no_excess, account.name, error,
                 "look at SHOW GRANTS of the account as an administrator"));
  }
}

}  // namespace

ConnectionOptions as_doctor(ConnectionOptions options) {
  options.connect_timeout = connect_limit;
  options.read_timeout = answer_limit;
  options.lock_wait_timeout = lock_limit;
  options.require_fit = {};
  return options;
}

ConnectionOptions doctor_session(const PipelineConfig& config, const std::string& account) {
  return as_doctor(account_options(config, account));
}

std::string advice_on_login(const PipelineConfig& config, const std::string& account,
                            const Error& error) {
  const auto named = config.warehouse.accounts.find(account);
  if (named == config.warehouse.accounts.end()) {
    return fmt::format("name it in {}: warehouse.accounts.{}.user and .password", config.path,
                       account);
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables here
  const bool under_systemd = std::getenv("CREDENTIALS_DIRECTORY") != nullptr;
  const bool wants_systemd = named->second.password.source == SecretReference::Source::credential;
  switch (error.kind()) {
    case ErrorKind::access_denied:
      if (wants_systemd && !under_systemd) {
        return "systemd gives the password to its units alone: docs/operating/install.md has the "
               "systemd-run that gives it to doctor";
      }
      return fmt::format(
          "put the password of {0} where pipeline.yaml names it ({1}), or set it on "
          "the server: ALTER USER '{0}'@'HOST' IDENTIFIED BY '...'; "
          "deploy/sql/grants.sql makes the accounts",
          named->second.user, named->second.password.text());
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
      return fmt::format("start the server (systemctl status mariadb), or correct {} in {}",
                         where_of(config.warehouse), config.path);
    case ErrorKind::wrong_database:
      return fmt::format(
          "set warehouse.tls.ca in {} to the file of the authority that vouches for "
          "the server",
          config.path);
    default:
      return fmt::format("look at {}", config.path);
  }
}

std::string advice_on_rights(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::access_denied:
      return "apply deploy/sql/grants.sql as an administrator of the server; schemas of other "
             "names: staging_loader init, silver_transformer init and gold_transformer init say "
             "the GRANT";
    case ErrorKind::wrong_database:
      return "apply deploy/sql/pipeline.sql, then deploy/sql/grants.sql as an administrator of the "
             "server; a server that takes no writes: see that line";
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
      return "see whether the server hangs: SHOW FULL PROCESSLIST as an administrator";
    default:
      return "staging_loader check, silver_transformer check and gold_transformer check say more";
  }
}

bool tell_accounts(const PipelineConfig& config, const std::vector<AccountToProve>& accounts,
                   const publish::KnownSchemas& known, const std::function<void(Connection&)>& look,
                   const Tell& tell) {
  bool looked = false;
  std::optional<Error> silent;
  for (const auto& account : accounts) {
    try {
      if (silent) {
        tell(failure(Check::login, account.name, silent->kind(),
                     "not tried, since the server did not answer the account before",
                     advice_on_login(config, account.name, *silent)));
        continue;
      }
      Connection session = Connection::open(doctor_session(config, account.name));
      tell(in_order(Check::login, account.name,
                    fmt::format("logged in as {} at {}", session.options().account.user,
                                session.options().endpoint.text())));
      if (look && !looked) look(session);
      looked = true;
      tell_rights(session, account, known, tell);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::unavailable) silent = error;
      tell(
          failure(Check::login, account.name, error, advice_on_login(config, account.name, error)));
    }
  }
  return looked;
}

}  // namespace pipeline
