// What SQL may stand in a transaction that must stay one: nothing that the server commits behind.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pipeline::dbt {

/// Why a hook cannot run in the transaction of an in-place increment; nullopt: it can. Each
/// statement of it is one of INSERT, UPDATE, DELETE, REPLACE, SELECT, WITH or DO, or SET of
/// @variables alone. Everything else is refused, since too many statements commit silently to list
/// them: all DDL, TRUNCATE, LOCK TABLES, ANALYZE, FLUSH, SET autocommit, START TRANSACTION, CALL of
/// a procedure that does one of these.
std::optional<std::string> cannot_stand_in_transaction(std::string_view sql);

/// Whether `sql` is one statement of SELECT or WITH.
bool is_query(std::string_view sql);

}  // namespace pipeline::dbt
