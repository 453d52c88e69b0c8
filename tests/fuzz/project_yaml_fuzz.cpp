// The YAML files of a dbt project: every text gives values, or a refusal with its place.
#include "stages/transform/project/project_file.h"
#include "stages/transform/project/properties.h"
#include "stages/transform/project/yaml_values.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline::dbt {
namespace {

const RenderYaml as_written = [](const std::string& text, const Place&, const YamlScope&) {
  return Json(text);
};

void read_settings(const YamlNode& document, const YamlValues& values) {
  profile_name(document, values);
  const ProjectSettings settings = read_project_file(document, values);
  require(!settings.name.empty(), "a project has a name");
  vars_of(settings, Json::object());
  config_of(settings.models, {settings.name, "silver", "a"});
}

void read_file_of_properties(const YamlNode& document, const YamlValues& values) {
  const PropertiesFile file = read_properties(document, values);
  for (const auto& entry : file.entries) require(!entry.name.empty(), "a resource has a name");
  for (const auto& source : file.sources) {
    require(!source.source.empty() && !source.table.empty(), "a source table has two names");
  }
}

}  // namespace
}  // namespace pipeline::dbt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto text = fuzz::text_of(data, size);
  const Json vars = Json::object();
  const dbt::YamlValues values(dbt::as_written, {.vars = &vars, .target = nullptr});
  for (const auto read : {dbt::read_settings, dbt::read_file_of_properties}) {
    const std::string refusal =
        fuzz::refusal_of([&] { read(YamlNode::parse(text, "models/a.yml"), values); });
    require(refusal.empty() || refusal.find("models/a.yml") != std::string::npos,
            "a refusal names the file");
  }
  return 0;
}
