#include "orchestrator/simulate/task_answers.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

// What the service takes for "no limit"; also the bound of what an answer may take.
constexpr std::chrono::seconds for_ever{99'999'999};

[[noreturn]] void refuse(const std::string& place, std::string_view why) {
  throw Error(ErrorKind::config_invalid, fmt::format("task outcomes: {}: {}", place, why));
}

Json read_output(const Json& out) {
  if (!out.is_string()) return out;
  try {
    return Json::parse(out.as_string());
  } catch (const Error&) {
    return out;
  }
}

TaskOutcome read_failure(const Json& answer, const std::string& place) {
  if (!answer.at("Error").is_string()) refuse(place, "\"Error\" must be a text");
  const std::string& error = answer.at("Error").as_string();
  const Json* given = answer.find("Cause");
  std::string cause;
  if (given != nullptr && !given->is_null()) {
    cause = given->is_string() ? given->as_string() : given->dump();
  }
  if (error == "States.Timeout") return TaskTimeout{.cause = std::move(cause)};
  if (error == "States.HeartbeatTimeout") {
    return TaskTimeout{.cause = std::move(cause), .of = TaskTimeout::Of::heartbeat};
  }
  return TaskFailure{.error = error, .cause = std::move(cause)};
}

TaskAnswer read_answer(const Json& answer, const std::string& place) {
  if (!answer.is_object()) refuse(place, "an answer is an object");
  for (const auto& [name, value] : answer.as_object()) {
    if (name != "out" && name != "Error" && name != "Cause" && name != "Seconds") {
      refuse(place, fmt::format("\"{}\" is none of out, Error, Cause and Seconds", name));
    }
  }
  const Json* out = answer.find("out");
  if ((out == nullptr) == (answer.find("Error") == nullptr)) {
    refuse(place, "an answer has either \"out\" or \"Error\"");
  }
  TaskAnswer read{.outcome = out != nullptr ? TaskOutcome(TaskSuccess{.output = read_output(*out)})
                                            : read_failure(answer, place)};
  if (const Json* seconds = answer.find("Seconds")) {
    if (!seconds->is_int() || seconds->as_int() < 0 || seconds->as_int() > for_ever.count()) {
      refuse(place, "\"Seconds\" must be a whole number from 0 to 99999999");
    }
    read.takes = std::chrono::seconds(seconds->as_int());
  }
  return read;
}

/// A recorded timeout of a task with a heartbeat that is due first was the heartbeat's.
void tell_heartbeat(TaskOutcome& outcome, const TaskRequest& request) {
  auto* timeout = std::get_if<TaskTimeout>(&outcome);
  if (timeout != nullptr && request.heartbeat) timeout->of = TaskTimeout::Of::heartbeat;
}

}  // namespace

TaskAnswers read_task_answers(const Json& document) {
  TaskAnswers answers;
  if (document.is_null()) return answers;
  if (!document.is_object()) refuse("the document", "it must be an object of lists");
  for (const auto& [state, list] : document.as_object()) {
    if (!list.is_array()) refuse(state, "it must be a list of answers");
    auto& read = answers[state];
    for (const auto& answer : list.as_array()) {
      read.push_back(read_answer(answer, fmt::format("{}[{}]", state, read.size())));
    }
  }
  return answers;
}

TaskReport AnsweringRunner::run(const TaskRequest& request, const Started& started,
                                std::stop_token /*stop*/) {
  started({});
  const auto found = answers_.find(request.state);
  TaskAnswer answer{.outcome = TaskSuccess{.output = Json::object()}};
  if (found != answers_.end()) {
    const auto& list = found->second;
    if (list.empty()) {
      answer = {.outcome = TaskTimeout{.cause = {}}, .takes = for_ever};
    } else {
      answer = list[std::min(used_[request.state]++, list.size() - 1)];
    }
  }
  const auto limit = request.timeout.value_or(for_ever);
  const auto heartbeat = request.heartbeat.value_or(for_ever);
  if (answer.takes >= std::min(limit, heartbeat)) {
    answer = {.outcome = TaskTimeout{.cause = {}}, .takes = std::min(limit, heartbeat)};
    if (heartbeat < limit) tell_heartbeat(answer.outcome, request);
  } else {
    tell_heartbeat(answer.outcome, request);
  }
  clock_.sleep_for(answer.takes);
  return {.outcome = std::move(answer.outcome)};
}

}  // namespace pipeline
