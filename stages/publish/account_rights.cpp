// Least rights are the promise that survives our bugs: a model cannot harm a live table because its
// account has no right to, not because the program is careful. A grant that somebody added in a
// hurry takes that promise away and nothing shows it, until the day it is needed. So `check` reads
// the grants of each account and holds them against the one table below, which says the same as
// deploy/sql/grants.sql.
//
// SHOW GRANTS does not tell all: a server that lets etl_build@localhost in also looks at what was
// granted to etl_build@'%', which that account is not shown. So what must be refused in the schemas
// that matter is tried as well, by statements that find no table when they are allowed. And a
// routine may run with the rights of whoever made it, which no grant tells: each such routine that
// the account may run is named.
#include "stages/publish/account_rights.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/rights.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

using Privileges = std::vector<std::string_view>;

struct Allowed {
  StageAccount role;
  SchemaClass where;
  Privileges privileges;         // on the whole schema
  std::string_view object = {};  // on one table of it; empty: none in particular
};

const Privileges swap_rights{"SELECT", "ALTER",       "DROP",      "CREATE",
                             "INSERT", "CREATE VIEW", "SHOW VIEW", "TRIGGER"};

/// deploy/sql/grants.sql as a table. "ALL PRIVILEGES" stands for every right on a schema.
const std::vector<Allowed>& allowed_rights() {
  using enum StageAccount;
  using enum SchemaClass;
  static const std::vector<Allowed> table{
      {load, staging_next, {"ALL PRIVILEGES"}},
      {load, staging, {"SELECT"}},
      {load, records, {"SELECT"}},
      {load, records, {"SELECT", "INSERT", "UPDATE"}, "loaded_dump"},
      {build, staging, {"SELECT"}},
      {build, live, {"SELECT"}},
      // Models may read other databases of the server by source().
      {build, elsewhere, {"SELECT"}},
      {build, next, {"ALL PRIVILEGES"}},
      {build, scratch, {"ALL PRIVILEGES"}},
      {build, records, {"SELECT"}},
      {build, records, {"INSERT"}, "applied_batch"},
      {publish, staging, swap_rights},
      {publish, live, swap_rights},
      {publish, staging_next, swap_rights},
      {publish, next, swap_rights},
      {publish, records, {"SELECT"}},
      {publish, records, {"INSERT", "UPDATE"}, "session"},
      {publish, records, {"INSERT", "UPDATE"}, "publish_journal"},
      {publish, records, {"INSERT", "UPDATE"}, "published_table"},
      {publish, records, {"INSERT", "UPDATE"}, "backup"},
      {publish, records, {"INSERT", "UPDATE"}, "restore_drill"},
      {publish, records, {"UPDATE"}, "loaded_dump"},
      {StageAccount::vault, SchemaClass::vault_rows, {"SELECT", "INSERT"}},
      {StageAccount::vault, live, {"SELECT"}},
      {StageAccount::vault, next, {"SELECT"}},
      {StageAccount::vault, scratch, {"SELECT"}},
      {StageAccount::vault, records, {"SELECT"}},
      {janitor, live, {"SELECT", "DROP"}},
      // It drops nothing there; a schema is known as live by the shadow that it sees beside it.
      {janitor, next, {"SELECT"}},
      {janitor, records, {"SELECT"}},
      {janitor, records, {"SELECT", "UPDATE"}, "backup"},
  };
  return table;
}

// On *.*: what lets an account see who is in its way, and no more.
constexpr std::array global_rights{
    std::string_view("USAGE"), std::string_view("PROCESS"), std::string_view("SHOW DATABASES"),
    std::string_view("REPLICATION CLIENT"), std::string_view("BINLOG MONITOR")};

// The server's own; SELECT there is reading password hashes.
constexpr std::array system_schemas{std::string_view("mysql"), std::string_view("sys"),
                                    std::string_view("performance_schema"),
                                    std::string_view("information_schema")};

