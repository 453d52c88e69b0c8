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

/// A macro as it stands in its file.
struct MacroText {
  std::string name;
  std::string package;  // "dbt" for those built in
  std::string path;
  std::string text;  // the whole block

  std::string unique_id() const { return "macro." + package + "." + name; }
};

/// Immutable after construction and shared by all threads.
class MacroLibrary {
 public:
  /// Parses the macro files. Throws config_invalid with file:line for broken ones and for a name
  /// that two of the project's files give.
  MacroLibrary(const jinja::Environment& environment, const Project& project);

  enum class Owner { project, builtin };

  /// "macro.shop.cents", "macro.dbt.type_string".
  std::string unique_id(Owner owner, std::string_view name) const;

  /// A macro of that owner, bound to the context it will see; nullopt if there is none.
  std::optional<jinja::Value> find(Owner owner, std::string_view name,
                                   const jinja::ContextPtr& context) const;
  /// The project's macro, else the one built in.
  std::optional<jinja::Value> find(std::string_view name, const jinja::ContextPtr& context) const;
  bool has(std::string_view name) const;

  struct Found {
    Owner owner = Owner::project;
    std::string name;
  };
  /// adapter.dispatch: mysql__name (mariadb__name first on MariaDB), then default__name, each in
  /// the project and then built in. nullopt if all fail.
  std::optional<Found> dispatch(std::string_view name, std::string_view adapter) const;

  /// Names of the owner's macros, sorted.
  std::vector<std::string_view> names(Owner owner) const;

  /// All macros, the project's first, each owner's by name.
  std::vector<MacroText> texts() const;

 private:
  using Index = std::map<std::string, std::size_t, std::less<>>;  // name -> files_
  const Index& index(Owner owner) const { return owner == Owner::project ? project_ : builtin_; }
  void add(Index& index, jinja::Template file);

  const jinja::Environment& environment_;
  std::string project_name_;
  std::vector<jinja::Template> files_;
  Index project_;
  Index builtin_;
};

}  // namespace pipeline::dbt
