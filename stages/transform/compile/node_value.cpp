#include "stages/transform/compile/node_value.h"

#include <string_view>
#include <vector>

#include "common/base/text.h"
#include "stages/transform/compile/config_json.h"

namespace pipeline::dbt {
namespace {

using jinja::Dict;
using jinja::List;
using jinja::Value;

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// The folders that the fqn names between project and node, and the file: the path below the
/// resource's folder.
std::string path_below_folder(const Node& node) {
  std::vector<std::string> pieces;
  if (node.fqn.size() > 2) pieces.assign(node.fqn.begin() + 1, node.fqn.end() - 1);
  pieces.push_back(file_name(node.place.file));
  return join(pieces, "/");
}

}  // namespace

std::string dbt_path(const Node& node) {
  switch (node.type) {
    case ResourceType::model:
    case ResourceType::seed:
      return path_below_folder(node);
    case ResourceType::test:
      return node.generic ? node.relation.identifier + ".sql" : path_below_folder(node);
    case ResourceType::source:
      return node.place.file;
    case ResourceType::operation:
      return "hooks/" + node.name + ".sql";
  }
  return node.place.file;
}

Value node_value(const Node& node, const std::string& package) {
  const auto texts = [](const std::vector<std::string>& from) {
    return Value::list(List(from.begin(), from.end()));
  };
  Dict columns;
  for (const auto& column : node.columns) {
    columns.set(column.name,
                Value::dict({{"name", column.name}, {"description", column.description}}));
  }
  const Value config = Value::from_json(config_json(node));
  return Value::dict({{"unique_id", node.unique_id},
                      {"resource_type", name_of(node.type)},
                      {"name", node.name},
                      {"alias", node.relation.identifier},
                      {"identifier", node.relation.identifier},
                      {"source_name", node.source_name},
                      {"database", Value()},
                      {"schema", node.relation.schema},
                      {"package_name", package},
                      {"path", dbt_path(node)},
                      {"original_file_path", node.place.file},
                      {"fqn", texts(node.fqn)},
                      {"config", config},
                      {"tags", config.as_dict().get("tags", Value::list())},
                      {"meta", config.as_dict().get("meta", Value::dict())},
                      {"description", node.description},
                      {"columns", Value::dict(std::move(columns))},
                      {"raw_code", node.raw_code},
                      {"depends_on", Value::dict({{"nodes", texts(node.depends_on)}})}});
}

}  // namespace pipeline::dbt
