// What --vars says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/json.h"

namespace pipeline::dbt {

/// Reads a mapping in YAML or JSON ("{day: 2026-02-01, all: yes}"), scalars as dbt reads them.
/// Throws config_invalid for anything else.
Json parse_vars(const std::string& text, std::string_view option = "--vars");

}  // namespace pipeline::dbt
