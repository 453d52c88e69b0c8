#include "stages/transform/compile/node_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

enum class Support { yes, not_yet };

template <typename Enum>
struct Choice {
  std::string_view word;
  Support support;
  Enum value;
};

constexpr std::array<Choice<Materialization>, 6> materializations = {{
    {"view", Support::yes, Materialization::view},
    {"table", Support::yes, Materialization::table},
    {"incremental", Support::yes, Materialization::incremental},
    {"ephemeral", Support::not_yet, Materialization::view},
    {"materialized_view", Support::not_yet, Materialization::view},
    {"snapshot", Support::not_yet, Materialization::table},
}};

constexpr std::array<Choice<IncrementalStrategy>, 5> strategies = {{
    {"append", Support::yes, IncrementalStrategy::append},
    {"delete+insert", Support::yes, IncrementalStrategy::delete_insert},
    {"merge", Support::not_yet, IncrementalStrategy::delete_insert},
    {"insert_overwrite", Support::not_yet, IncrementalStrategy::append},
    {"microbatch", Support::not_yet, IncrementalStrategy::append},
}};

constexpr std::array<Choice<OnSchemaChange>, 4> schema_changes = {{
    {"ignore", Support::yes, OnSchemaChange::ignore},
    {"append_new_columns", Support::yes, OnSchemaChange::append_new_columns},
    {"sync_all_columns", Support::yes, OnSchemaChange::sync_all_columns},
    {"fail", Support::yes, OnSchemaChange::fail},
}};

constexpr std::array<Choice<PublishMode>, 2> publish_modes = {{
    {"swap", Support::yes, PublishMode::swap},
    {"in_place", Support::yes, PublishMode::in_place},
}};

constexpr std::array<Choice<Severity>, 2> severities = {{
    {"warn", Support::yes, Severity::warn},
    {"error", Support::yes, Severity::error},
}};

class Reader {
 public:
  Reader(const Json& merged, const Place& place) : merged_(merged), place_(place) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", place_.text(), what));
  }

  /// The value under the key; nullptr if it is absent or null.
  const Json* find(std::string_view key) const {
    const Json* value = merged_.find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  std::string text(std::string_view key, std::string fallback) const {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_int()) return std::to_string(value->as_int());
    if (!value->is_string()) refuse(fmt::format("{} must be a text", key));
    return value->as_string();
  }

  std::optional<bool> boolean(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) refuse(fmt::format("{} must be true or false", key));
    return value->as_bool();
  }

  /// One text or a list of texts.
  std::vector<std::string> texts(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return {};
    return texts_in(*value, key);
  }

  std::vector<std::string> texts_in(const Json& value, std::string_view key) const {
    if (value.is_string()) return {value.as_string()};
    if (!value.is_array()) refuse(fmt::format("{} must be a name or a list of names", key));
    std::vector<std::string> texts;
    for (const auto& item : value.as_array()) {
      if (!item.is_string()) refuse(fmt::format("{} must be a name or a list of names", key));
      texts.push_back(item.as_string());
    }
    return texts;
  }

  template <typename Enum>
  Enum choice(std::string_view key, const std::string& word,
              std::span<const Choice<Enum>> choices) const {
    std::vector<std::string> known;
    for (const auto& one : choices) {
      if (one.word == word) {
        if (one.support == Support::yes) return one.value;
        refuse(fmt::format("not supported yet: {} \"{}\"", key, word));
      }
      if (one.support == Support::yes) known.emplace_back(one.word);
    }
    refuse(fmt::format("unknown {} \"{}\"; known: {}", key, word, join(known, ", ")));
  }

 private:
  const Json& merged_;
  const Place& place_;
};

