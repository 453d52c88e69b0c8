#include "tests/fault/fault_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/config/yaml.h"

namespace pipeline::test {
namespace {

template <typename Value, std::size_t size>
Value one_of(const YamlNode& node,
             const std::array<std::pair<std::string_view, Value>, size>& known) {
  for (const auto& [name, value] : known) {
    if (node.text() == name) return value;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("{}: unknown word {}", node.where(), node.text()));
}

constexpr std::array<std::pair<std::string_view, FaultHow>, 4> hows{{
    {"kill", FaultHow::kill},
    {"term", FaultHow::term},
    {"error", FaultHow::error},
    {"server_killed", FaultHow::server_killed},
}};

constexpr std::array<std::pair<std::string_view, TypeAgain>, 3> agains{{
    {"no", TypeAgain::no},
    {"if_undone", TypeAgain::if_undone},
    {"always", TypeAgain::always},
}};

std::vector<std::string> texts(const YamlNode* list) {
  std::vector<std::string> result;
  if (list == nullptr) return result;
  for (const auto& item : list->items()) result.push_back(item.text());
  return result;
}

/// A text without quotes, or the list of its words.
CommandLine command_of(const YamlNode& node) {
  return node.is_sequence() ? texts(&node) : split(node.text(), ' ');
}

std::vector<CommandLine> commands_of(const YamlNode* list) {
  std::vector<CommandLine> result;
  if (list == nullptr) return result;
  for (const auto& item : list->items()) result.push_back(command_of(item));
  return result;
}

PrepareStep read_step(const YamlNode& node) {
  if (!node.is_mapping()) return command_of(node);
  node.allow_only({"sql", "file", "text"});
  if (const YamlNode* sql = node.find("sql")) return RootSql{sql->text()};
  return HouseFile{.path = node.at("file").text(), .text = node.at("text").text()};
}

std::vector<PrepareStep> read_steps(const YamlNode* list) {
  std::vector<PrepareStep> steps;
  if (list == nullptr) return steps;
  for (const auto& item : list->items()) steps.push_back(read_step(item));
  return steps;
}

std::vector<int> exits_of(const YamlNode* list) {
  std::vector<int> result;
  if (list == nullptr) return result;
  for (const auto& item : list->items()) {
    result.push_back(item.text() == "killed" ? killed_exit : static_cast<int>(item.as_int()));
  }
  return result;
}

FaultWay read_way(const YamlNode& node) {
  node.allow_only({"id", "how", "exits"});
  return {.id = node.at("id").text(),
          .how = one_of(node.at("how"), hows),
          .exits = exits_of(&node.at("exits"))};
}

FaultSetUp read_set_up(const YamlNode& node) {
  node.allow_only({"id", "prepare", "command", "again", "then", "next_exit", "points", "exits"});
  const YamlNode* again = node.find("again");
  const YamlNode* next_exit = node.find("next_exit");
  return {.id = node.at("id").text(),
          .prepare = read_steps(node.find("prepare")),
          .command = command_of(node.at("command")),
          .again = again == nullptr ? TypeAgain::no : one_of(*again, agains),
          .then = commands_of(node.find("then")),
          .next_exit = next_exit == nullptr ? 0 : static_cast<int>(next_exit->as_int()),
          .points = texts(node.find("points")),
          .exits = exits_of(node.find("exits"))};
}

bool begins_like_one_of(const std::vector<std::string>& prefixes, const std::string& point) {
  return std::ranges::any_of(prefixes,
                             [&](const auto& prefix) { return point.starts_with(prefix); });
}

}  // namespace

std::string Fault::id() const {
  return fmt::format("{}/{}@{}/{}", set_up->id, point, hit, way->id);
}

FaultTable read_fault_table(const std::string& path) {
  const YamlNode document = YamlNode::parse_file(path);
  document.allow_only({"ways", "set_ups", "skip", "retried", "elsewhere"});
  FaultTable table;
  for (const auto& node : document.at("ways").items()) table.ways.push_back(read_way(node));
  for (const auto& node : document.at("set_ups").items()) {
    table.set_ups.push_back(read_set_up(node));
  }
  table.skip = texts(document.find("skip"));
  table.retried = texts(document.find("retried"));
  for (const auto& node : document.at("elsewhere").items()) {
    node.allow_only({"point", "test"});
    table.elsewhere.push_back({.point = node.at("point").text(), .test = node.at("test").text()});
  }
  return table;
}

std::vector<Fault> faults_of(const FaultTable& table, const FaultSetUp& set_up,
                             const std::vector<std::string>& passed) {
  std::vector<std::string> order;
  std::map<std::string, int> hits;
  std::string before;
  for (const auto& point : passed) {
    const bool next_try =
        point == before && std::ranges::find(table.retried, point) != table.retried.end();
    before = point;
    if (!next_try && ++hits[point] == 1) order.push_back(point);
  }
  std::vector<Fault> faults;
  for (const auto& point : order) {
    if (begins_like_one_of(table.skip, point)) continue;
    if (!set_up.points.empty() && !begins_like_one_of(set_up.points, point)) continue;
    for (const auto& way : table.ways) {
      faults.push_back({.set_up = &set_up, .way = &way, .point = point, .hit = 1});
      if (const int last = hits[point]; last > 1) {
        faults.push_back({.set_up = &set_up, .way = &way, .point = point, .hit = last});
      }
    }
  }
  return faults;
}

}  // namespace pipeline::test
