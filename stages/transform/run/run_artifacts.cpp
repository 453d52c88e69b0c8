#include "stages/transform/run/run_artifacts.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"

namespace pipeline::dbt {
namespace {

constexpr const char* manifest_file = "manifest.json";
constexpr const char* run_results_file = "run_results.json";

std::string target_dir(const LayerRunRequest& request, const Compiler& compiler) {
  return request.target_path.empty() ? compiler.project().dir + "/target" : request.target_path;
}

Json texts_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

/// What the command line asked for, by dbt's names.
Json args_json(const LayerRunRequest& request, const Compiler& compiler) {
  const LoadOptions& project = request.compiler.project;
  Json args = Json::object();
  args.set("which", "build");
  args.set("select", texts_json(request.plan.only.given() ? request.plan.only.select
                                                          : request.layer().select));
  args.set("exclude", texts_json(request.plan.only.exclude));
  args.set("full_refresh", request.full_refresh == LayerRunRequest::FullRefresh::yes);
  args.set("fail_fast", request.on_failure == StepSchedule::OnFailure::stop);
  args.set("target", compiler.project().target.name);
  args.set("threads", compiler.project().target.threads);
  args.set("vars", project.vars);
  args.set("project_dir", compiler.project().dir);
  args.set("profiles_dir",
           project.profiles_dir.empty() ? compiler.project().dir : project.profiles_dir);
  args.set("invocation_command", request.command);
  return args;
}

}  // namespace

RunArtifacts::RunArtifacts(const LayerRunRequest& request, const Compiler& compiler,
                           const LayerPlan& plan, Clock& clock)
    : request_(request),
      compiler_(compiler),
      plan_(plan),
      clock_(clock),
      files_(target_dir(request, compiler)) {}

ArtifactFacts RunArtifacts::facts() {
  return {.invocation_id = request_.compiler.invocation_id,
          .generated_at = clock_.now(),
          .env = request_.artifact_env};
}

void RunArtifacts::write_manifest() {
  write_manifest_of({});
}

void RunArtifacts::write_manifest_of(const CompiledNodes& compiled) {
  files_.replace(manifest_file, [&](const WriteText& write) {
    dbt::write_manifest(compiler_, facts(), compiled, write);
  });
}

const std::vector<NodeResult>& RunArtifacts::keep_nodes(std::vector<NodeResult> results) {
  nodes_ = std::move(results);
  return nodes_;
}

const std::vector<NodeResult>& RunArtifacts::keep_tests(std::vector<NodeResult> results) {
  tests_ = std::move(results);
  return tests_;
}

void RunArtifacts::add(const std::vector<NodeResult>& nodes, const std::vector<NodeResult>& tests) {
  nodes_.insert(nodes_.end(), nodes.begin(), nodes.end());
  tests_.insert(tests_.end(), tests.begin(), tests.end());
}

CompiledNodes RunArtifacts::compiled_nodes() const {
  CompiledNodes compiled;
  for (const auto* results : {&nodes_, &tests_}) {
    for (const auto& result : *results) {
      if (result.compiled_path.empty()) continue;
      const Node& node = compiler_.graph().at(result.unique_id);
      compiled.emplace(
          result.unique_id,
          CompiledNode{.compiled_path = files_.absolute(result.compiled_path),
                       .build_path = files_.absolute(compiler_.target_path(node, "run")),
                       .code = result.compiled_code});
    }
  }
  return compiled;
}

/// Results of the planned nodes that have none.
std::vector<NodeResult> RunArtifacts::never_begun(std::string_view ended_by) const {
  std::vector<NodeResult> missing;
  if (nothing_new_) return missing;
  const auto add = [&](const std::vector<const Node*>& planned,
                       const std::vector<NodeResult>& results) {
    if (!results.empty()) return;
    for (const Node* node : planned) {
      missing.push_back({.unique_id = node->unique_id,
                         .status = NodeStatus::skipped,
                         .message = fmt::format("the run ended before: {}", ended_by)});
    }
  };
  add(plan_.nodes, nodes_);
  add(plan_.tests, tests_);
  return missing;
}

void RunArtifacts::finish(std::string_view ended_by) noexcept {
  try {
    write_manifest_of(compiled_nodes());
    const std::vector<NodeResult> missing = never_begun(ended_by);
    std::vector<RunResultEntry> entries;
    using Results = const std::vector<NodeResult>*;
    for (const Results results : {Results(&nodes_), Results(&tests_), Results(&missing)}) {
      for (const auto& result : *results) {
        entries.push_back({.node = compiler_.graph().at(result.unique_id), .result = result});
      }
    }
    const RunResults run{.facts = facts(),
                         .args = args_json(request_, compiler_),
                         .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::steady_clock::now() - begun_),
                         .publishing = publishing_};
    files_.replace(run_results_file,
                   [&](const WriteText& write) { write_run_results(run, entries, write); });
  } catch (...) {
    log::warn("{} tells of an earlier run: {}", run_results_file, current_error().message());
  }
}

}  // namespace pipeline::dbt
