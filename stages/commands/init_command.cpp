// Accounts and records of a server come from deploy/sql: passwords and rights are an
// administrator's to give, and one text that people can read is better than a program that does it
// unseen. What those files cannot know is how a project calls its schemas; that is what init adds.
#include "stages/commands/init_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"
#include "stages/publish/rights.h"
#include "stages/publish/sql.h"
#include "stages/warehouse/account_options.h"
#include "stages/warehouse/target.h"

namespace pipeline {
namespace {

using publish::SchemaClass;
using publish::StageAccount;

constexpr std::array<std::pair<std::string_view, StageAccount>, 5> account_names{
    {{"load", StageAccount::load},
     {"build", StageAccount::build},
     {"publish", StageAccount::publish},
     {"vault", StageAccount::vault},
     {"janitor", StageAccount::janitor}}};

std::map<StageAccount, std::string> users_of(const PipelineConfig& config) {
  std::map<StageAccount, std::string> users;
  for (const auto& [name, role] : account_names) {
    const auto account = config.warehouse.accounts.find(std::string(name));
    if (account != config.warehouse.accounts.end()) users.emplace(role, account->second.user);
  }
  return users;
}

SchemaClass shadow_of(SchemaClass where) {
  return where == SchemaClass::staging ? SchemaClass::staging_next : SchemaClass::next;
}

bool is_seen(Connection& session, const std::string& schema) {
  return publish::to_number(session.query_value(
             "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
             quote_text(schema))) != 0;
}

/// A schema that the publishing account does not see is not there, or not given to it.
std::vector<std::string> missing_statements(const StageContext& context,
                                            const std::vector<SchemaToSetUp>& schemas) {
  Connection publisher = Connection::open(account_options(context.config, "publish"));
  publish::require_rights(publisher, {}, publish::records_of_a_publish());
  const auto users = users_of(context.config);
  std::vector<std::string> statements;
  for (const auto& schema : schemas) {
    const std::string shadow = publish::shadow_schema(schema.name);
    if (is_seen(publisher, schema.name) && is_seen(publisher, shadow)) continue;
    std::ranges::move(publish::statements_to_set_up(schema.name, schema.where, users),
                      std::back_inserter(statements));
    std::ranges::move(publish::statements_to_set_up(shadow, shadow_of(schema.where), users),
                      std::back_inserter(statements));
  }
  return statements;
}

void apply(const StageContext& context, const std::vector<std::string>& statements) {
  if (!context.config.warehouse.accounts.contains("admin")) {
    throw Error(ErrorKind::config_invalid,
                "--apply runs statements as warehouse.accounts.admin, which pipeline.yaml does not "
                "have; as an administrator: pipe what init prints into mariadb");
  }
  Connection admin = Connection::open(account_options(context.config, "admin"));
  for (const auto& statement : statements) {
    throw_if_cancelled();
    admin.execute(statement);
  }
}

/// Tells which warehouse it is; with --accept-target it becomes the known one.
void tell_target(const StageContext& context) {
  ConnectionOptions options = account_options(context.config, "publish");
  const bool accepts = context.asked.has("--accept-target");
  if (accepts) options.require_fit = nullptr;
  Connection session = Connection::open(options);
  if (accepts) accept_target(context.config, session);
  const Fingerprint found = fingerprint_of(session);
  if (found.is != Fingerprint::Is::there) return;
  context.output.set("target", found.text);
  fmt::print("-- {} is the warehouse {}\n", options.endpoint.text(), found.text);
}

}  // namespace

CliCommand init_command_line() {
  return {.name = "init",
          .help = "look what a fresh server lacks; print the SQL for an administrator, or run it",
          .options = {{.name = "--apply",
                       .kind = OptionKind::flag,
                       .help = "run it, as warehouse.accounts.admin"},
                      {.name = "--accept-target",
                       .kind = OptionKind::flag,
                       .help = "write from now on to the warehouse that pipeline.yaml leads to, "
                               "whichever was known before"}}};
}

bool set_up_schemas(const StageContext& context, const std::vector<SchemaToSetUp>& schemas) {
  tell_target(context);
  const auto statements = missing_statements(context, schemas);
  const bool applies = context.asked.has("--apply") && !statements.empty();
  if (applies) apply(context, statements);
  for (const auto& statement : statements) {
    fmt::print("{}{};\n", applies ? "-- done: " : "", statement);
  }
  Json list = Json::array();
  for (const auto& statement : statements) list.push_back(statement);
  context.output.set("command", "init");
  context.output.set("statements", std::move(list));
  context.output.set("applied", applies);
  return !statements.empty() && !applies;
}

}  // namespace pipeline
