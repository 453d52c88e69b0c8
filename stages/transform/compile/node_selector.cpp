#include "stages/transform/compile/node_selector.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/config_json.h"

namespace pipeline::dbt {
namespace {

using Ids = NodeIds;

// Operators with a number beyond any project's depth mean "all".
constexpr int all_levels = std::numeric_limits<int>::max();
constexpr std::string_view config_prefix = "config.";

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::config_invalid, what);
}

/// One criterion: "2+tag:nightly+1" taken apart.
struct Criterion {
  std::string text;  // as written
  std::string method;
  std::string value;
  int levels_up = 0;
  int levels_down = 0;
  bool with_childrens_parents = false;  // @
};

bool matches_glob(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool matches_path(const Node& node, const Criterion& criterion) {
  std::string_view folder = criterion.value;
  while (folder.ends_with('/')) folder.remove_suffix(1);
  const std::string& file = node.place.file;
  if (file == folder || (file.starts_with(folder) && file[folder.size()] == '/')) return true;
  return criterion.value.find('*') != std::string::npos && matches_glob(criterion.value, file);
}

bool matches_file(const Node& node, const Criterion& criterion) {
  const std::string base = node.place.file.substr(node.place.file.rfind('/') + 1);
  return base == criterion.value || base.substr(0, base.rfind('.')) == criterion.value;
}

bool matches_tag(const Node& node, const Criterion& criterion) {
  return std::ranges::any_of(
      node.config.tags, [&](const std::string& tag) { return matches_glob(criterion.value, tag); });
}

/// Whether the pieces match the beginning of the fqn from `first` on.
bool matches_fqn_from(const std::vector<std::string>& pieces, const std::vector<std::string>& fqn,
                      std::size_t first) {
  if (pieces.size() > fqn.size() - first) return false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!matches_glob(pieces[i], fqn[first + i])) return false;
  }
  return true;
}

bool matches_fqn(const Node& node, const Criterion& criterion) {
  if (node.type == ResourceType::source) return false;  // as dbt: only source: selects these
  if (matches_glob(criterion.value, node.name)) return true;
  const auto pieces = split(criterion.value, '.');
  return !node.fqn.empty() &&
         (matches_fqn_from(pieces, node.fqn, 0) || matches_fqn_from(pieces, node.fqn, 1));
}

bool matches_resource_type(const Node& node, const Criterion& criterion) {
  return name_of(node.type) == criterion.value;
}

bool matches_source(const Node& node, const Criterion& criterion) {
  if (node.type != ResourceType::source) return false;
  const auto pieces = split(criterion.value, '.');
  if (pieces.empty() || pieces.size() > 2) return false;
  return matches_glob(pieces.front(), node.source_name) &&
         (pieces.size() == 1 || matches_glob(pieces.back(), node.name));
}

bool matches_package(const Node& node, const Criterion& criterion) {
  return !node.fqn.empty() && matches_glob(criterion.value, node.fqn.front());
}

bool matches_test_type(const Node& node, const Criterion& criterion) {
  if (node.type != ResourceType::test) return false;
  const bool generic = node.generic.has_value();
  return criterion.value == "data" || criterion.value == (generic ? "generic" : "singular");
}

bool matches_test_name(const Node& node, const Criterion& criterion) {
  if (node.type != ResourceType::test) return false;
  return matches_glob(criterion.value, node.generic ? node.generic->macro : node.name);
}

/// As dbt: the value itself, one of a list, or a key of a mapping; True and true alike.
bool is_value(const Json& value, const std::string& wanted) {
  if (value.is_array()) {
    return std::ranges::any_of(value.as_array(),
                               [&](const Json& item) { return is_value(item, wanted); });
  }
  if (value.is_object()) return value.find(wanted) != nullptr;
  if (value.is_string()) return value.as_string() == wanted;
  return to_lower(value.dump()) == to_lower(wanted);
}

/// config.meta.owner:sales
bool matches_config(const Node& node, const Criterion& criterion) {
  const Json config = config_json(node);
  const Json* value = &config;
  for (const auto& key : split(criterion.method.substr(config_prefix.size()), '.')) {
    value = value->find(key);
    if (value == nullptr) return false;
  }
  return is_value(*value, criterion.value);
}

using Matches = bool (*)(const Node&, const Criterion&);

struct Method {
  std::string_view name;
  Matches matches;
};

