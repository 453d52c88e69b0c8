#include "stages/transform/project/source_names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/config/yaml.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

// What dbt writes itself, and what is no part of a project.
constexpr std::array<std::string_view, 4> other_folders{"target", "logs", ".git", "node_modules"};

std::vector<fs::path> yaml_files(const std::string& project_dir) {
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator at(project_dir), end; at != end; ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory()) {
      if (std::ranges::find(other_folders, name) != other_folders.end())
        at.disable_recursion_pending();
    } else if (name.ends_with(".yml") || name.ends_with(".yaml")) {
      files.push_back(at->path());
    }
  }
  return files;
}

void collect(const YamlNode& source, std::set<std::string>& names) {
  const YamlNode* tables = source.is_mapping() ? source.find("tables") : nullptr;
  if (tables == nullptr || !tables->is_sequence()) return;
  for (const auto& table : tables->items()) {
    if (!table.is_mapping()) continue;
    const YamlNode* identifier = table.find("identifier");
    const YamlNode& name = identifier != nullptr ? *identifier : table.at("name");
    if (name.text().find("{{") != std::string::npos) {
      throw Error(
          ErrorKind::config_invalid,
          fmt::format("{}: the loader must know which tables sources name without rendering "
                      "the project; write the name out",
                      name.where()));
    }
    names.insert(name.text());
  }
}

}  // namespace

std::set<std::string> source_table_names(const std::string& project_dir) {
  std::set<std::string> names;
  try {
    for (const auto& file : yaml_files(project_dir)) {
      const YamlNode document = YamlNode::parse_file(file.string());
      const YamlNode* sources = document.is_mapping() ? document.find("sources") : nullptr;
      // In dbt_project.yml the key holds settings of sources, not their list.
      if (sources == nullptr || !sources->is_sequence()) continue;
      for (const auto& source : sources->items()) collect(source, names);
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorKind::config_invalid, fmt::format("the dbt project {} cannot be read: {}",
                                                       project_dir, error.code().message()));
  }
  return names;
}

}  // namespace pipeline
