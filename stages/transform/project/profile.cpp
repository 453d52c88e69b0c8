#include "stages/transform/project/profile.h"

#include <array>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {
namespace {

constexpr int threads_if_unsaid = 2;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::config_invalid, what);
}

/// The entry of a mapping, or an error that lists what there is.
const YamlNode& choose(const YamlNode& from, const std::string& key, std::string_view what) {
  if (const YamlNode* found = from.find(key)) return *found;
  std::vector<std::string> names;
  for (const auto& [name, value] : from.entries()) names.push_back(name.text());
  refuse(fmt::format("{}: there is no {} \"{}\"; there is: {}", place_of(from).text(), what, key,
                     join(names, ", ")));
}

int threads_of(const Json& fields, const LoadOptions& options, const std::string& where) {
  if (options.threads > 0) return options.threads;
  const Json* threads = fields.find("threads");
  if (threads == nullptr) return threads_if_unsaid;
  const std::string text = python_text(*threads);
  const Json number = plain_scalar(text);
  if (!number.is_int() || number.as_int() < 1 || number.as_int() > 256) {
    refuse(fmt::format("{}: threads must be a number from 1 to 256, not \"{}\"", where, text));
  }
  return static_cast<int>(number.as_int());
}

std::string text_field(const Json& fields, std::initializer_list<const char*> spellings) {
  for (const char* key : spellings) {
    const Json* value = fields.find(key);
    if (value != nullptr && !value->is_null()) return python_text(*value);
  }
  return {};
}

void check_type(const std::string& type, const std::string& where) {
  for (const std::string_view known : {"mysql", "mysql5", "mariadb"}) {
    if (type == known) return;
  }
  refuse(
      fmt::format("{}: a target of type \"{}\" is not supported; this runner speaks to mysql "
                  "and mariadb",
                  where, type));
}

std::string file_of_profiles(const LoadOptions& options) {
  const std::string& dir =
      options.profiles_dir.empty() ? options.project_dir : options.profiles_dir;
  return (std::filesystem::path(dir) / "profiles.yml").lexically_normal().string();
}

}  // namespace

Target read_target(const std::string& profile, const LoadOptions& options,
                   const RenderYaml& render) {
  const std::string file = file_of_profiles(options);
  if (!std::filesystem::exists(file)) {
    refuse(
        fmt::format("{} is missing; it must say the schema of the profile \"{}\"", file, profile));
  }
  const YamlNode document = YamlNode::parse_file(file);
  const YamlValues values(render, {.vars = &options.vars});
  const YamlNode& chosen = choose(document, profile, "profile");

  Target target;
  target.profile = profile;
  target.name = options.target;
  if (target.name.empty()) {
    const YamlNode* name = chosen.find("target");
    target.name = name != nullptr ? values.text(*name) : "default";
  }
  const YamlNode& output = choose(chosen.at("outputs"), target.name, "target");
  const std::string where = place_of(output).text();
  Json fields = values.rendered(output);
  target.type = text_field(fields, {"type"});
  check_type(target.type, where);
  // dbt-mysql knows the database as `schema` and, as an alias, as `database` or `dbname`.
  target.schema = text_field(fields, {"schema"});
  if (target.schema.empty()) refuse(fmt::format("{}: the target has no schema", where));
  target.threads = threads_of(fields, options, where);
  target.user = text_field(fields, {"username", "user", "UID"});
  target.password = Secret(text_field(fields, {"password", "pass", "PWD"}));
  for (const auto& [key, value] : fields.as_object()) {
    if (key != "password" && key != "pass" && key != "PWD") target.fields.set(key, value);
  }
  return target;
}

}  // namespace pipeline::dbt
