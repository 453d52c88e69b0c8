// What ref, source, config and this mean while one node is rendered: one port, two passes behind
// it.
#pragma once

#include <set>
#include <string>

#include "common/base/json.h"
#include "stages/transform/compile/node.h"
#include "stages/transform/compile/relation.h"

namespace pipeline::dbt {

enum class Pass {
  parse,    // execute is false: what a node names is recorded
  compile,  // execute is true: names become relations, the server may be asked
};

/// Used by one thread at a time.
class NodeScope {
 public:
  virtual ~NodeScope() = default;

  virtual Pass pass() const = 0;
  /// `package` is empty for ref() with one argument. `place` is where the call stands. Both throw
  /// config_invalid for a name that the compile pass does not know.
  virtual Relation ref(const std::string& package, const std::string& name, Place place) = 0;
  virtual Relation source(const std::string& source, const std::string& table, Place place) = 0;
  /// config(...) in the file; `place` is where the call stands.
  virtual void configure(const Json& config, const Place& place) = 0;
  /// All settings known so far.
  virtual const Json& config() const = 0;
  virtual const Node& node() const = 0;
  /// `this`.
  virtual Relation self() const = 0;
  virtual bool is_incremental() const = 0;
  /// should_full_refresh(): the node's own setting, else that of the command line.
  virtual bool full_refresh() const = 0;
  /// Whether a column or kind of this relation may be asked for; nullptr at parse. Throws
  /// config_invalid in the compile pass if nobody can answer.
  virtual WarehouseQueries* warehouse() = 0;
  /// nullptr while there is none yet.
  virtual const Graph* graph() const = 0;
  /// The macro of that unique_id was looked up.
  virtual void meet_macro(const std::string& /*unique_id*/) {}
};

}  // namespace pipeline::dbt
