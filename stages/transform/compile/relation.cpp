#include "stages/transform/compile/relation.h"

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

std::string quoted(const std::string& name) {
  return fmt::format("`{}`", replace_all(name, "`", "``"));
}

}  // namespace

std::string Relation::render() const {
  return fmt::format("{}.{}", quoted(schema), quoted(identifier));
}

Relation Relation::shadow() const {
  return {.schema = schema + shadow_suffix, .identifier = identifier};
}

}  // namespace pipeline::dbt