constexpr std::array methods = {
    Method{"path", matches_path},
    Method{"file", matches_file},
    Method{"tag", matches_tag},
    Method{"fqn", matches_fqn},
    Method{"resource_type", matches_resource_type},
    Method{"source", matches_source},
    Method{"package", matches_package},
    Method{"test_type", matches_test_type},
    Method{"test_name", matches_test_name},
};
constexpr Method config_method{"config.KEY", matches_config};

const Method& method_of(const Criterion& criterion) {
  if (criterion.method.starts_with(config_prefix)) return config_method;
  std::vector<std::string> known;
  for (const auto& method : methods) {
    if (method.name == criterion.method) return method;
    known.push_back(fmt::format("{}:", method.name));
  }
  known.push_back(fmt::format("{}:", config_method.name));
  refuse(
      fmt::format("the selection \"{}\" uses the method \"{}:\", which is not supported; there "
                  "is {}",
                  criterion.text, criterion.method, join(known, ", ")));
}

/// Takes "+" or "2+" from the front; the number of levels, 0 if there is no "+".
int take_parents(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == text.size() || text[digits] != '+') return 0;
  int levels = all_levels;
  std::from_chars(text.data(), text.data() + digits, levels);
  text.remove_prefix(digits + 1);
  return levels;
}

int take_children(std::string_view& text) {
  const std::size_t plus = text.find_last_not_of("0123456789");
  if (plus == std::string_view::npos || text[plus] != '+') return 0;
  int levels = all_levels;
  std::from_chars(text.data() + plus + 1, text.data() + text.size(), levels);
  text.remove_suffix(text.size() - plus);
  return levels;
}

Criterion parse_criterion(std::string_view text) {
  Criterion criterion;
  criterion.text = text;
  if (text.starts_with('@')) {
    criterion.with_childrens_parents = true;
    criterion.levels_down = all_levels;
    text.remove_prefix(1);
  }
  criterion.levels_up = take_parents(text);
  criterion.levels_down = std::max(criterion.levels_down, take_children(text));
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    criterion.method = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  } else if (text.find('/') != std::string_view::npos) {
    criterion.method = "path";
  } else if (text.ends_with(".sql") || text.ends_with(".csv")) {
    criterion.method = "file";
  } else {
    criterion.method = "fqn";
  }
  criterion.value = text;
  if (criterion.value.empty()) {
    refuse(fmt::format("the selection \"{}\" names nothing", criterion.text));
  }
  return criterion;
}

class Selector {
 public:
  explicit Selector(const Graph& graph) : graph_(graph) {}

  /// The union of all entries. NoMatch::refused: each criterion must match something.
  Ids select(const std::vector<std::string>& entries, NoMatch no_match) const {
    Ids all;
    for (const auto& entry : entries) {
      for (const auto& word : split(replace_all(entry, "\t", " "), ' ')) {
        if (!word.empty()) all.merge(intersection(word, no_match));
      }
    }
    return all;
  }

 private:
  Ids intersection(const std::string& word, NoMatch no_match) const {
    Ids common;
    bool first = true;
    for (const auto& piece : split(word, ',')) {
      Ids found = evaluate(parse_criterion(trim(piece)), no_match);
      if (first) {
        common = std::move(found);
      } else {
        std::erase_if(common, [&](const std::string& id) { return !found.contains(id); });
      }
      first = false;
    }
    return common;
  }

  Ids evaluate(const Criterion& criterion, NoMatch no_match) const {
    const Method& method = method_of(criterion);
    Ids found;
    for (const auto& [id, node] : graph_.nodes()) {
      if (method.matches(node, criterion)) found.insert(id);
    }
    if (found.empty() && no_match == NoMatch::refused) refuse_empty(criterion);
    Ids result = found;
    result.merge(walk(found, criterion.levels_up, Direction::up));
    Ids below = walk(found, criterion.levels_down, Direction::down);
    result.merge(below);
    // dbt: the parents of what was found and of all below it; a leaf has parents too.
    if (criterion.with_childrens_parents) result.merge(walk(result, all_levels, Direction::up));
    return result;
  }

  enum class Direction { up, down };

