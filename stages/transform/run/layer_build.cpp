#include "stages/transform/run/layer_build.h"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "stages/transform/run/data_tests.h"

namespace pipeline::dbt {
namespace {

constexpr std::string_view ended_by_another = "the run was ended by another failure";

bool may_have_changed_its_session(const Node& node, const BuildSession& session) {
  return !node.config.pre_hooks.empty() || !node.config.post_hooks.empty() ||
         session.warehouse.ran_statements();
}

/// Whether an error ends the run and not only its node: the session is gone, or nobody wants it.
bool ends_the_run(const Error& error, const BuildSession* session) {
  if (session == nullptr || !session->connection.alive()) return true;
  return error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::internal;
}

bool was_built(const NodeResult& result) {
  return result.status == NodeStatus::success;
}

std::map<std::string, std::size_t> places_of(const std::vector<const Node*>& nodes) {
  std::map<std::string, std::size_t> places;
  for (std::size_t place = 0; place < nodes.size(); ++place) {
    places.emplace(nodes[place]->unique_id, place);
  }
  return places;
}

void tell(const NodeResult& result) {
  switch (result.status) {
    case NodeStatus::success:
      log::info("built {} in {} ms", result.unique_id, result.took.count());
      break;
    case NodeStatus::warn:
      log::warn("{}: {}", result.unique_id, result.message);
      break;
    case NodeStatus::error:
    case NodeStatus::fail:
      log::warn("{}: {}", result.unique_id, result.message);
      break;
    case NodeStatus::skipped:
    case NodeStatus::pass:
      break;
  }
}

}  // namespace

/// The nodes of one of the two phases and what is done with each.
struct LayerBuild::Work {
  const std::vector<const Node*>& nodes;
  /// Of each node those of `nodes` that it waits for.
  std::vector<std::vector<std::size_t>> waits_for;
  /// Why a node is skipped from the start; empty: it is not.
  std::vector<std::string> skipped;
  std::string_view scope;
  void (*run)(const BuildContext& context, const Node& node, NodeResult& result);

  /// What is said of a step that was never begun.
  std::string why_not_begun(std::size_t step, const std::vector<NodeResult>& results) const;
};

std::string LayerBuild::Work::why_not_begun(std::size_t step,
                                            const std::vector<NodeResult>& results) const {
  for (const std::size_t parent : waits_for[step]) {
    if (!was_built(results[parent]))
      return fmt::format("{} was not built", nodes[parent]->unique_id);
  }
  return std::string(ended_by_another);
}

BuildContext LayerBuild::context_in(BuildSession& session) const {
  return {.session = session.connection,
          .compiler = options_.compiler,
          .state = options_.state,
          .warehouse = session.warehouse,
          .artifacts = options_.artifacts,
          .looks = sessions_.looks(),
          .bases = options_.bases,
          .clock = options_.clock};
}

std::vector<NodeResult> LayerBuild::build_nodes() {
  const auto& nodes = options_.plan.nodes;
  const auto places = places_of(nodes);
  Work work{.nodes = nodes,
            .waits_for = std::vector<std::vector<std::size_t>>(nodes.size()),
            .skipped = std::vector<std::string>(nodes.size()),
            .scope = "node",
            .run = build_node};
  for (std::size_t step = 0; step < nodes.size(); ++step) {
    for (const auto& parent : nodes[step]->depends_on) {
      const auto place = places.find(parent);
      if (place != places.end()) work.waits_for[step].push_back(place->second);
    }
  }
  return run_all(work);
}

std::vector<NodeResult> LayerBuild::run_tests(const std::vector<NodeResult>& built) {
  const auto& tests = options_.plan.tests;
  const auto places = places_of(options_.plan.nodes);
  Work work{.nodes = tests,
            .waits_for = std::vector<std::vector<std::size_t>>(tests.size()),
            .skipped = std::vector<std::string>(tests.size()),
            .scope = "test",
            .run = run_data_test};
  for (std::size_t step = 0; step < tests.size(); ++step) {
    for (const auto& id : tests[step]->depends_on) {
      const auto place = places.find(id);
      if (place == places.end() || was_built(built.at(place->second))) continue;
      work.skipped[step] = fmt::format("{} was not built", id);
      break;
    }
  }
  return run_all(work);
}

std::vector<NodeResult> LayerBuild::run_all(const Work& work) {
  std::vector<NodeResult> results(work.nodes.size());
  for (std::size_t step = 0; step < results.size(); ++step) {
    results[step].unique_id = work.nodes[step]->unique_id;
    results[step].status = NodeStatus::skipped;
    if (sessions_.ending()) results[step].message = std::string(ended_by_another);
  }
  if (sessions_.ending()) return results;
  const StepSchedule schedule{
      .waits_for = work.waits_for,
      .workers = options_.workers,
      .on_failure = options_.on_failure,
      .on_stop = [this](std::size_t worker) { sessions_.end_others(worker); }};
  // Each step writes its own result only; run_steps() ends before anybody reads them.
  run_steps(schedule, [&](std::size_t step, std::size_t worker) {
    NodeResult& result = results[step];
    if (!work.skipped[step].empty()) {
      result.message = work.skipped[step];
      return StepOutcome::done;
    }
    const Scope scope(work.scope, result.unique_id);
    result.worker = worker;
    const auto begin = std::chrono::steady_clock::now();
    const auto begun_at = options_.clock.now();
    const StepOutcome outcome = attempt(work, *work.nodes[step], worker, result);
    options_.artifacts.bound(result.compiled_code);
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    result.executing = {result.compiling ? result.compiling->end : begun_at, options_.clock.now()};
    tell(result);
    return outcome;
  });
  for (std::size_t step = 0; step < results.size(); ++step) {
    NodeResult& result = results[step];
    const bool open = !result.worker && result.message.empty();
    if (open) result.message = work.why_not_begun(step, results);
  }
  return results;
}

StepOutcome LayerBuild::attempt(const Work& work, const Node& node, std::size_t worker,
                                NodeResult& result) {
  for (int number = 1;; ++number) {
    BuildSession* session = nullptr;
    try {
      session = &sessions_.of(worker);
      options_.throw_if_cancelled();
      result.status = NodeStatus::success;
      work.run(context_in(*session), node, result);
      const bool changed = may_have_changed_its_session(node, *session);
      if (changed) session->let_go();
      if (node.type == ResourceType::seed) failpoint("run_after_seed");
      if (node.type == ResourceType::model) failpoint("run_after_model");
      if (changed) sessions_.close(worker);
      return result.status == NodeStatus::fail ? StepOutcome::failed : StepOutcome::done;
    } catch (...) {
      const Error error = current_error();
      const bool ends_all = ends_the_run(error, session);
      const bool ended_itself = ends_all && sessions_.ending();
      // What a hook or a template wrote to other candidates is not undone by building the node
      // anew.
      const bool repeatable = !ends_all && result.hooks == NodeResult::Hooks::not_begun &&
                              !session->warehouse.ran_statements();
      if (session != nullptr) sessions_.close(worker);
      if (repeatable && error.kind() == ErrorKind::lock_contention && number < node_attempts_max) {
        log::warn("{} waited for a lock in vain and is tried again: {}", node.unique_id,
                  error.message());
        continue;
      }
      result.status = ended_itself ? NodeStatus::skipped : NodeStatus::error;
      result.message = ended_itself ? std::string(ended_by_another) : error.message();
      if (!ended_itself) result.error = error;
      return ends_all ? StepOutcome::stop : StepOutcome::failed;
    }
  }
}

}  // namespace pipeline::dbt
