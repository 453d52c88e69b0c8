#include "stages/transform/compile/yaml_rendering.h"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::dbt {

RenderYaml yaml_renderer(EnvironmentLookup lookup) {
  const std::shared_ptr<const jinja::Environment> environment = make_yaml_environment();
  return [environment, lookup = std::move(lookup)](const std::string& text, const Place& place,
                                                   const YamlScope& scope) {
    try {
      const auto context = make_yaml_context(lookup, scope);
      return environment->render_native(environment->parse(place.file, text), context).to_json();
    } catch (const jinja::TemplateError& error) {
      throw Error(error.kind(), fmt::format("{}: {}", place.text(), error.what_line()));
    }
  };
}

}  // namespace pipeline::dbt
