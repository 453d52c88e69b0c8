// The names that dbt gives to templates: ref, source, config, var, target, adapter and the rest.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "stages/transform/compile/invocation_flags.h"
#include "stages/transform/compile/macro_library.h"
#include "stages/transform/compile/node_scope.h"
#include "stages/transform/jinja/environment.h"
#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;

/// What all renderings of one invocation share. Must outlive the contexts.
struct InvocationFacts {
  const jinja::Environment* environment = nullptr;
  const MacroLibrary* macros = nullptr;
  const Project* project = nullptr;
  EnvironmentLookup lookup;
  std::string invocation_id;
  std::chrono::system_clock::time_point run_started_at;
  InvocationFlags flags = {};
};

using ExtraNames = std::map<std::string, jinja::Value, std::less<>>;

/// The context of a node's SQL, hooks and tests. A name means, in this order: a macro of the
/// project, one of `extra`, dbt's own name, a built-in macro, a package's namespace. In the parse
/// pass what is missing in a value takes any attribute, item and call, as in dbt.
jinja::ContextPtr make_node_context(const InvocationFacts& facts, std::shared_ptr<NodeScope> scope,
                                    ExtraNames extra = {});

/// As above for the parse pass of a node that is switched off: names that nobody knows may be
/// called too.
jinja::ContextPtr make_tolerant_context(const InvocationFacts& facts,
                                        std::shared_ptr<NodeScope> scope);

/// The context of Jinja in YAML files: env_var, var, target.
jinja::ContextPtr make_yaml_context(const EnvironmentLookup& lookup, const YamlScope& scope);

/// An environment with dbt's blocks: test and data_test beside macro.
std::unique_ptr<jinja::Environment> make_environment();

/// As above, for YAML: as_bool, as_number and as_native make of a text what it spells, the first
/// two refuse any other.
std::unique_ptr<jinja::Environment> make_yaml_environment();

}  // namespace pipeline::dbt