bool is_system(const std::string& schema) {
  return std::ranges::find(system_schemas, schema) != system_schemas.end();
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_allowed(StageAccount role, SchemaClass where, std::string_view object,
                const std::string& privilege) {
  if (privilege == "USAGE") return true;
  return std::ranges::any_of(allowed_rights(), [&](const Allowed& entry) {
    if (entry.role != role || entry.where != where) return false;
    if (!entry.object.empty() && entry.object != object) return false;
    return std::ranges::any_of(entry.privileges, [&](std::string_view one) {
      return one == privilege || one == "ALL PRIVILEGES";
    });
  });
}

/// An administrator gives these for single tables.
bool is_given_in_place(StageAccount role, const TableName& table, const std::string& privilege,
                       const KnownSchemas& known) {
  const bool changes_rows = privilege == "INSERT" || privilege == "UPDATE" || privilege == "DELETE";
  return role == StageAccount::build && changes_rows &&
         std::ranges::find(known.in_place, table) != known.in_place.end();
}

std::vector<std::string> schemas_meant(const Grant& grant, const KnownSchemas& known,
                                       const std::vector<std::string>& on_server) {
  std::set<std::string> names(on_server.begin(), on_server.end());
  names.insert(known.staging);
  names.insert(known.layers.begin(), known.layers.end());
  if (!known.vault.empty()) names.insert(known.vault);
  names.insert({"mysql", "pipeline"});
  std::vector<std::string> meant;
  for (const auto& name : names) {
    if (pattern_means(grant.schema, name)) meant.push_back(name);
  }
  // Nothing of that name is there yet: the pattern is judged as if it were a name.
  if (meant.empty()) meant.push_back(replace_all(grant.schema, "\\", ""));
  return meant;
}

std::string listed(const std::set<std::string>& privileges) {
  return join(std::vector<std::string>(privileges.begin(), privileges.end()), ", ");
}

/// What must be refused on any table of a schema.
struct Forbidden {
  StageAccount role;
  SchemaClass where;
  std::vector<Right> rights;
};

const std::vector<Forbidden>& forbidden_rights() {
  using enum StageAccount;
  using enum SchemaClass;
  using enum Right;
  static const std::vector<Right> changes{insert, update, remove_rows, drop, alter, index};
  static const std::vector<Right> all{select, insert, update, remove_rows, drop, alter, index};
  static const std::vector<Forbidden> table{
      {load, staging, changes},
      {load, live, all},
      {load, SchemaClass::vault_rows, all},
      {build, staging, changes},
      {build, live, changes},
      {build, SchemaClass::vault_rows, all},
      {publish, staging, {update, remove_rows, index}},
      {publish, live, {update, remove_rows, index}},
      {publish, SchemaClass::vault_rows, all},
      {StageAccount::vault, SchemaClass::vault_rows, {update, remove_rows, drop, alter, index}},
      {StageAccount::vault, staging, changes},
      {StageAccount::vault, live, changes},
      {janitor, staging, changes},
      {janitor, live, {insert, update, remove_rows, alter, index}},
      {janitor, SchemaClass::vault_rows, all},
  };
  return table;
}

/// Routines that the account may run with the rights of who made them.
std::vector<std::string> borrowed_rights(Connection& session, std::string_view account) {
  std::vector<std::string> objections;
  const auto routines = session.query(
      "SELECT CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME), DEFINER FROM "
      "information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND DEFINER <> CURRENT_USER() "
      "AND ROUTINE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') "
      "ORDER BY 1");
  for (const auto& row : routines.rows) {
    objections.push_back(
        fmt::format("{} may run {} with the rights of {}: make it SQL SECURITY INVOKER, or take "
                    "EXECUTE away",
                    account, row[0].value_or(""), row[1].value_or("")));
  }
  return objections;
}

std::vector<std::string> schemas_of(SchemaClass where, const KnownSchemas& known) {
  switch (where) {
    case SchemaClass::staging:
      return {known.staging};
    case SchemaClass::live:
      return known.layers;
    case SchemaClass::vault_rows:
      return known.vault.empty() ? std::vector<std::string>() : std::vector{known.vault};
    case SchemaClass::staging_next:
    case SchemaClass::next:
    case SchemaClass::scratch:
    case SchemaClass::records:
    case SchemaClass::elsewhere:
      return {};
  }
  return {};
}

}  // namespace

SchemaClass class_of(const std::string& schema, const KnownSchemas& known,
                     const std::vector<std::string>& on_server) {
  if (schema == known.staging) return SchemaClass::staging;
  if (schema == shadow_schema(known.staging)) return SchemaClass::staging_next;
  if (schema == "pipeline") return SchemaClass::records;
  if (!known.vault.empty() && schema == known.vault) return SchemaClass::vault_rows;
  if (schema == "scratch__next" || schema == "preflight__next") return SchemaClass::scratch;
  if (schema.ends_with(shadow_schema(""))) return SchemaClass::next;
  if (is_system(schema)) return SchemaClass::elsewhere;
  const bool has_shadow = contains(on_server, shadow_schema(schema));
  return has_shadow || contains(known.layers, schema) ? SchemaClass::live : SchemaClass::elsewhere;
}

