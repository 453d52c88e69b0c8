// Which nodes a selection such as "path:models/silver" or "+a tag:nightly" means.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

struct Selection {
  /// unique_ids of models and seeds, parents first.
  std::vector<std::string> built;
  /// unique_ids of tests, in the graph's order.
  std::vector<std::string> tests;

  bool builds(std::string_view unique_id) const;
};

struct SelectionOptions {
  /// Each entry is dbt's text: blanks unite, commas intersect. Empty: everything.
  std::vector<std::string> select;
  std::vector<std::string> exclude;
  /// Whether a node that is not built here can be read anyway, since an earlier run published it.
  /// Empty: all can.
  std::function<bool(const Node&)> is_published;
};

using NodeIds = std::set<std::string, std::less<>>;

/// Whether an entry of a selection may match nothing.
enum class NoMatch { refused, allowed };

/// The unique_ids that a selection matches, of every type, tests only where they are matched
/// themselves. Without `select` it is everything; what `exclude` matches is left out.
///
/// Knows path: (file:, also as a bare text with a slash or ending), tag:, fqn:, resource_type:,
/// source:, package:, test_type:, test_name:, config.KEY:, bare names and dotted fqns with *, and
/// the graph operators +x, x+, n+x, x+n, @x. Throws config_invalid for other methods, by name, and
/// for an entry of `select` that matches nothing (with the nearest name), unless that is allowed.
NodeIds matching_nodes(const Graph& graph, const std::vector<std::string>& select,
                       const std::vector<std::string>& exclude,
                       NoMatch no_match = NoMatch::refused);

/// What a layer builds and tests. Throws as matching_nodes().
///
/// A test belongs to the selection if it names (or stands under) a node that is built here, or a
/// source that a built node reads, or was selected itself; and if none of the nodes it names lies
/// below a built one without being built (that node's layer will run it); and if all others are
/// published. So a test over silver and gold runs with gold.
Selection select_nodes(const Graph& graph, const SelectionOptions& options);

}  // namespace pipeline::dbt
