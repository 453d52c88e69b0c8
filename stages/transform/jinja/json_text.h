// Values as Python's json.dumps writes them.
#pragma once

#include <cstddef>
#include <string>

#include "stages/transform/jinja/value.h"

namespace pipeline::jinja {

enum class JsonKeys { as_given, sorted };
/// safe_in_html: <, >, & and ' are escaped too, as Jinja's own filter does.
enum class JsonCharacters { plain, safe_in_html };

struct JsonTextOptions {
  JsonKeys keys = JsonKeys::as_given;
  JsonCharacters characters = JsonCharacters::plain;
  std::size_t indent_columns = 0;  // 0: one line, with ", " and ": "
};

/// Characters beyond ASCII are escaped. Throws config_invalid for undefined values, objects of the
/// host program, keys that JSON has not, and what nests deeper than value_depth_max.
std::string json_text(const Value& value, const JsonTextOptions& options);

}  // namespace pipeline::jinja
