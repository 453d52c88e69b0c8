#include "stages/commands/guard_commands.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/commands/floor_options.h"
#include "stages/commands/text_table.h"
#include "stages/commands/vault_commands.h"
#include "stages/publish/names.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/sql.h"
#include "stages/publish/vault.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using publish::RowDifference;
using publish::RowExample;

constexpr std::size_t examples_default = 20;

std::size_t limit_of(const StageContext& context) {
  const auto text = context.asked.value("--limit");
  if (!text) return examples_default;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error == std::errc() && end == text->data() + text->size() &&
      limit <= publish::examples_limit) {
    return limit;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("--limit {} is no number from 0 to {}", *text, publish::examples_limit));
}

/// A model of the layer by its name or its table's; what it is not is taken for a table.
struct Compared {
  TableName live;
  std::vector<std::string> key;  // empty: the table's own
};

/// As the guards know it: pipeline.yaml, then the project. A project that cannot be read must not
/// keep anybody from looking.
Compared compared_of(const StageContext& context, const dbt::LayerRunRequest& request) {
  const std::string named = *context.asked.positional("MODEL");
  Compared compared{.live = table_named(named, request.layer().schema), .key = {}};
  try {
    const dbt::Compiler compiler(request.compiler);
    for (const dbt::Node* node : dbt::plan_layer(compiler, request.plan).nodes) {
      const TableName live = dbt::live_name(*node);
      if (live != compared.live && node->name != named) continue;
      compared.live = live;
      compared.key = node->config.unique_key;
      for (auto& rule : dbt::history_rules({node}, request.protect)) {
        compared.key = std::move(rule.key);
      }
      break;
    }
  } catch (const Error& error) {
    log::warn("the project cannot be read, so {} is taken for a table: {}", named, error.message());
  }
  for (const auto& rule : request.protect.history) {
    if (rule.table == compared.live) compared.key = rule.key;
  }
  if (const auto key = context.asked.value("--key")) compared.key = split(*key, ',');
  return compared;
}

std::string_view word_of(RowExample::Change change) {
  switch (change) {
    case RowExample::Change::removed:
      return "removed";
    case RowExample::Change::changed:
      return "changed";
    case RowExample::Change::added:
      return "added";
  }
  return "changed";
}

Json value_json(const std::optional<std::string>& value) {
  return value ? Json(*value) : Json();
}

Json names_json(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(name);
  return list;
}

Json example_json(const RowExample& example, const std::vector<std::string>& key) {
  Json json = Json::object();
  json.set("change", word_of(example.change));
  Json names = Json::object();
  for (std::size_t i = 0; i < key.size(); ++i) names.set(key[i], example.key[i]);
  json.set("key", std::move(names));
  Json columns = Json::object();
  for (const auto& cell : example.cells) {
    Json values = Json::object();
    if (example.change != RowExample::Change::added) values.set("before", value_json(cell.before));
    if (example.change != RowExample::Change::removed) values.set("after", value_json(cell.after));
    columns.set(cell.column, std::move(values));
  }
  json.set("columns", std::move(columns));
  return json;
}

std::string value_text(const std::optional<std::string>& value) {
  return value ? "'" + *value + "'" : "NULL";
}

void print_examples(const RowDifference& difference) {
  std::vector<std::vector<std::string>> lines{{"CHANGE", "KEY", "COLUMN", "BEFORE", "AFTER"}};
  for (const auto& example : difference.examples) {
    std::string change(word_of(example.change));
    std::string key = example.key_text(difference.key);
    for (const auto& cell : example.cells) {
      lines.push_back(
          {std::move(change), std::move(key), cell.column,
           example.change == RowExample::Change::added ? "" : value_text(cell.before),
           example.change == RowExample::Change::removed ? "" : value_text(cell.after)});
      change.clear();
      key.clear();
    }
  }
  if (lines.size() > 1) print_columns(lines);
}