std::vector<IndexConfig> indexes_of(const Reader& reader) {
  std::vector<IndexConfig> indexes;
  const Json* listed = reader.find("indexes");
  if (listed == nullptr) return indexes;
  if (!listed->is_array()) reader.refuse("indexes must be a list");
  for (const auto& item : listed->as_array()) {
    const Json* columns = item.find("columns");
    if (columns == nullptr) reader.refuse("an index must name its columns");
    IndexConfig index;
    index.columns = reader.texts_in(*columns, "columns of an index");
    if (index.columns.empty()) reader.refuse("an index must name its columns");
    for (const auto& [key, value] : item.as_object()) {
      if (key == "columns") continue;
      if (key == "unique" && value.is_bool()) {
        index.unique = value.as_bool();
      } else if (key == "type" && value.is_string()) {
        index.type = value.as_string();
      } else if (key == "name" && value.is_string()) {
        index.name = value.as_string();
      } else {
        reader.refuse(
            fmt::format("an index has columns, unique, type and name; \"{}\" does not fit", key));
      }
    }
    indexes.push_back(std::move(index));
  }
  return indexes;
}

void refuse_contract(const Reader& reader) {
  const Json* contract = reader.find("contract");
  const Json* enforced = contract != nullptr ? contract->find("enforced") : nullptr;
  if (enforced != nullptr && enforced->is_bool() && enforced->as_bool()) {
    reader.refuse("not supported yet: contract (enforced: true)");
  }
}

/// Settings that would change what is built or who may read it: dropping them in silence would be
/// worse than not running.
void refuse_what_would_be_lost(const Reader& reader) {
  for (const auto* key : {"sql_header", "grants"}) {
    if (reader.find(key) != nullptr) reader.refuse(fmt::format("not supported yet: {}", key));
  }
  const Json* comments = reader.find("persist_docs");
  if (comments == nullptr || !comments->is_object()) return;
  for (const auto& [what, wanted] : comments->as_object()) {
    if (wanted == Json(true)) {
      reader.refuse(fmt::format("not supported yet: persist_docs ({}: true)", what));
    }
  }
}

/// As dbt-mysql: there is no database above a schema.
void refuse_database(const Reader& reader) {
  const Json* database = reader.find("database");
  if (database == nullptr || *database == Json("")) return;
  reader.refuse(
      fmt::format("database {}: MySQL has none above a schema; give schema", database->dump()));
}

/// meta.validate, of what is built.
std::vector<std::string> validations_of(const Reader& reader, const Json& meta) {
  const Json* given = meta.is_object() ? meta.find("validate") : nullptr;
  if (given == nullptr || given->is_null()) return {};
  const Json list = given->is_array() ? *given : Json(Json::Array{*given});
  std::vector<std::string> queries;
  for (const auto& item : list.as_array()) {
    if (!item.is_string() || trim(item.as_string()).empty()) {
      reader.refuse("meta.validate must be a query or a list of queries");
    }
    queries.push_back(item.as_string());
  }
  return queries;
}

/// A name as SQL may spell it without quotes, or one in backticks; nullopt: an expression.
std::optional<std::string> plain_column(std::string_view text) {
  text = trim(text);
  if (text.size() > 2 && text.starts_with('`') && text.ends_with('`')) {
    text = text.substr(1, text.size() - 2);
    return text.find('`') == std::string_view::npos ? std::optional<std::string>(text)
                                                    : std::nullopt;
  }
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80U;
  });
  return plain ? std::optional<std::string>(text) : std::nullopt;
}

/// dbt puts unique_key into its SQL as it stands: "a, b" are two columns there, and an expression
/// works too. Here columns are quoted and indexed, so an expression has to be refused.
std::vector<std::string> unique_key_of(const Reader& reader) {
  std::vector<std::string> columns;
  for (const auto& text : reader.texts("unique_key")) {
    for (const auto& piece : split(text, ',')) {
      const auto column = plain_column(piece);
      if (!column) {
        reader.refuse(
            fmt::format("not supported yet: unique_key \"{}\", which is no column; give "
                        "the columns, or make it a column of the model",
                        text));
      }
      columns.push_back(*column);
    }
  }
  return columns;
}

