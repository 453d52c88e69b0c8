// The order of a project's nodes: parents first, equals by name, no circle.
#include <algorithm>
#include <functional>
#include <queue>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/node.h"

namespace pipeline::dbt {
namespace {

const std::vector<std::string> nobody;

/// One circle among `left`, as "a (file) -> b (file) -> a".
std::string describe_circle(const std::map<std::string, Node, std::less<>>& nodes,
                            const std::map<std::string, std::size_t, std::less<>>& left) {
  // Every node left waits for another one left: following those must come back.
  std::vector<std::string> path = {left.begin()->first};
  while (true) {
    const auto& parents = nodes.at(path.back()).depends_on;
    const auto next =
        std::ranges::find_if(parents, [&](const auto& parent) { return left.contains(parent); });
    const auto seen = std::ranges::find(path, *next);
    const bool closed = seen != path.end();
    if (closed) path.erase(path.begin(), seen);
    path.push_back(*next);
    if (closed) break;
  }
  std::vector<std::string> words;
  for (const auto& id : path) {
    const Node& node = nodes.at(id);
    words.push_back(fmt::format("{} ({})", node.name, node.place.file));
  }
  return join(words, " -> ");
}

std::vector<std::string> reach(
    std::string_view from,
    const std::function<const std::vector<std::string>&(const std::string&)>& next) {
  std::set<std::string> found;
  std::vector<std::string> open = {std::string(from)};
  while (!open.empty()) {
    const std::string id = std::move(open.back());
    open.pop_back();
    for (const auto& neighbour : next(id)) {
      if (found.insert(neighbour).second) open.push_back(neighbour);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace

Graph::Graph(std::vector<Node> nodes) {
  for (auto& node : nodes) {
    std::string id = node.unique_id;
    const std::string file = node.place.text();
    const auto [present, added] = nodes_.emplace(std::move(id), std::move(node));
    if (added) continue;
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} stands twice in the project: {} and {}", present->first,
                            present->second.place.text(), file));
  }
  std::map<std::string, std::size_t, std::less<>> waiting;  // id -> parents not yet placed
  for (const auto& [id, node] : nodes_) {
    waiting[id] = node.depends_on.size();
    for (const auto& parent : node.depends_on) {
      require(nodes_.contains(parent), "a node depends on nodes of the graph only");
      children_[parent].push_back(id);
    }
  }
  std::priority_queue<std::string, std::vector<std::string>, std::greater<>> ready;
  for (const auto& [id, count] : waiting) {
    if (count == 0) ready.push(id);
  }
  while (!ready.empty()) {
    const std::string id = ready.top();
    ready.pop();
    waiting.erase(id);
    order_.push_back(id);
    for (const auto& child : children(id)) {
      if (--waiting.at(child) == 0) ready.push(child);
    }
  }
  if (waiting.empty()) return;
  throw Error(ErrorKind::config_invalid,
              fmt::format("the models form a circle: {}", describe_circle(nodes_, waiting)));
}

const Node* Graph::find(std::string_view unique_id) const {
  const auto found = nodes_.find(unique_id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Node& Graph::at(std::string_view unique_id) const {
  const Node* node = find(unique_id);
  require(node != nullptr, "the node is in the graph");
  return *node;
}

const std::vector<std::string>& Graph::children(std::string_view unique_id) const {
  const auto found = children_.find(unique_id);
  return found == children_.end() ? nobody : found->second;
}

std::vector<std::string> Graph::ancestors(std::string_view unique_id) const {
  return reach(unique_id, [this](const std::string& id) -> const std::vector<std::string>& {
    return at(id).depends_on;
  });
}

std::vector<std::string> Graph::descendants(std::string_view unique_id) const {
  return reach(unique_id, [this](const std::string& id) -> const std::vector<std::string>& {
    return children(id);
  });
}

}  // namespace pipeline::dbt
