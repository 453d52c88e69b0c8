#include "stages/transform/compile/name_index.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

[[noreturn]] void refuse(const Place& place, const std::string& what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", place.text(), what));
}

std::string key_of(const Node& node) {
  return node.type == ResourceType::source ? node.source_name + "." + node.name : node.name;
}

}  // namespace

void NameIndex::add(const Node& node) {
  Entries& entries = node.type == ResourceType::source ? sources_ : models_;
  const auto [present, added] =
      entries.emplace(key_of(node), Entry{.unique_id = node.unique_id, .place = node.place});
  if (added) return;
  refuse(node.place,
         fmt::format("the name \"{}\" is taken by {}", present->first, present->second.place.file));
}

void NameIndex::add_disabled(const Node& node) {
  Entries& entries = node.type == ResourceType::source ? disabled_sources_ : disabled_models_;
  entries.emplace(key_of(node), Entry{.unique_id = node.unique_id, .place = node.place});
}

bool NameIndex::is_disabled(const std::string& source, const std::string& name) const {
  if (source.empty()) return !models_.contains(name) && disabled_models_.contains(name);
  const std::string key = source + "." + name;
  return !sources_.contains(key) && disabled_sources_.contains(key);
}

const std::string& NameIndex::ref(const std::string& package, const std::string& name,
                                  const Place& place) const {
  if (!package.empty() && package != project_) {
    refuse(place, fmt::format("not supported yet: packages (ref('{}', '{}'))", package, name));
  }
  return find(models_, disabled_models_, name, "model or seed", place);
}

const std::string& NameIndex::source(const std::string& source, const std::string& table,
                                     const Place& place) const {
  return find(sources_, disabled_sources_, source + "." + table, "source table", place);
}

const std::string& NameIndex::find(const Entries& entries, const Entries& disabled,
                                   const std::string& name, std::string_view what,
                                   const Place& place) {
  if (const auto found = entries.find(name); found != entries.end()) {
    return found->second.unique_id;
  }
  if (const auto found = disabled.find(name); found != disabled.end()) {
    refuse(place,
           fmt::format("the {} \"{}\" is disabled ({})", what, name, found->second.place.file));
  }
  std::vector<std::string_view> names;
  for (const auto& [known, entry] : entries) names.push_back(known);
  const auto meant = nearest(name, names);
  refuse(place, fmt::format("there is no {} \"{}\"{}", what, name,
                            meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
}

}  // namespace pipeline::dbt