void tell_difference(const StageContext& context, const RowDifference& difference,
                     const std::string& before, const std::string& after) {
  Json& output = context.output;
  output.set("before", before);
  output.set("after", after);
  output.set("key", names_json(difference.key));
  output.set("removed", difference.only_before);
  output.set("changed", difference.changed);
  output.set("added", difference.only_after);
  output.set("equal", difference.equal);
  output.set("columns_removed", names_json(difference.columns_only_before));
  output.set("columns_added", names_json(difference.columns_only_after));
  Json rows = Json::array();
  for (const auto& example : difference.examples) {
    rows.push_back(example_json(example, difference.key));
  }
  if (context.asked.has("--json")) {
    output.set("rows", std::move(rows));
    fmt::print("{}\n", output.dump());
    return;
  }
  fmt::print("{} -> {}, by {}\n", before, after, join(difference.key, ", "));
  fmt::print("{} removed, {} changed, {} added, {} equal\n", difference.only_before,
             difference.changed, difference.only_after, difference.equal);
  for (const auto& [word, columns] : {std::pair("gone", &difference.columns_only_before),
                                      std::pair("new", &difference.columns_only_after)}) {
    if (!columns->empty()) fmt::print("columns that are {}: {}\n", word, join(*columns, ", "));
  }
  print_examples(difference);
}

/// Live against what a refused publish left, or a backup against live.
void diff(const StageContext& context, const dbt::LayerRunRequest& request) {
  const Compared compared = compared_of(context, request);
  Connection session = Connection::open(request.build);
  publish::RowDifferenceOptions options{
      .before = {.table = compared.live, .query = {}, .hidden = {}},
      .after = {.table = publish::in_shadow(compared.live), .query = {}, .hidden = {}},
      .key = compared.key,
      .before_where = {},
      .closed_when = {},
      .examples_max = limit_of(context)};
  if (const auto backup = context.asked.value("--against")) {
    options.after.table = compared.live;
    options.before.table = table_named(*backup, compared.live.schema);
  } else if (publish::relation_kind(session, options.after.table) != publish::RelationKind::table) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("no candidate of {} stands in {}: only a run that failed or was "
                            "refused leaves one; --against BACKUP compares with a backup",
                            compared.live.text(), options.after.table.schema));
  }
  tell_difference(context, publish::compare_rows(session, options), options.before.table.text(),
                  options.after.table.text());
}

/// "tenant_id=5" as a pair.
std::pair<std::string, std::string> pair_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is no KEY=VALUE, such as tenant_id=5", text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string_view op_word(const std::string& op) {
  return op == "I" ? "new" : op == "U" ? "changed" : "gone";
}

std::string_view standing_of(const publish::RowVersion& version) {
  if (version.of == nullptr) return "in no batch of the list";
  if (version.of->published == publish::VaultBatch::Published::no) return "not published";
  return version.of->kind == publish::VaultBatch::Kind::found ? "found in live" : "published";
}

Json version_json(const publish::RowHistory& history, const publish::RowVersion& version) {
  Json json = Json::object();
  json.set("batch", version.batch);
  json.set("op", version.op);
  json.set("standing", standing_of(version));
  if (version.of != nullptr) {
    const auto& batch = *version.of;
    json.set("generation", batch.generation);
    json.set("run_id", batch.run_id);
    json.set("business_date", batch.business_date ? Json(batch.business_date->iso()) : Json());
    json.set("dump", batch.source_object);
    json.set("written_at", batch.written_at);
  }
  Json row = Json::object();
  for (std::size_t i = 0; i < history.columns.size(); ++i) {
    row.set(history.columns[i], value_json(version.values[i]));
  }
  json.set("row", std::move(row));
  return json;
}

/// A version's values that differ from those of the version above it, whole if it is the first.
std::string changes_text(const publish::RowHistory& history, const publish::RowVersion& version,
                         const publish::RowVersion* before) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < history.columns.size(); ++i) {
    if (before != nullptr && before->values[i] == version.values[i]) continue;
    parts.push_back(history.columns[i] + "=" + value_text(version.values[i]));
  }
  return version.op == "D" ? "" : join(parts, ", ");
}

