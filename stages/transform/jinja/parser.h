// Turns a template into its tree.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/transform/jinja/ast.h"

namespace pipeline::jinja {

/// Throws TemplateError. Source of the grammar: jinja2/parser.py of Jinja 3.1.
std::shared_ptr<const TemplateData> parse_template(std::string name, std::string source,
                                                   const std::vector<MacroTag>& macro_tags);

/// The source as one expression: the tree is a single output statement.
std::shared_ptr<const TemplateData> parse_expression(std::string name, std::string source);

}  // namespace pipeline::jinja
