#include "stages/transform/project/project.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

std::string spelled(std::string_view key) {
  if (key.starts_with('+')) key.remove_prefix(1);
  if (key == "pre_hook") return "pre-hook";
  if (key == "post_hook") return "post-hook";
  return std::string(key);
}

bool adds_up_as_list(std::string_view key) {
  return key == "tags" || key == "pre-hook" || key == "post-hook";
}

bool adds_up_as_mapping(std::string_view key) {
  return key == "meta" || key == "column_types" || key == "docs" || key == "persist_docs" ||
         key == "quoting" || key == "grants";
}

Json as_list(const Json& value) {
  if (value.is_array()) return value;
  Json list = Json::array();
  if (!value.is_null()) list.push_back(value);
  return list;
}

void append(Json& base, const std::string& key, const Json& value) {
  Json* present = base.find(key);
  if (present == nullptr) {
    base.set(key, as_list(value));
    return;
  }
  const Json added = as_list(value);
  for (const auto& item : added.as_array()) {
    const auto& items = present->as_array();
    // A tag is there or not; a hook given twice runs twice.
    if (key == "tags" && std::ranges::find(items, item) != items.end()) continue;
    present->push_back(item);
  }
}

void update(Json& base, const std::string& key, const Json& value) {
  Json* present = base.find(key);
  if (present == nullptr || !present->is_object() || !value.is_object()) {
    base.set(key, value);
    return;
  }
  for (const auto& [name, entry] : value.as_object()) present->set(name, entry);
}

/// before_begin() and after_commit() hand a hook on as the text of a JSON object.
std::optional<Json> hook_in_text(std::string_view text) {
  if (!text.starts_with('{') || text.starts_with("{{") || text.starts_with("{%")) return {};
  try {
    Json object = Json::parse(text);
    if (object.find("sql") != nullptr) return object;
  } catch (const Error&) {
    // Then it is SQL that the server will judge.
  }
  return {};
}

Hook hook_of(const Json& value, std::string_view place) {
  if (value.is_string()) {
    if (const auto object = hook_in_text(value.as_string())) return hook_of(*object, place);
    return {.sql = value.as_string()};
  }
  const Json* sql = value.find("sql");
  if (sql == nullptr || !sql->is_string()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: a hook is a text or {{sql: ..., transaction: ...}}", place));
  }
  const Json* transaction = value.find("transaction");
  const bool outside = transaction != nullptr && transaction->is_bool() && !transaction->as_bool();
  return {.sql = sql->as_string(),
          .transaction = outside ? Hook::Transaction::outside : Hook::Transaction::inside};
}

}  // namespace

std::string Place::text() const {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

std::string_view name_of(ResourceType type) {
  switch (type) {
    case ResourceType::model:
      return "model";
    case ResourceType::seed:
      return "seed";
    case ResourceType::test:
      return "test";
    case ResourceType::source:
      return "source";
    case ResourceType::operation:
      return "operation";
  }
  return "";
}

std::vector<std::string> source_tables(const Project& project) {
  std::vector<std::string> tables;
  for (const auto& source : project.sources) {
    const Json* enabled = source.config.find("enabled");
    if (enabled != nullptr && enabled->is_bool() && !enabled->as_bool()) continue;
    tables.push_back(source.schema + "." + source.identifier);
  }
  std::ranges::sort(tables);
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  return tables;
}

void merge_config(Json& base, const Json& over) {
  for (const auto& [written, value] : over.as_object()) {
    const std::string key = spelled(written);
    if (adds_up_as_list(key)) {
      append(base, key, value);
    } else if (adds_up_as_mapping(key)) {
      update(base, key, value);
    } else {
      base.set(key, value);
    }
  }
}

Json config_of(const Json& section, const std::vector<std::string>& fqn) {
  Json config = Json::object();
  const Json* level = &section;
  for (std::size_t depth = 0; level != nullptr && level->is_object(); ++depth) {
    Json here = Json::object();
    for (const auto& [key, value] : level->as_object()) {
      if (key.starts_with('+') || !value.is_object()) here.set(key, value);
    }
    merge_config(config, here);
    level = depth < fqn.size() ? level->find(fqn[depth]) : nullptr;
  }
  return config;
}

std::vector<Hook> hooks_of(const Json& value, std::string_view place) {
  std::vector<Hook> hooks;
  const Json list = as_list(value);
  for (const auto& item : list.as_array()) hooks.push_back(hook_of(item, place));
  return hooks;
}

}  // namespace pipeline::dbt
