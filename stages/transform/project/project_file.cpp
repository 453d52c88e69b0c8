#include "stages/transform/project/project_file.h"

#include <array>
#include <functional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/transform/project/dbt_version.h"

namespace pipeline::dbt {
namespace {

[[noreturn]] void refuse(const YamlNode& node, const std::string& what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", place_of(node).text(), what));
}

std::vector<std::string> texts_of(const YamlNode& node, const YamlValues& values) {
  std::vector<std::string> texts;
  if (node.is_scalar()) return {values.text(node)};
  for (const auto& item : node.items()) texts.push_back(values.text(item));
  return texts;
}

Json mapping_of(const YamlNode& node, Json value) {
  if (value.is_null()) return Json::object();
  if (!value.is_object()) refuse(node, "expected a mapping");
  return value;
}

using Read = std::function<void(ProjectSettings&, const YamlNode&, const YamlValues&)>;

struct Key {
  std::string_view name;
  Read read;  // empty: known to dbt, of no effect on a run here
};

Read paths(std::vector<std::string> ProjectSettings::*member) {
  return [member](ProjectSettings& settings, const YamlNode& node, const YamlValues& values) {
    settings.*member = texts_of(node, values);
    for (auto& path : settings.*member) {
      if (path.starts_with("./")) path.erase(0, 2);
      while (path.ends_with('/')) path.pop_back();
    }
  };
}

Read section(Json ProjectSettings::*member) {
  return [member](ProjectSettings& settings, const YamlNode& node, const YamlValues& values) {
    settings.*member = mapping_of(node, values.rendered(node));
  };
}

Read hooks(std::vector<Hook> ProjectSettings::*member) {
  return [member](ProjectSettings& settings, const YamlNode& node, const YamlValues& values) {
    settings.*member = hooks_of(values.raw(node), place_of(node).text());
  };
}

void require_version(ProjectSettings&, const YamlNode& node, const YamlValues& values) {
  const std::vector<std::string> wanted = texts_of(node, values);
  bool fits = false;
  try {
    fits = is_version_wanted(dbt_version, wanted);
  } catch (const Error& error) {
    refuse(node, error.message());
  }
  if (!fits) {
    refuse(node, fmt::format("the project wants dbt {}, and this is dbt {}", join(wanted, ", "),
                             dbt_version));
  }
}

void warn_of_comment(ProjectSettings&, const YamlNode& node, const YamlValues& values) {
  const Json comment = values.raw(node);
  if (comment.is_null() || comment == Json("")) return;
  log::warn("{}: query-comment has no effect; statements carry no comment", place_of(node).text());
}

/// Without packages there are the project and dbt itself, and macros are looked up in this order.
void require_usual_dispatch(ProjectSettings& settings, const YamlNode& node,
                            const YamlValues& values) {
  for (const auto& entry : node.items()) {
    const YamlNode* order = entry.find("search_order");
    if (order == nullptr) continue;
    const std::vector<std::string> given = texts_of(*order, values);
    const std::vector<std::string> usual = {settings.name, "dbt"};
    if (values.text(entry.at("macro_namespace")) == "dbt" && given == usual) continue;
    refuse(*order, fmt::format("not supported yet: dispatch with the search_order {}; there is {}",
                               join(given, ", "), join(usual, ", ")));
  }
}

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"name", {}},
      {"profile", {}},
      {"version", {}},
      {"config-version", {}},
      {"require-dbt-version", require_version},
      {"model-paths", paths(&ProjectSettings::model_paths)},
      {"source-paths", paths(&ProjectSettings::model_paths)},  // dbt before 1.0
      {"seed-paths", paths(&ProjectSettings::seed_paths)},
      {"data-paths", paths(&ProjectSettings::seed_paths)},  // dbt before 1.0
      {"test-paths", paths(&ProjectSettings::test_paths)},
      {"macro-paths", paths(&ProjectSettings::macro_paths)},
      {"snapshot-paths", paths(&ProjectSettings::snapshot_paths)},
      {"analysis-paths", {}},
      {"docs-paths", {}},
      {"asset-paths", {}},
      {"target-path", {}},
      {"log-path", {}},
      {"clean-targets", {}},
      {"packages-install-path",
       [](ProjectSettings& settings, const YamlNode& node, const YamlValues& values) {
         settings.packages_path = values.text(node);
       }},
      {"models", section(&ProjectSettings::models)},
      {"seeds", section(&ProjectSettings::seeds)},
      {"tests", section(&ProjectSettings::tests)},
      {"data_tests", section(&ProjectSettings::tests)},
      {"sources", section(&ProjectSettings::sources)},
      {"snapshots", {}},  // settings of resources that are refused where they stand
      {"exposures", {}},
      {"metrics", {}},
      {"semantic-models", {}},
      {"saved-queries", {}},
      {"unit_tests", {}},
      {"vars",
       [](ProjectSettings& settings, const YamlNode& node, const YamlValues& values) {
         settings.vars = mapping_of(node, values.raw(node));
       }},
      {"on-run-start", hooks(&ProjectSettings::on_run_start)},
      {"on-run-end", hooks(&ProjectSettings::on_run_end)},
      {"query-comment", warn_of_comment},
      {"quoting", {}},  // names are always quoted
      {"dispatch", require_usual_dispatch},
      {"flags", {}},
      {"restrict-access", {}},
      {"dbt-cloud", {}},
  };
  return table;
}

}  // namespace

std::string profile_name(const YamlNode& document, const YamlValues& values) {
  const YamlNode* profile = document.find("profile");
  return profile != nullptr ? values.text(*profile) : values.text(document.at("name"));
}

ProjectSettings read_project_file(const YamlNode& document, const YamlValues& values) {
  std::vector<std::string_view> known;
  for (const auto& key : keys()) known.push_back(key.name);
  document.allow_only(known);
  ProjectSettings settings;
  settings.name = values.text(document.at("name"));
  settings.profile = profile_name(document, values);
  for (const auto& key : keys()) {
    const YamlNode* node = document.find(key.name);
    if (node != nullptr && key.read) key.read(settings, *node, values);
  }
  return settings;
}

Json vars_of(const ProjectSettings& settings, const Json& of_caller) {
  Json vars = Json::object();
  for (const auto& [name, value] : settings.vars.as_object()) {
    if (name != settings.name) vars.set(name, value);
  }
  const Json* own = settings.vars.find(settings.name);
  if (own != nullptr && own->is_object()) {
    for (const auto& [name, value] : own->as_object()) vars.set(name, value);
  }
  for (const auto& [name, value] : of_caller.as_object()) vars.set(name, value);
  return vars;
}

}  // namespace pipeline::dbt
