// A state machine of the Amazon States Language as values: what a definition says, nothing done.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pipeline::asl {

/// "$" (no steps) or "$.a.b" (two steps): a place inside a JSON document.
struct ReferencePath {
  std::vector<std::string> steps;

  std::string text() const;
  bool operator==(const ReferencePath&) const = default;
};

/// ResultPath: null. The result is thrown away and the input goes on as it was.
struct Discard {
  bool operator==(const Discard&) const = default;
};
using ResultPath = std::variant<ReferencePath, Discard>;

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

/// Runs `resource` ("stage:staging_loader", "notify:ops", "command:NAME").
struct Task {
  std::string resource;
  std::string resource_where;                   // "state_machine.yaml:12:15"
  std::optional<std::chrono::seconds> timeout;  // of one attempt
  std::vector<Retrier> retry;
  std::vector<Catcher> catchers;
  ResultPath result_path = ReferencePath{};
  std::optional<std::string> next;  // nullopt: End: true
};

struct Succeed {};

/// A text given as it is, or the place in the state's input where it stands; neither: empty.
using FailText = std::variant<std::monostate, std::string, ReferencePath>;

struct Fail {
  FailText error;
  FailText cause;
};

using StateKind = std::variant<Task, Succeed, Fail>;

struct State {
  std::string name;
  std::string comment;
  std::string where;  // "state_machine.yaml:12:3"
  StateKind kind;
};

/// "Task", "Succeed", "Fail": the word of the language's field Type.
std::string_view type_name(const StateKind& kind);

/// What definition_reader returns is complete: start_at, next and every catcher's next name states
/// of this machine.
struct StateMachine {
  std::string comment;
  std::string start_at;
  std::vector<State> states;  // in the order of the definition

  /// nullptr if there is no such state.
  const State* find(std::string_view name) const;
};

}  // namespace pipeline::asl
