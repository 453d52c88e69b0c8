// Runs the steps of a graph on several threads, each as soon as those it waits for are done.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace pipeline::dbt {

/// How a step ended, as its work says.
enum class StepOutcome {
  done,
  failed,  // the steps that wait for it are never begun
  stop,    // no other step is begun
};

struct StepSchedule {
  /// For each step those that must be done before it. There is no circle.
  std::vector<std::vector<std::size_t>> waits_for;
  std::size_t workers = 1;
  enum class OnFailure { go_on, stop } on_failure = OnFailure::go_on;
  /// Called once when nothing more is begun (StepOutcome::stop, or a failure with OnFailure::stop),
  /// by the worker whose step ended so, while others may still be at work. Must not throw.
  std::function<void(std::size_t worker)> on_stop = [](std::size_t) {};
};

/// Calls work(step, worker) for the steps, of those that can begin always the lowest first; the
/// calling thread is worker 0. Returns when all work has ended, with the outcome of each step;
/// nullopt: it was never begun. An exception from `work` stops the schedule and comes through,
/// that of the lowest step if there are several. The threads carry the Scope of the caller.
std::vector<std::optional<StepOutcome>> run_steps(
    const StepSchedule& schedule,
    const std::function<StepOutcome(std::size_t step, std::size_t worker)>& work);

}  // namespace pipeline::dbt
