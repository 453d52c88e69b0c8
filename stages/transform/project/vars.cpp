#include "stages/transform/project/vars.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t bytes_said_max = 200;

}  // namespace

Json parse_vars(const std::string& text, std::string_view option) {
  const RenderYaml not_rendered;
  const YamlNode document = YamlNode::parse(text, std::string(option));
  if (!document.is_mapping()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} must be a mapping in YAML or JSON, such as '{{name: value}}'; "
                            "it is: {}",
                            option, head(text, bytes_said_max)));
  }
  return YamlValues(not_rendered, {}).raw(document);
}

}  // namespace pipeline::dbt
