// Whether an account of the pipeline may do more than it needs: by its grants and by trying.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/vault_rights.h"

namespace pipeline::publish {

/// The accounts of deploy/sql/grants.sql that stages log in with.
enum class StageAccount { load, build, publish, vault, janitor };

/// Schemas that are not told by their names.
struct KnownSchemas {
  std::string staging;
  std::vector<std::string> layers;
  std::string vault;  // empty: none is kept
  /// Live tables that models change themselves.
  std::vector<TableName> in_place = {};
};

/// What a schema is to the pipeline.
enum class SchemaClass {
  staging,
  staging_next,
  live,     // of a layer, of seeds, of a development target: its shadow stands beside it
  next,     // the shadow of one of these
  scratch,  // scratch__next and preflight__next
  vault_rows,
  records,    // pipeline
  elsewhere,  // anything else, the server's own schemas too
};

/// `on_server` are all schemas that stand there.
SchemaClass class_of(const std::string& schema, const KnownSchemas& known,
                     const std::vector<std::string>& on_server);

/// Every right in `grants` that the account does not need, each as "etl_build@localhost has INSERT
/// on silver.*". A pattern is judged by each schema that it means.
std::vector<std::string> judge_excess(const std::vector<Grant>& grants, StageAccount role,
                                      std::string_view account, const KnownSchemas& known,
                                      const std::vector<std::string>& on_server);

/// The same of the account of `session`, by what SHOW GRANTS says and, for what that does not show
/// (rights by another host name of the account), by statements on tables that are not there.
/// Nothing is changed. Empty: it has no more than it needs.
std::vector<std::string> excess_rights(Connection& session, StageAccount role,
                                       const KnownSchemas& known);

/// The statements that make `schema` and give each account what it needs there, as grants.sql does
/// for the schemas that it names. `users` are the accounts' names at the server.
std::vector<std::string> statements_to_set_up(const std::string& schema, SchemaClass where,
                                              const std::map<StageAccount, std::string>& users);

/// Throws guard_refused with all of these.
void require_no_excess(Connection& session, StageAccount role, const KnownSchemas& known);

}  // namespace pipeline::publish
