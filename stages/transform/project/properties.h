// Reads one properties YAML file: what it says of models and seeds, and the sources it declares.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/config/yaml.h"
#include "stages/transform/project/project.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {

struct PropertiesFile {
  struct Entry {
    ResourceType type = ResourceType::model;  // model, seed or test (a singular one)
    std::string name;
    Properties properties;
  };
  std::vector<Entry> entries;
  std::vector<SourceTable> sources;  // without fqn; config of the file only
  std::size_t exposures = 0;         // counted, not read
};

/// Throws config_invalid with the place for what is malformed and for what is not supported yet:
/// snapshots, unit tests, model versions.
PropertiesFile read_properties(const YamlNode& document, const YamlValues& values);

}  // namespace pipeline::dbt
