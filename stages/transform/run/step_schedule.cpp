#include "stages/transform/run/step_schedule.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <queue>
#include <system_error>
#include <thread>

#include "common/base/log.h"
#include "common/base/scope.h"

namespace pipeline::dbt {
namespace {

class Run {
 public:
  Run(const StepSchedule& schedule,
      const std::function<StepOutcome(std::size_t, std::size_t)>& work)
      : schedule_(schedule),
        work_(work),
        outcomes_(schedule.waits_for.size()),
        exceptions_(schedule.waits_for.size()),
        waiting_(schedule.waits_for.size()),
        next_(schedule.waits_for.size()) {
    for (std::size_t step = 0; step < waiting_.size(); ++step) {
      waiting_[step] = schedule.waits_for[step].size();
      for (const std::size_t before : schedule.waits_for[step]) next_[before].push_back(step);
      if (waiting_[step] == 0) ready_.push(step);
    }
  }

  std::vector<std::optional<StepOutcome>> run() {
    const std::size_t workers = std::min(std::max<std::size_t>(schedule_.workers, 1),
                                         std::max<std::size_t>(outcomes_.size(), 1));
    {
      std::vector<std::jthread> threads;
      for (std::size_t worker = 1; worker < workers; ++worker) {
        try {
          threads.emplace_back([this, worker, pairs = Scope::current()] {
            Scope::adopt(pairs);
            work_off(worker);
          });
        } catch (const std::system_error& error) {
          log::warn("{} threads instead of {}: {}", worker, workers, error.what());
          break;
        }
      }
      work_off(0);
    }
    for (const auto& exception : exceptions_) {
      if (exception) std::rethrow_exception(exception);
    }
    return std::move(outcomes_);
  }

 private:
  void work_off(std::size_t worker) {
    while (const auto step = take()) {
      StepOutcome outcome = StepOutcome::stop;
      std::exception_ptr exception;
      try {
        outcome = work_(*step, worker);
      } catch (...) {
        exception = std::current_exception();
      }
      if (finish(*step, outcome, exception) == Then::stop) schedule_.on_stop(worker);
    }
  }

  /// The next step to do; nullopt when there will be none.
  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || !ready_.empty() || at_work_ == 0; });
    if (stopped_ || ready_.empty()) return {};
    const std::size_t step = ready_.top();
    ready_.pop();
    ++at_work_;
    return step;
  }

  enum class Then { go_on, stop };

  /// Then::stop for the one that stops the schedule.
  Then finish(std::size_t step, StepOutcome outcome, std::exception_ptr exception) {
    const std::lock_guard lock(mutex_);
    --at_work_;
    outcomes_[step] = outcome;
    exceptions_[step] = std::move(exception);
    changed_.notify_all();
    if (outcome == StepOutcome::done) {
      for (const std::size_t after : next_[step]) {
        if (--waiting_[after] == 0) ready_.push(after);
      }
      return Then::go_on;
    }
    const bool stops =
        outcome == StepOutcome::stop || schedule_.on_failure == StepSchedule::OnFailure::stop;
    if (!stops || stopped_) return Then::go_on;
    stopped_ = true;
    return Then::stop;
  }

  using LowestFirst =
      std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<std::size_t>>;

  const StepSchedule& schedule_;
  const std::function<StepOutcome(std::size_t, std::size_t)>& work_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<std::optional<StepOutcome>> outcomes_;
  std::vector<std::exception_ptr> exceptions_;
  std::vector<std::size_t> waiting_;  // steps that must still be done before this one
  std::vector<std::vector<std::size_t>> next_;
  LowestFirst ready_;
  std::size_t at_work_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::vector<std::optional<StepOutcome>> run_steps(
    const StepSchedule& schedule,
    const std::function<StepOutcome(std::size_t step, std::size_t worker)>& work) {
  return Run(schedule, work).run();
}

}  // namespace pipeline::dbt