/// Every version of a row, where it came from and whether it counts.
void why(const StageContext& context, const dbt::LayerRunRequest& request) {
  if (!request.vault) {
    throw Error(ErrorKind::config_invalid,
                "there is no vault to ask: pipeline.yaml has no section vault");
  }
  const TableName live = table_named(*context.asked.positional("TABLE"), request.layer().schema);
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const auto& text : context.asked.positionals("KEY=VALUE")) wanted.push_back(pair_of(text));
  Connection session = Connection::open(request.vault->account);
  publish::Vault vault(session, request.vault->options, publish::Vault::Use::read);
  const auto key = vault.key_of(live);
  if (key.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("the vault has no table for {}", live.text()));
  }
  const auto history = vault.versions({.live = live, .key = key}, wanted);
  Json versions = Json::array();
  std::vector<std::vector<std::string>> lines{
      {"BATCH", "DAY", "RUN", "DUMP", "STANDING", "ROW", "VALUES"}};
  const publish::RowVersion* before = nullptr;
  std::string key_before;
  for (const auto& version : history.versions) {
    versions.push_back(version_json(history, version));
    std::string key_text;
    for (const auto& name : key) {
      const auto at = std::ranges::find(history.columns, name) - history.columns.begin();
      key_text += version.values[static_cast<std::size_t>(at)].value_or("") + "\n";
    }
    if (key_text != key_before) before = nullptr;
    const auto* batch = version.of;
    lines.push_back({std::to_string(version.batch),
                     batch != nullptr && batch->business_date ? batch->business_date->iso() : "?",
                     batch != nullptr ? batch->run_id : "?",
                     batch != nullptr ? batch->source_object : "?",
                     std::string(standing_of(version)), std::string(op_word(version.op)),
                     changes_text(history, version, before)});
    before = &version;
    key_before = std::move(key_text);
  }
  context.output.set("table", live.text());
  context.output.set("versions", std::move(versions));
  if (context.asked.has("--json")) {
    fmt::print("{}\n", context.output.dump());
  } else if (lines.size() == 1) {
    fmt::print("the vault has no such row of {}\n", live.text());
  } else {
    print_columns(lines);
  }
}

}  // namespace

TableName table_named(const std::string& text, const std::string& schema) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return {schema, text};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

dbt::ProtectOptions protect_options(const PipelineConfig& config) {
  dbt::ProtectOptions options;
  for (const auto& entry : config.protect_history) {
    options.history.push_back({.table = full_table_name(config, entry.table, "protect.history"),
                               .key = entry.key,
                               .closed_when = entry.closed_when,
                               .place = "protect.history"});
  }
  options.floors = floor_options(config);
  return options;
}

std::optional<dbt::VaultRequest> vault_request(const PipelineConfig& config,
                                               const std::string& program) {
  if (!config.vault) return {};
  dbt::VaultRequest request{
      .account = account_options(config, "vault"),
      .others = {},
      .options = {.schema = config.vault->schema,
                  .init_command = fmt::format("{} vault init --config {}", program, config.path)}};
  for (const char* name : {"load", "build", "publish", "janitor"}) {
    request.others.push_back(account_options(config, name));
  }
  return request;
}

std::string reason_of(const std::string& option, const std::string& text) {
  if (!trim(text).empty()) return text;
  throw Error(ErrorKind::config_invalid,
              option + " wants a reason, as a text that others understand later");
}

std::vector<CliCommand> guard_command_lines() {
  const CliOption json{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"};
  std::vector<CliCommand> commands{
      {.name = "diff",
       .help = "compare live with what a refused run left, row by row; or a backup with live",
       .options = {{.name = "--against",
                    .value_name = "BACKUP",
                    .help = "the name of a backup: what live changed since"},
                   {.name = "--limit",
                    .value_name = "N",
                    .help = "rows shown of each kind of change; default 20"},
                   {.name = "--key",
                    .value_name = "COLUMNS",
                    .help = "that name a row, with commas between; default: as guards know it, "
                            "then the table's own key"},
                   json},
       .positionals = {{.name = "MODEL", .help = "its name, or silver.t"}}},
      {.name = "why",
       .help = "every version of a row that the vault has, and where it came from",
       .options = {json},
       .positionals = {{.name = "TABLE", .help = "silver.t, or t for a table of the layer"},
                       {.name = "KEY=VALUE",
                        .help = "columns of the key, as tenant_id=5",
                        .needed = CliPositional::Needed::any_number}}}};
  commands.push_back(vault_command_line());
  return commands;
}

std::vector<std::pair<std::string, StageCommand>> guard_commands(const RequestOf& request_of) {
  const auto command = [&](auto function) {
    return [request_of, function](const StageContext& context) {
      function(context, request_of(context));
    };
  };
  return {{"diff", command(diff)}, {"why", command(why)}, {"vault", command(vault_command)}};
}

}  // namespace pipeline
