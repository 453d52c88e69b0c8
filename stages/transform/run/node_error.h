// Turns what the server said about a statement into an error that names the model's file and line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "stages/transform/compile/compiler.h"

namespace pipeline::dbt {

/// The line that a message of the server names ("... near 'x' at line 3"), counted in the
/// statement.
std::optional<int> line_in_message(std::string_view message);

/// Where the statement's fault stands in the node's file, as well as one can tell: by the line that
/// the server names, by the one place in which the name that it does not know stands, otherwise the
/// file alone. `sql_line` is the statement's line on which the compiled SQL begins.
Place place_of_fault(const Error& error, const CompiledSql& compiled, int sql_line);

/// The error of a model's or test's statement: of the same kind, "models/a.sql:3: what the server
/// said", with the context node, file and line.
Error node_error(const Error& error, const Node& node, const Place& place);

/// The error of a hook: `refused_kind` (hook_failed, on_run_end_failed) where the server refused
/// it, otherwise of the same kind. Says so if the hook tried to write to a live table. `what` is
/// "post-hook 1 of model.p.x".
Error hook_error(const Error& error, ErrorKind refused_kind, std::string_view what,
                 const std::string& file);

/// Runs one statement that holds compiled SQL; throws node_error().
ExecuteResult execute_for_node(Connection& session, const Node& node, const CompiledSql& compiled,
                               const std::string& statement, int sql_line);

}  // namespace pipeline::dbt
