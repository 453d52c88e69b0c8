// A state machine of the Amazon States Language as values: what a definition says, nothing done.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/asl/choice.h"
#include "orchestrator/asl/expression.h"
#include "orchestrator/asl/json_path.h"
#include "orchestrator/asl/payload_template.h"

namespace pipeline::asl {

/// "$" (no steps), "$.a.b" or "$.a[0]": one place inside a JSON document.
struct ReferencePath {
  using Step = std::variant<std::string, std::size_t>;  // a member, an element
  std::vector<Step> steps;

  std::string text() const;
  bool operator==(const ReferencePath&) const = default;
};

/// A path of null. As ResultPath: the result is thrown away and the input goes on as it was. As
/// InputPath or OutputPath: an empty object.
struct Discard {
  bool operator==(const Discard&) const = default;
};
using ResultPath = std::variant<ReferencePath, Discard>;
using Selection = std::variant<JsonPath, Discard>;

/// How documents pass through a state, in this order: InputPath, Parameters, the state's work,
/// ResultSelector, ResultPath (into the state's input as it came), OutputPath.
struct DataFlow {
  Selection input_path = JsonPath{};
  std::optional<PayloadTemplate> parameters;
  std::optional<PayloadTemplate> result_selector;
  ResultPath result_path = ReferencePath{};
  Selection output_path = JsonPath{};
};

enum class Jitter { none, full };

/// The defaults are the language's. MaxAttempts counts retries, not runs; 0 means never.
struct Retrier {
  std::vector<std::string> error_equals;
  std::chrono::seconds interval{1};
  std::int64_t max_attempts = 3;
  double backoff_rate = 2.0;
  std::optional<std::chrono::seconds> max_delay;  // before jitter
  Jitter jitter = Jitter::none;
};

struct Catcher {
  std::vector<std::string> error_equals;
  ResultPath result_path = ReferencePath{};  // where the Error Output goes in the state's raw input
  std::string next;
};

struct StateMachine;

/// Runs `resource` ("stage:staging_loader", "notify:ops", "command:NAME").
struct Task {
  std::string resource;
  std::string resource_where;                   // "state_machine.yaml:12:15"
  std::optional<std::chrono::seconds> timeout;  // of one attempt
  std::optional<JsonPath> timeout_path;         // if there is no timeout
  std::optional<std::chrono::seconds> heartbeat;
  std::optional<JsonPath> heartbeat_path;
  std::string heartbeat_where;  // of the field, empty if there is none
};

struct Pass {
  std::optional<Json> result;  // nullopt: what came through Parameters
};

struct Choice {
  std::vector<ChoiceRule> rules;         // at least one
  std::optional<std::string> otherwise;  // Default
};

struct Wait {
  struct SecondsAt {
    JsonPath path;
  };
  struct TimestampAt {
    JsonPath path;
  };
  std::variant<std::chrono::seconds, std::chrono::system_clock::time_point, SecondsAt, TimestampAt>
      until;
};

/// Runs every branch on the same input; the result is the list of their outputs.
struct Parallel {
  std::vector<StateMachine> branches;  // at least one
};

/// Runs the processor once for every element of a list; the result is the list of its outputs.
struct Map {
  JsonPath items_path;
  std::optional<PayloadTemplate> item_selector;
  std::vector<StateMachine> processor;  // exactly one
  std::optional<JsonPath> max_concurrency_path;
};

struct Succeed {};

/// A text given as it is, or what says it; neither: empty.
using FailText = std::variant<std::monostate, std::string, Expression>;

struct Fail {
  FailText error;
  FailText cause;
};

using StateKind = std::variant<Task, Pass, Choice, Wait, Parallel, Map, Succeed, Fail>;

struct State {
  std::string name;
  std::string comment;
  std::string where;  // "state_machine.yaml:12:3"
  DataFlow flow;
  std::vector<Retrier> retry;
  std::vector<Catcher> catchers;
  std::optional<std::string> next;  // nullopt: End: true, or a kind that has no Next
  StateKind kind;
};

/// "Task", "Succeed", "Fail": the word of the language's field Type.
std::string_view type_name(const StateKind& kind);

/// What definition_reader returns is complete: start_at, next and every catcher's next name states
/// of this machine. Names are unique, also across the machines inside it.
struct StateMachine {
  std::string comment;
  std::string start_at;
  std::optional<std::chrono::seconds> timeout;  // of the whole run; of the outermost only
  std::vector<State> states;                    // in the order of the definition

  /// nullptr if there is no such state here (states of branches are not looked at).
  const State* find(std::string_view name) const;
};

/// Calls `visit` for every state, those of branches and processors behind the state they are in.
void for_each_state(const StateMachine& machine, const std::function<void(const State&)>& visit);

}  // namespace pipeline::asl
