// Cuts a template into tokens: text, the marks of tags, and what stands inside them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/transform/jinja/source_error.h"

namespace pipeline::jinja {

enum class TokenKind {
  text,            // between tags, white space control applied, line ends as \n
  variable_begin,  // {{
  variable_end,    // }}
  block_begin,     // {%
  block_end,       // %}
  name,
  integer,   // digits without underscores, prefix 0x 0o 0b kept
  floating,  // digits without underscores
  string,    // the text without quotes and with escapes resolved
  symbol,    // operators and brackets
  end,       // of the template
};

struct Token {
  TokenKind kind;
  std::string text;
  Span span;
};

enum class LexFrom { text, expression };

/// All tokens, the last one of kind end. Comments and raw marks are gone. One line end at the end
/// of the template is dropped, as Jinja does without keep_trailing_newline. `from` = expression
/// reads the whole source as what stands between {{ and }}. Throws TemplateError.
/// Source of the rules: jinja2/lexer.py of Jinja 3.1.
std::vector<Token> tokenize(const std::string& template_name, std::string_view source,
                            LexFrom from = LexFrom::text);

/// "[name x][symbol |]...": for tests.
std::string serialize(const std::vector<Token>& tokens);

}  // namespace pipeline::jinja
