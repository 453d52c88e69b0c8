// All macros of a project and those built in, found by name as dbt finds them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/transform/jinja/environment.h"
#include "stages/transform/project/project.h"

namespace pipeline::dbt {

/// Immutable after construction and shared by all threads.
class MacroLibrary {
 public:
  /// Parses the macro files. Throws config_invalid with file:line for broken ones and for a name
  /// that two of the project's files give.
  MacroLibrary(const jinja::Environment& environment, const Project& project);

  enum class Owner { project, builtin };

  /// A macro of that owner, bound to the context it will see; nullopt if there is none.
  std::optional<jinja::Value> find(Owner owner, std::string_view name,
                                   const jinja::ContextPtr& context) const;
  /// The project's macro, else the one built in.
  std::optional<jinja::Value> find(std::string_view name, const jinja::ContextPtr& context) const;
  bool has(std::string_view name) const;

  /// adapter.dispatch: mysql__name (mariadb__name first on MariaDB), then default__name, each in
  /// the project and then built in; at last a built-in macro of the bare name. nullopt if all fail.
  std::optional<jinja::Value> dispatch(std::string_view name, std::string_view adapter,
                                       const jinja::ContextPtr& context) const;

  /// Names of the owner's macros, sorted.
  std::vector<std::string_view> names(Owner owner) const;

 private:
  using Index = std::map<std::string, std::size_t, std::less<>>;  // name -> files_
  const Index& index(Owner owner) const { return owner == Owner::project ? project_ : builtin_; }
  void add(Index& index, jinja::Template file);

  const jinja::Environment& environment_;
  std::vector<jinja::Template> files_;
  Index project_;
  Index builtin_;
};

}  // namespace pipeline::dbt