  Ids walk(const Ids& from, int levels, Direction direction) const {
    Ids reached;
    Ids edge = from;
    for (int level = 0; level < levels && !edge.empty(); ++level) {
      Ids next;
      for (const auto& id : edge) {
        const auto& neighbours =
            direction == Direction::up ? graph_.at(id).depends_on : graph_.children(id);
        for (const auto& neighbour : neighbours) {
          if (reached.insert(neighbour).second) next.insert(neighbour);
        }
      }
      edge = std::move(next);
    }
    return reached;
  }

  [[noreturn]] void refuse_empty(const Criterion& criterion) const {
    std::vector<std::string> candidates;
    for (const auto& [id, node] : graph_.nodes()) {
      if (criterion.method == "fqn") candidates.push_back(node.name);
      if (criterion.method == "source") candidates.push_back(node.source_name);
      if (criterion.method == "tag") {
        candidates.insert(candidates.end(), node.config.tags.begin(), node.config.tags.end());
      }
      if (criterion.method != "path") continue;
      const std::string& file = node.place.file;
      for (std::size_t at = file.find('/'); at != std::string::npos; at = file.find('/', at + 1)) {
        candidates.push_back(file.substr(0, at));
      }
    }
    const std::vector<std::string_view> views(candidates.begin(), candidates.end());
    const auto meant = nearest(criterion.value, views);
    refuse(fmt::format("the selection \"{}\" matches nothing in the project{}", criterion.text,
                       meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
  }

  const Graph& graph_;
};

bool is_buildable(const Node& node) {
  return node.type == ResourceType::model || node.type == ResourceType::seed;
}

/// Decides for each test whether it runs with what is built; see the contract.
class TestChooser {
 public:
  TestChooser(const Graph& graph, const Ids& selected,
              const std::function<bool(const Node&)>& is_published)
      : graph_(graph), selected_(selected), is_published_(is_published) {
    for (const auto& id : selected) {
      if (!is_buildable(graph.at(id))) continue;
      built_.insert(id);
      for (const auto& parent : graph.at(id).depends_on) {
        if (graph.at(parent).type == ResourceType::source) read_sources_.insert(parent);
      }
    }
    std::vector<std::string> open(built_.begin(), built_.end());
    while (!open.empty()) {
      const std::string id = std::move(open.back());
      open.pop_back();
      for (const auto& child : graph.children(id)) {
        if (!built_.contains(child) && below_.insert(child).second) open.push_back(child);
      }
    }
  }

  bool runs(const Node& test) const {
    bool concerned = selected_.contains(test.unique_id);
    for (const auto& id : test.depends_on) {
      if (built_.contains(id) || read_sources_.contains(id)) concerned = true;
      if (below_.contains(id)) return false;
    }
    if (!concerned) return false;
    return std::ranges::all_of(test.depends_on, [&](const std::string& id) {
      const Node& node = graph_.at(id);
      return built_.contains(id) || node.type == ResourceType::source || !is_published_ ||
             is_published_(node);
    });
  }

 private:
  const Graph& graph_;
  const Ids& selected_;
  const std::function<bool(const Node&)>& is_published_;
  Ids built_;
  Ids read_sources_;
  Ids below_;  // downstream of what is built, and not built itself
};

}  // namespace

bool Selection::builds(std::string_view unique_id) const {
  return std::ranges::find(built, unique_id) != built.end();
}

Ids matching_nodes(const Graph& graph, const std::vector<std::string>& select,
                   const std::vector<std::string>& exclude, NoMatch no_match) {
  const Selector selector(graph);
  Ids selected;
  if (select.empty()) {
    for (const auto& [id, node] : graph.nodes()) selected.insert(id);
  } else {
    selected = selector.select(select, no_match);
  }
  for (const auto& id : selector.select(exclude, NoMatch::allowed)) selected.erase(id);
  return selected;
}

Selection select_nodes(const Graph& graph, const SelectionOptions& options) {
  const Ids selected = matching_nodes(graph, options.select, options.exclude);
  const Ids excluded = Selector(graph).select(options.exclude, NoMatch::allowed);
  const TestChooser tests(graph, selected, options.is_published);
  Selection selection;
  for (const auto& id : graph.order()) {
    const Node& node = graph.at(id);
    if (is_buildable(node) && selected.contains(id)) selection.built.push_back(id);
    if (node.type == ResourceType::test && !excluded.contains(id) && tests.runs(node)) {
      selection.tests.push_back(id);
    }
  }
  return selection;
}

}  // namespace pipeline::dbt
