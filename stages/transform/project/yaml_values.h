// Turns YAML nodes into values as dbt sees them: PyYAML's reading of plain scalars, Jinja rendered.
#pragma once

#include <string>
#include <string_view>

#include "common/base/json.h"
#include "common/config/yaml.h"
#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

/// What PyYAML (YAML 1.1) makes of a plain scalar: yes, no, on and off are booleans, 0123 is octal,
/// 1:30 counts in sixties, 1_000 is a number. Dates stay texts.
Json plain_scalar(std::string_view text);

Place place_of(const YamlNode& node);

/// Reads one YAML document. Holds references: must not outlive what it was made from.
class YamlValues {
 public:
  YamlValues(const RenderYaml& render, YamlScope scope) : render_(render), scope_(scope) {}

  /// As written, Jinja unrendered. Merge keys (<<) are followed.
  Json raw(const YamlNode& node) const;
  /// Texts with Jinja give what they render to; below pre-hook, post-hook and validate they stay as
  /// written.
  Json rendered(const YamlNode& node) const;
  /// rendered(), as a text. Throws config_invalid, with the place, for a list or mapping.
  std::string text(const YamlNode& node) const;

 private:
  enum class Jinja { render, keep };
  Json value(const YamlNode& node, Jinja jinja) const;
  Json mapping(const YamlNode& node, Jinja jinja) const;

  const RenderYaml& render_;
  YamlScope scope_;
};

/// str() of a value that stands in YAML: true becomes "True", as Python prints it.
std::string python_text(const Json& value);

}  // namespace pipeline::dbt
