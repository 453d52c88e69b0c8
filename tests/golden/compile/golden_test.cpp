// Every project in this folder, and the bundled one, against the graph and the SQL it compiles to.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/compile/node_selector.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

namespace fs = std::filesystem;

const fs::path folder = PIPELINE_SOURCE_DIR "/tests/golden/compile";

/// Answers as a small server would: one relation, one result for every query.
class FixedAnswers : public WarehouseQueries {
 public:
  std::optional<RelationKind> find(const Relation& relation) override {
    if (relation.identifier == "absent") return std::nullopt;
    return RelationKind::table;
  }
  std::vector<ColumnInfo> columns(const Relation& relation) override {
    if (relation.identifier == "absent") return {};
    return {{.name = "id", .data_type = "int(11)"}, {.name = "label", .data_type = "varchar(20)"}};
  }
  QueryResult run_query(const std::string& sql) override {
    if (sql.ends_with("refused")) {
      throw Error(ErrorKind::sql_rejected, "no such table").with("errno", "1146");
    }
    return {.columns = {"code", "label"},
            .rows = {{std::int64_t{1}, std::string("one")}, {std::int64_t{2}, std::monostate{}}}};
  }
};

/// A case is one file: "=== path" begins each file of the project. case.json tells what to select
/// ("select", "exclude"), which incremental models have rows already ("with_base"), "full_refresh",
/// "started_after_microseconds" and "vars".
struct Case {
  test::TempDir dir;
  Json settings = Json::object();

  explicit Case(const fs::path& file) {
    std::string path;
    std::string text;
    const auto finish = [&] {
      if (path == "case.json") settings = Json::parse(text);
      if (!path.empty() && path != "case.json") dir.write(path, text);
      text.clear();
    };
    write_defaults();
    for (const auto& line : split(test::read_text_file(file.string()), '\n')) {
      if (line.starts_with("=== ")) {
        finish();
        path = line.substr(4);
      } else {
        text += line + "\n";
      }
    }
    finish();
  }

  void write_defaults() const {
    dir.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    dir.write("profiles.yml",
              "shop:\n  target: dev\n  outputs:\n    dev: {type: mariadb, schema: main}\n");
  }
};

std::vector<std::string> texts(const Json& settings, std::string_view key) {
  std::vector<std::string> list;
  if (const Json* given = settings.find(key)) {
    for (const auto& item : given->as_array()) list.push_back(item.as_string());
  }
  return list;
}

std::string describe(const Node& node) {
  std::string text =
      fmt::format("{} {} at {}", node.unique_id, node.relation.render(), node.place.text());
  if (node.type == ResourceType::model) {
    text += fmt::format(" {}", node.config.raw.find("materialized") != nullptr
                                   ? node.config.raw.at("materialized").as_string()
                                   : "view");
    if (node.config.materialized == Materialization::incremental) {
      text += node.config.strategy == IncrementalStrategy::append ? " append" : " delete+insert";
      text += fmt::format(" key ({})", join(node.config.unique_key, ", "));
    }
  }
  if (node.config.severity == Severity::warn) text += " warn";
  if (!node.config.tags.empty()) text += fmt::format(" tags ({})", join(node.config.tags, ", "));
  for (const auto& index : node.config.indexes) {
    text += fmt::format(" {} ({})", index.unique ? "unique" : "index", join(index.columns, ", "));
  }
  for (const auto& parent : node.depends_on) text += "\n    <- " + parent;
  return text + "\n";
}

std::string describe_sql(const CompiledSql& compiled) {
  std::string text;
  std::size_t at = 0;
  for (const auto& line : split(compiled.sql, '\n')) {
    text += fmt::format("{:4} | {}\n", compiled.lines.at(at++), line);
  }
  EXPECT_EQ(at, compiled.sql.empty() ? 0 : compiled.lines.size());
  return text;
}