std::vector<std::string> judge_excess(const std::vector<Grant>& grants, StageAccount role,
                                      std::string_view account, const KnownSchemas& known,
                                      const std::vector<std::string>& on_server) {
  std::vector<std::string> objections;
  for (const auto& grant : grants) {
    if (grant.kind == Grant::Kind::role) {
      objections.push_back(
          fmt::format("{} may become {}, whose rights nobody sees here", account, grant.object));
      continue;
    }
    const std::string place = grant.schema + "." + grant.object;
    if (grant.grant_option) {
      objections.push_back(fmt::format("{} may pass on its rights on {}", account, place));
    }
    std::set<std::string> too_many;
    if (grant.kind == Grant::Kind::routine) {
      // To run it is fine if it runs with the account's own rights, which is for excess_rights() to
      // see; who may alter it could make it run with somebody else's.
      for (const auto& privilege : grant.privileges) {
        if (privilege != "EXECUTE" && privilege != "USAGE") too_many.insert(privilege);
      }
    } else if (grant.schema == "*") {
      for (const auto& privilege : grant.privileges) {
        if (std::ranges::find(global_rights, privilege) == global_rights.end()) {
          too_many.insert(privilege);
        }
      }
    } else {
      for (const auto& schema : schemas_meant(grant, known, on_server)) {
        const SchemaClass where = class_of(schema, known, on_server);
        for (const auto& privilege : grant.privileges) {
          const bool hashes = is_system(schema) && privilege != "USAGE";
          if (is_given_in_place(role, {schema, grant.object}, privilege, known)) continue;
          if (hashes || !is_allowed(role, where, grant.object, privilege)) {
            too_many.insert(privilege);
          }
        }
      }
    }
    if (too_many.empty()) continue;
    objections.push_back(fmt::format("{} has {} on {}", account, listed(too_many), place));
  }
  return objections;
}

std::vector<std::string> excess_rights(Connection& session, StageAccount role,
                                       const KnownSchemas& known) {
  const std::string account = session.query_value("SELECT CURRENT_USER()").value_or("");
  std::vector<std::string> on_server;
  for (const auto& row :
       session.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA").rows) {
    on_server.push_back(row[0].value_or(""));
  }
  auto objections = judge_excess(grants_of(session), role, account, known, on_server);
  std::ranges::move(borrowed_rights(session, account), std::back_inserter(objections));
  if (!objections.empty()) return objections;
  for (const auto& forbidden : forbidden_rights()) {
    if (forbidden.role != role) continue;
    for (const auto& schema : schemas_of(forbidden.where, known)) {
      for (const Right right : rights_held(session, {schema, forbidden.rights})) {
        objections.push_back(fmt::format(
            "{} has {} on {}.*, although its grants do not say so: look at those of the account's "
            "other hosts",
            account, word_of(right), schema));
      }
    }
  }
  return objections;
}

std::vector<std::string> statements_to_set_up(const std::string& schema, SchemaClass where,
                                              const std::map<StageAccount, std::string>& users) {
  std::vector<std::string> statements{fmt::format(
      "CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
      quote_name(schema))};
  // In the schema name of a GRANT an underscore stands for any character.
  const std::string escaped = quote_name(replace_all(schema, "_", "\\_"));
  for (const auto& entry : allowed_rights()) {
    const auto user = users.find(entry.role);
    if (entry.where != where || !entry.object.empty() || user == users.end()) continue;
    const std::vector<std::string> privileges(entry.privileges.begin(), entry.privileges.end());
    const std::string name = quote_text(user->second);
    statements.push_back(fmt::format("GRANT {} ON {}.* TO {}@'localhost', {}@'%'",
                                     join(privileges, ", "), escaped, name, name));
  }
  return statements;
}

void require_no_excess(Connection& session, StageAccount role, const KnownSchemas& known) {
  const auto objections = excess_rights(session, role, known);
  if (objections.empty()) return;
  throw Error(ErrorKind::guard_refused,
              fmt::format("an account may do more than it needs: {}; take it away (REVOKE): "
                          "deploy/sql/grants.sql says what each one needs",
                          join(objections, "; ")));
}

}  // namespace pipeline::publish
