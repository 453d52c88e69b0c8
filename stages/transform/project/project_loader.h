// Reads a dbt project from its folder: dbt_project.yml, profiles.yml, properties YAML, SQL files.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "stages/transform/project/project.h"

namespace pipeline::dbt {

/// What Jinja inside a YAML file may name.
struct YamlScope {
  const Json* vars = nullptr;      // only the caller's in dbt_project.yml and profiles.yml
  const Target* target = nullptr;  // nullptr in profiles.yml
};

/// Renders one YAML text that holds Jinja and gives its value ("{{ 1 }}" is the number 1). Throws
/// config_invalid with `place`. The room above brings the engine, since this one knows no Jinja.
using RenderYaml =
    std::function<Json(const std::string& text, const Place& place, const YamlScope& scope)>;

struct LoadOptions {
  std::string project_dir;
  std::string profiles_dir;    // empty: project_dir
  std::string profile;         // empty: the name in dbt_project.yml
  std::string target;          // empty: the profile's own choice
  Json vars = Json::object();  // of the command line: stronger than the project's
  int threads = 0;             // 0: the target's
};

/// Throws config_invalid with file:line for everything that is wrong in the files, and for what is
/// not supported yet (snapshots, packages, Python models, model versions ...): it is
/// named, never skipped. Disabled resources are in, since config() in a file has the last word.
Project load_project(const LoadOptions& options, const RenderYaml& render);

}  // namespace pipeline::dbt
