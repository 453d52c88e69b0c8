#include "stages/transform/compile/macro_library.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/transform/compile/builtin_macros.h"

namespace pipeline::dbt {

MacroLibrary::MacroLibrary(const jinja::Environment& environment, const Project& project)
    : environment_(environment), project_name_(project.name) {
  add(builtin_,
      environment.parse(std::string(builtin_macros_name), std::string(builtin_macros_text)));
  add(builtin_,
      environment.parse(std::string(builtin_macros_name), std::string(cross_database_macros_text)));
  for (const auto& file : project.macros) add(project_, environment.parse(file.path, file.text));
}

void MacroLibrary::add(Index& index, jinja::Template file) {
  for (const auto& macro : file.macros()) {
    const auto [present, added] = index.emplace(macro.name, files_.size());
    if (added) continue;
    const jinja::Template& other =
        present->second == files_.size() ? file : files_[present->second];
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}:{}: the macro \"{}\" stands in {} already", file.name(), macro.line,
                            macro.name, other.name()));
  }
  files_.push_back(std::move(file));
}

std::optional<jinja::Value> MacroLibrary::find(Owner owner, std::string_view name,
                                               const jinja::ContextPtr& context) const {
  const auto found = index(owner).find(name);
  if (found == index(owner).end()) return std::nullopt;
  return environment_.macro(files_[found->second], name, context);
}

std::optional<jinja::Value> MacroLibrary::find(std::string_view name,
                                               const jinja::ContextPtr& context) const {
  if (auto macro = find(Owner::project, name, context)) return macro;
  return find(Owner::builtin, name, context);
}

bool MacroLibrary::has(std::string_view name) const {
  return project_.contains(name) || builtin_.contains(name);
}

std::optional<MacroLibrary::Found> MacroLibrary::dispatch(std::string_view name,
                                                          std::string_view adapter) const {
  // dbt-mysql's adapters: mariadb and mysql5 stand on mysql.
  std::vector<std::string> prefixes;
  if (adapter != "mysql") prefixes.emplace_back(adapter);
  prefixes.emplace_back("mysql");
  prefixes.emplace_back("default");
  for (const Owner owner : {Owner::project, Owner::builtin}) {
    for (const auto& prefix : prefixes) {
      std::string candidate = fmt::format("{}__{}", prefix, name);
      if (index(owner).contains(candidate)) return Found{owner, std::move(candidate)};
    }
  }
  return std::nullopt;
}

std::string MacroLibrary::unique_id(Owner owner, std::string_view name) const {
  return fmt::format("macro.{}.{}", owner == Owner::builtin ? "dbt" : project_name_, name);
}

std::vector<MacroText> MacroLibrary::texts() const {
  std::vector<MacroText> texts;
  for (const Owner owner : {Owner::project, Owner::builtin}) {
    for (const auto& [name, file] : index(owner)) {
      const jinja::Template& in = files_[file];
      const auto& macros = in.macros();
      const auto info = std::ranges::find(macros, name, &jinja::MacroInfo::name);
      texts.push_back(
          {.name = name,
           .package = owner == Owner::builtin ? "dbt" : project_name_,
           .path = in.name(),
           .text = in.source().substr(info->begin_byte, info->end_byte - info->begin_byte)});
    }
  }
  return texts;
}

std::vector<std::string_view> MacroLibrary::names(Owner owner) const {
  std::vector<std::string_view> names;
  for (const auto& [name, file] : index(owner)) names.push_back(name);
  return names;
}

}  // namespace pipeline::dbt