std::string describe_compilation(const Compiler& compiler, const Node& node,
                                 const CompileRequest& live, const CompileRequest& shadow) {
  std::string text =
      fmt::format("\n--- {} -> {}\n", node.unique_id, compiler.target_path(node, "compiled"));
  const CompiledSql as_live = compiler.compile(node, live);
  const CompiledSql as_shadow = compiler.compile(node, shadow);
  text += describe_sql(as_live);
  if (as_shadow.sql != as_live.sql) text += "  shadow:\n" + describe_sql(as_shadow);
  if (node.type == ResourceType::test && node.config.raw.find("limit") != nullptr) {
    text += "  as run:\n" + test_query(node.config, as_live.sql) + "\n";
  }
  for (const auto& hook : compiler.compile_hooks(node, Compiler::HookPoint::pre, shadow)) {
    text += fmt::format("  pre-hook: {}\n", hook.sql);
  }
  for (const auto& hook : compiler.compile_hooks(node, Compiler::HookPoint::post, shadow)) {
    text +=
        fmt::format("  post-hook{}: {}\n",
                    hook.transaction == Hook::Transaction::outside ? " (outside)" : "", hook.sql);
  }
  return text;
}

std::string describe_project(const fs::path& dir, const Json& settings) {
  CompilerOptions options;
  options.project.project_dir = dir.string();
  if (const Json* vars = settings.find("vars")) options.project.vars = *vars;
  if (const Json* full = settings.find("full_refresh")) {
    options.flags.full_refresh = full->as_bool();
  }
  options.invocation_id = "11111111-2222-3333-4444-555555555555";
  options.run_started_at = std::chrono::sys_days(std::chrono::year(2026) / 2 / 1);
  if (const Json* later = settings.find("started_after_microseconds")) {
    options.run_started_at += std::chrono::microseconds(later->as_int());
  }
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "DBT_SCHEMA") return "from_environment";
    return std::nullopt;
  };
  const Compiler compiler(std::move(options));

  std::string text = "nodes:\n";
  for (const auto& id : compiler.graph().order()) text += describe(compiler.graph().at(id));
  const Selection selection = select_nodes(compiler.graph(), {.select = texts(settings, "select"),
                                                              .exclude = texts(settings, "exclude"),
                                                              .is_published = {}});
  text += "\nbuilt:\n";
  for (const auto& id : selection.built) text += fmt::format("    {}\n", id);
  text += "tested:\n";
  for (const auto& id : selection.tests) text += fmt::format("    {}\n", id);

  RunState run;
  run.built.insert(selection.built.begin(), selection.built.end());
  for (auto& id : texts(settings, "with_base")) run.with_base.insert(id);
  FixedAnswers answers;
  const CompileRequest live{.naming = Naming::live, .run = &run, .warehouse = &answers};
  const CompileRequest shadow{.naming = Naming::shadow, .run = &run, .warehouse = &answers};
  for (const auto& hook : compiler.compile_on_run_start(shadow)) {
    text += fmt::format("on-run-start: {}\n", hook.sql);
  }
  for (const auto& id : selection.built) {
    const Node& node = compiler.graph().at(id);
    if (node.type == ResourceType::model) {
      text += describe_compilation(compiler, node, live, shadow);
    }
  }
  for (const auto& id : selection.tests) {
    text += describe_compilation(compiler, compiler.graph().at(id), live, shadow);
  }
  std::vector<NodeOutcome> outcomes;
  for (const auto& id : selection.built) {
    outcomes.push_back({.unique_id = id, .status = "success", .message = "", .seconds = 1});
  }
  for (const auto& hook : compiler.compile_on_run_end(live, outcomes)) {
    text += fmt::format("on-run-end: {}\n", hook.sql);
  }
  return text;
}

std::string outcome(const fs::path& dir, const Json& settings) {
  try {
    return describe_project(dir, settings);
  } catch (const Error& error) {
    return fmt::format("{}: {}\n", error.name(), replace_all(error.what(), dir.string(), "."));
  }
}

TEST(CompileGolden, TheBundledProjectCompilesAsExpected) {
  const Json settings = Json::parse(
      R"({"with_base": ["model.nightly_pipeline.tenant_status_history",
                        "model.nightly_pipeline.tenant_room_snapshot_daily",
                        "model.nightly_pipeline.moveout_notices"]})");
  EXPECT_TRUE(test::equals_golden(outcome(PIPELINE_SOURCE_DIR "/stages/dbt", settings),
                                  folder / "bundled.expected"));
}

TEST(CompileGolden, EveryProjectCompilesAsExpected) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".project") cases.push_back(entry.path());
  }
  std::ranges::sort(cases);
  ASSERT_FALSE(cases.empty());
  for (const auto& file : cases) {
    SCOPED_TRACE(file.filename());
    const Case project(file);
    EXPECT_TRUE(test::equals_golden(outcome(project.dir.path(), project.settings),
                                    fs::path(file).replace_extension(".expected")));
  }
}

}  // namespace
}  // namespace pipeline::dbt