void read_model(const Reader& reader, NodeConfig& config) {
  refuse_database(reader);
  refuse_what_would_be_lost(reader);
  config.materialized = reader.choice<Materialization>(
      "materialized", reader.text("materialized", "view"), materializations);
  const bool incremental = config.materialized == Materialization::incremental;
  config.unique_key = incremental ? unique_key_of(reader) : reader.texts("unique_key");
  // As dbt-mysql: without a word about it, a key means delete+insert and no key means append.
  const std::string usual = config.unique_key.empty() ? "append" : "delete+insert";
  std::string strategy = reader.text("incremental_strategy", usual);
  if (strategy == "default") strategy = usual;
  if (incremental) {
    config.strategy =
        reader.choice<IncrementalStrategy>("incremental_strategy", strategy, strategies);
    if (config.strategy == IncrementalStrategy::delete_insert && config.unique_key.empty()) {
      reader.refuse("incremental_strategy \"delete+insert\" needs a unique_key");
    }
    if (reader.find("incremental_predicates") != nullptr) {
      reader.refuse("not supported yet: incremental_predicates");
    }
  }
  config.on_schema_change = reader.choice<OnSchemaChange>(
      "on_schema_change", reader.text("on_schema_change", "ignore"), schema_changes);
  config.publish =
      reader.choice<PublishMode>("publish", reader.text("publish", "swap"), publish_modes);
  if (config.publish == PublishMode::in_place && !incremental) {
    reader.refuse("publish: in_place is for incremental models");
  }
  config.full_refresh = reader.boolean("full_refresh");
  config.indexes = indexes_of(reader);
  refuse_contract(reader);
}

void read_test(const Reader& reader, NodeConfig& config) {
  refuse_database(reader);
  config.materialized = Materialization::test;
  config.severity =
      reader.choice<Severity>("severity", to_lower(reader.text("severity", "error")), severities);
  config.where = reader.text("where", "");
  config.fail_calc = reader.text("fail_calc", config.fail_calc);
  config.warn_if = reader.text("warn_if", config.warn_if);
  config.error_if = reader.text("error_if", config.error_if);
  if (const Json* limit = reader.find("limit")) {
    if (!limit->is_int() || limit->as_int() < 0) reader.refuse("limit must be a whole number");
    config.limit = limit->as_int();
  }
  if (reader.boolean("store_failures").value_or(false)) {
    reader.refuse("not supported yet: store_failures");
  }
  const std::string kept_as = reader.text("store_failures_as", "ephemeral");
  if (kept_as != "ephemeral") {
    reader.refuse(fmt::format("not supported yet: store_failures_as \"{}\"", kept_as));
  }
}

void read_seed(const Reader& reader, NodeConfig& config) {
  refuse_what_would_be_lost(reader);
  refuse_database(reader);
  config.materialized = Materialization::seed;
  const std::string delimiter = reader.text("delimiter", ",");
  if (delimiter.size() != 1) reader.refuse("delimiter must be one character");
  config.delimiter = delimiter.front();
  config.indexes = indexes_of(reader);
  const Json* types = reader.find("column_types");
  if (types == nullptr) return;
  if (!types->is_object()) reader.refuse("column_types must be a mapping");
  for (const auto& [column, type] : types->as_object()) {
    if (!type.is_string()) reader.refuse(fmt::format("the type of {} must be a text", column));
    config.column_types.emplace_back(column, type.as_string());
  }
}

}  // namespace

NodeConfig read_node_config(ResourceType type, const Json& merged, const Place& place) {
  const Reader reader(merged, place);
  NodeConfig config;
  config.raw = merged;
  config.tags = reader.texts("tags");
  if (const Json* meta = reader.find("meta")) config.meta = *meta;
  if (const Json* hooks = reader.find("pre-hook")) {
    config.pre_hooks = hooks_of(*hooks, place.text());
  }
  if (const Json* hooks = reader.find("post-hook")) {
    config.post_hooks = hooks_of(*hooks, place.text());
  }
  switch (type) {
    case ResourceType::model:
      read_model(reader, config);
      config.validations = validations_of(reader, config.meta);
      break;
    case ResourceType::seed:
      read_seed(reader, config);
      config.validations = validations_of(reader, config.meta);
      break;
    case ResourceType::test:
      read_test(reader, config);
      break;
    case ResourceType::source:
    case ResourceType::operation:
      break;
  }
  return config;
}

bool is_enabled(const Json& merged, const Place& place) {
  return Reader(merged, place).boolean("enabled").value_or(true);
}

}  // namespace pipeline::dbt
