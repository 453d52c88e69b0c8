// dbt's own macros that a project may call or override, as template text.
#pragma once

#include <string_view>

namespace pipeline::dbt {

/// The name that errors show for a place in these macros.
inline constexpr std::string_view builtin_macros_name = "(built in macros)";

/// One template with macro and test blocks: names of schemas and aliases, the four generic tests.
extern const std::string_view builtin_macros_text;

/// dateadd, datediff, split_part and their like.
extern const std::string_view cross_database_macros_text;

}  // namespace pipeline::dbt
