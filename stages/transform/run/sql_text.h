// The words of SQL that people wrote: where a statement ends, and which names stand in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/identifier.h"

namespace pipeline::dbt {

struct SqlWord {
  enum class Kind {
    bare,    // SELECT, tenants, 12, @x
    quoted,  // a name in backticks; `text` without them
    text,    // '...' or "..."
    symbol,  // one character
  } kind = Kind::bare;
  std::string_view text;
  std::size_t begin = 0;  // byte in the SQL
};

/// Without blanks and comments. What stands in an executable comment (/*! */) counts, as it does
/// for the server. Texts are read as in sessions without ANSI_QUOTES and NO_BACKSLASH_ESCAPES. The
/// views are valid as long as `sql`; a text or comment without an end goes to the end.
std::vector<SqlWord> words_of(std::string_view sql);

/// The statements between semicolons, trimmed, empty ones left out. A compound statement
/// (BEGIN NOT ATOMIC, the body of a routine) is not one of these: it falls apart.
std::vector<std::string> split_statements(std::string_view sql);

/// The statements of a hook, which are sent one by one: as above, but from a compound statement
/// (the body of a routine, trigger or event; BEGIN NOT ATOMIC, IF, LOOP ...) on all is one
/// statement.
std::vector<std::string> statements_of_hook(std::string_view sql);

/// Whether the table stands in `sql` with its schema, in any letter case.
bool names_with_schema(std::string_view sql, const TableName& table);

}  // namespace pipeline::dbt
