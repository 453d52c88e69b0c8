// Finds the node that ref('x') or source('a', 'b') means, or says what may have been meant.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

class NameIndex {
 public:
  explicit NameIndex(std::string project) : project_(std::move(project)) {}

  /// Throws config_invalid if another model or seed has the name, or another source table both.
  void add(const Node& node);
  /// Remembers where a node stands that enabled: false takes out.
  void add_disabled(const Node& node);

  /// Whether the only node of that name is switched off. `source` is empty for a model or seed.
  bool is_disabled(const std::string& source, const std::string& name) const;

  /// The unique_id. Throws config_invalid with `place` and the nearest name if there is none.
  const std::string& ref(const std::string& package, const std::string& name,
                         const Place& place) const;
  const std::string& source(const std::string& source, const std::string& table,
                            const Place& place) const;

 private:
  struct Entry {
    std::string unique_id;
    Place place;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  static const std::string& find(const Entries& entries, const Entries& disabled,
                                 const std::string& name, std::string_view what,
                                 const Place& place);

  std::string project_;
  Entries models_;   // models and seeds by name
  Entries sources_;  // by "source.table"
  Entries disabled_models_;
  Entries disabled_sources_;
};

}  // namespace pipeline::dbt
