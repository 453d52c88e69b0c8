// The parse pass: renders every file once with execute false and records what it names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stages/transform/compile/dbt_context.h"
#include "stages/transform/compile/name_index.h"
#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

struct ParsedProject {
  std::vector<Node> nodes;       // enabled ones, depends_on resolved
  std::vector<Node> disabled;    // depends_on not resolved
  std::vector<Node> operations;  // the hooks on-run-start and on-run-end
  NameIndex names;
};

/// Throws config_invalid with file:line for everything that is wrong in the files.
ParsedProject parse_project(const InvocationFacts& facts);

/// A file's text as it is rendered: without blanks at its end, as dbt.
std::string template_text(const std::string& file_text);

}  // namespace pipeline::dbt
