// Whether the accounts of a stage can log in and have the rights they need, and no more.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/stage/finding.h"
#include "common/stage/pipeline_config.h"
#include "stages/publish/account_rights.h"

namespace pipeline {

struct AccountToProve {
  std::string name;  // of warehouse.accounts: "publish"
  publish::StageAccount role;
  std::string on;  // the schemas, for people: "staging"
  /// Throws access_denied or wrong_database for a right that is missing. Empty: that is told
  /// elsewhere.
  std::function<void(Connection&)> require_rights;
};

/// Sessions of a doctor give up soon, are asked for no fingerprint, and record nothing. Throws as
/// account_options().
ConnectionOptions doctor_session(const PipelineConfig& config, const std::string& account);
/// `options`, made such a session.
ConnectionOptions as_doctor(ConnectionOptions options);

/// Tells login, rights and excess of each account. `look`, if given, gets the first session that
/// came about. Once the server has not answered, nobody else waits for it. Returns false if no
/// session came about.
bool tell_accounts(const PipelineConfig& config, const std::vector<AccountToProve>& accounts,
                   const publish::KnownSchemas& known, const std::function<void(Connection&)>& look,
                   const Tell& tell);

/// What to type where `account` cannot log in.
std::string advice_on_login(const PipelineConfig& config, const std::string& account,
                            const Error& error);
/// What to type where a right or a table of the records is missing.
std::string advice_on_rights(const Error& error);

}  // namespace pipeline
