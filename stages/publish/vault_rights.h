// Whether the server itself keeps the vault: rights of the accounts, and what could reach round
// them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// One line of SHOW GRANTS.
struct Grant {
  std::set<std::string> privileges;  // in capitals, without column lists: SELECT, ALL PRIVILEGES
  std::string schema;                // pattern as it stands there: silver\_\_next, *; empty: a role
  std::string object;                // *, a table or routine; of a role its name
  enum class Kind { tables, routine, role } kind = Kind::tables;
  bool grant_option = false;
};

/// Throws guard_refused for a line that is not understood: nobody can say what it allows.
Grant parse_grant(std::string_view line);

/// Those of the account of `session`, as SHOW GRANTS gives them.
std::vector<Grant> grants_of(Connection& session);

/// Whether a schema pattern of a GRANT means `name`: % and _ are wildcards unless escaped.
bool pattern_means(std::string_view pattern, std::string_view name);

/// Whose rights are judged.
enum class VaultRole {
  writer,     // etl_vault: SELECT and INSERT on the vault, SELECT elsewhere
  everybody,  // any other account of the pipeline: nothing that changes the vault
};

/// Every right in `grants` that is too much, and for the writer every one that is missing.
std::vector<std::string> judge_grants(const std::vector<Grant>& grants, VaultRole role,
                                      std::string_view account, const std::string& vault_schema);

/// All that is wrong with the rights of the account of `session`: its grants, routines and views
/// that run with somebody else's rights and reach the vault or cannot be read.
std::vector<std::string> rights_objections(Connection& session, VaultRole role,
                                           const std::string& vault_schema);

/// Foreign keys from and to the vault, triggers, partitions, other engines in it; as far as the
/// account of `session` may see.
std::vector<std::string> vault_table_objections(Connection& session,
                                                const std::string& vault_schema);

}  // namespace pipeline::publish
