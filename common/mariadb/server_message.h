// What of a server's message and of a statement may be shown to people.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

/// The server's words about `sql` without the field values that some of its messages quote:
/// "Duplicate entry '...' for key 'PRIMARY'". A syntax error quotes the statement, which is shown
/// unless it is an INSERT or REPLACE of rows.
std::string message_without_values(unsigned int error_number, std::string_view message,
                                   std::string_view sql);

/// The first 200 bytes of a statement in one line, without known secrets; an INSERT or REPLACE is
/// cut after VALUES.
std::string statement_for_messages(std::string_view sql);

/// The same for a statement of somebody else: quoted texts, numbers and comments as "?", since
/// values of rows and passwords may stand anywhere in it.
std::string statement_without_values(std::string_view sql);

}  // namespace pipeline
