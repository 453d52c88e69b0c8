// The version of dbt that a project finds here, and whether it is one that the project asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline::dbt {

inline constexpr std::string_view dbt_version = "1.7.19";

/// Whether `version` satisfies all of "require-dbt-version": ">=1.0.0", "<2.0", "1.7.3" (exactly
/// that one), several in one text between commas. Missing numbers count as 0. Throws config_invalid
/// for what is no such text.
bool is_version_wanted(std::string_view version, const std::vector<std::string>& wanted);

}  // namespace pipeline::dbt
