// Which tables the sources of a dbt project name.
#pragma once

#include <set>
#include <string>

namespace pipeline {

/// The tables (by identifier, else by name) under `sources:` in the YAML files of the project, in
/// whatever schema: the loader keeps such a table although it is empty, and keeping one too many
/// harms nobody. Reads no model and no profile, so that a mistake in a model does not keep the
/// day's dump out of staging. Throws config_invalid with file:line for YAML that cannot be read.
std::set<std::string> source_table_names(const std::string& project_dir);

}  // namespace pipeline
