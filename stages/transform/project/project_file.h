// dbt_project.yml as values: where things lie, and the settings per folder.
#pragma once

#include <string>
#include <vector>

#include "common/config/yaml.h"
#include "stages/transform/project/project_loader.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {

struct ProjectSettings {
  std::string name;
  std::string profile;
  std::vector<std::string> model_paths = {"models"};
  std::vector<std::string> seed_paths = {"seeds"};
  std::vector<std::string> test_paths = {"tests"};
  std::vector<std::string> macro_paths = {"macros"};
  std::vector<std::string> snapshot_paths = {"snapshots"};
  std::string packages_path = "dbt_packages";
  Json models = Json::object();
  Json seeds = Json::object();
  Json tests = Json::object();
  Json sources = Json::object();
  Json vars = Json::object();  // as written; see vars_of
  std::vector<Hook> on_run_start;
  std::vector<Hook> on_run_end;
};

/// Only the name of the profile, read before there is a target to render the rest with.
std::string profile_name(const YamlNode& document, const YamlValues& values);

/// Throws config_invalid with file:line for unknown keys and for wrong shapes.
ProjectSettings read_project_file(const YamlNode& document, const YamlValues& values);

/// The project's vars, its own section laid on top of the common ones, the caller's above all.
Json vars_of(const ProjectSettings& settings, const Json& of_caller);

}  // namespace pipeline::dbt
