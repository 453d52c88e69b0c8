#include "orchestrator/asl/definition_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "orchestrator/asl/choice_reader.h"
#include "orchestrator/asl/definition_fields.h"
#include "orchestrator/asl/finding_list.h"
#include "orchestrator/asl/retry_reader.h"
#include "orchestrator/asl/timestamp.h"

namespace pipeline::asl {
namespace {

// Limits of Step Functions ("Service quotas", "Handling errors"), so that a definition that is
// accepted here is accepted there.
constexpr std::size_t name_characters_max = 80;
constexpr std::int64_t seconds_max = 99'999'999;

using Names = std::vector<std::string_view>;

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// The machine that is being read: what its transitions may name.
struct Scope {
  const YamlNode* states = nullptr;
  Names names;
  std::unordered_set<std::string_view> known;
  bool has_dangling_target = false;
  bool has_unread_state = false;
};

/// Every name that a state may go on to.
struct TargetsOf {
  const State& state;

  Names all() const {
    Names targets = std::visit(*this, state.kind);
    if (state.next) targets.push_back(*state.next);
    for (const auto& catcher : state.catchers) targets.push_back(catcher.next);
    return targets;
  }
  Names operator()(const Choice& choice) const {
    Names targets;
    for (const auto& rule : choice.rules) targets.push_back(rule.next);
    if (choice.otherwise) targets.push_back(*choice.otherwise);
    return targets;
  }
  template <typename Kind>
  Names operator()(const Kind&) const {
    return {};
  }
};

/// Walks the document once and collects what is wrong; goes on after every finding.
class Reader {
 public:
  Reading read(const YamlNode& root) {
    StateMachine machine;
    if (!root.is_mapping()) {
      findings_.error(root, "a state machine is a mapping with StartAt and States");
      return finish(std::move(machine));
    }
    findings_.check_fields(root, machine_fields);
    check_language(root);
    if (const YamlNode* version = root.find("Version");
        version != nullptr && findings_.optional_text(root, "Version") != "1.0") {
      findings_.error(*version, "the only Version is \"1.0\"");
    }
    machine = read_machine(root);
    machine.timeout = seconds(root, "TimeoutSeconds");
    return finish(std::move(machine));
  }

 private:
  Reading finish(StateMachine machine) {
    Reading reading;
    if (!findings_.has_errors()) reading.machine = std::move(machine);
    reading.findings = std::move(findings_).take();
    return reading;
  }

  /// StartAt and States of the whole, of a branch or of a processor. As deep as the document, and
  /// YamlNode bounds that: at most 25 machines inside each other.
  StateMachine read_machine(const YamlNode& node) {
    StateMachine machine;
    machine.comment = findings_.optional_text(node, "Comment");
    Scope scope;
    read_states(node, scope, machine);
    machine.start_at = read_target(node, node, "StartAt", scope);
    find_unreachable(machine, scope);
    return machine;
  }

  void read_states(const YamlNode& root, Scope& scope, StateMachine& machine) {
    const YamlNode* states = root.find("States");
    if (states == nullptr || !states->is_mapping() || states->entries().empty()) {
      findings_.error(states == nullptr ? root : *states,
                      "States must be a mapping with at least one state");
      return;
    }
    scope.states = states;
    for (const auto& [key, body] : states->entries()) {
      const std::string name = findings_.text_of(key, "a state's name");
      if (count_characters(name) > name_characters_max) {
        findings_.error(
            key, fmt::format("a state's name has at most {} characters", name_characters_max));
      }
      if (name.empty()) continue;
      scope.names.push_back(key.text());
      scope.known.insert(key.text());
      const auto [first, is_new] = places_.emplace(key.text(), key.where());
      if (!is_new) {
        findings_.error(
            key, fmt::format("the name \"{}\" is taken by the state at {}", name, first->second));
      }
    }
    machine.states.reserve(states->entries().size());
    for (const auto& [key, body] : states->entries()) {
      State state{.name = name_of(key), .where = key.where()};
      if (!body.is_mapping()) {
        findings_.error(body,
                        fmt::format("the state \"{}\" must be a mapping with a Type", state.name));
        scope.has_unread_state = true;
        continue;
      }
      state.comment = findings_.optional_text(body, "Comment");
      check_language(body);
      scope.has_unread_state = !read_kind(key, body, state, scope) || scope.has_unread_state;
      machine.states.push_back(std::move(state));
    }
  }

  // The language's other query language has other fields and other rules everywhere.
  void check_language(const YamlNode& node) {
    const YamlNode* language = node.find("QueryLanguage");
    if (language == nullptr) return;
    const std::string word = findings_.optional_text(node, "QueryLanguage");
    if (word == "JSONata") {
      findings_.error(*language, "QueryLanguage JSONata is not supported yet; JSONPath is");
    } else if (word != "JSONPath") {
      findings_.error(*language, "QueryLanguage must be JSONPath");
    }
  }

  /// False if the Type is none.
  bool read_kind(const YamlNode& key, const YamlNode& body, State& state, Scope& scope) {
    const YamlNode* type = body.find("Type");
    if (type == nullptr) {
      findings_.error(key, fmt::format("the state \"{}\" has no Type", state.name));
      return false;
    }
    const std::string word = findings_.text_of(*type, "Type");
    if (word == "Task") {
      findings_.check_fields(body, task_fields);
      state.kind = read_task(key, body);
    } else if (word == "Pass") {
      findings_.check_fields(body, pass_fields);
      Pass pass;
      if (const YamlNode* result = body.find("Result")) pass.result = json_of(*result);
      state.kind = std::move(pass);
    } else if (word == "Choice") {
      findings_.check_fields(body, choice_fields);
      state.kind = read_choice(key, body, scope);
    } else if (word == "Wait") {
      findings_.check_fields(body, wait_fields);
      state.kind = read_wait(key, body);
    } else if (word == "Parallel") {
      findings_.check_fields(body, parallel_fields);
      state.kind = read_parallel(key, body);
    } else if (word == "Map") {
      findings_.check_fields(body, map_fields);
      state.kind = read_map(key, body);
    } else if (word == "Succeed") {
      findings_.check_fields(body, succeed_fields);
      state.kind = Succeed{};
    } else if (word == "Fail") {
      findings_.check_fields(body, fail_fields);
      state.kind = Fail{.error = read_fail_text(body, "Error", "ErrorPath"),
                        .cause = read_fail_text(body, "Cause", "CausePath")};
    } else {
      if (!word.empty()) {
        findings_.error(
            *type, fmt::format("there is no state type \"{}\"{}", word, did_you_mean(word, types)));
      }
      return false;
    }
    read_common(key, body, state, scope);
    return true;
  }

  /// What several types share; a field that the state's type does not have is a finding already.
  void read_common(const YamlNode& key, const YamlNode& body, State& state, Scope& scope) {
    state.flow.input_path = findings_.selection(body, "InputPath");
    state.flow.output_path = findings_.selection(body, "OutputPath");
    state.flow.result_path = findings_.result_path(body);
    state.flow.result_selector = findings_.payload(body, "ResultSelector");
    // A Map's Parameters are the older name of its ItemSelector.
    if (!std::holds_alternative<Map>(state.kind)) {
      state.flow.parameters = findings_.payload(body, "Parameters");
    }
    state.retry = read_retry(body, findings_);
    state.catchers = read_catch(body, scope);
    const bool ends_itself = std::holds_alternative<Choice>(state.kind) ||
                             std::holds_alternative<Succeed>(state.kind) ||
                             std::holds_alternative<Fail>(state.kind);
    if (!ends_itself) state.next = read_next(key, body, scope);
  }

  std::optional<std::chrono::seconds> seconds(const YamlNode& body, std::string_view field) {
    const auto number = findings_.integer(body, field, 1, seconds_max);
    return number ? std::optional(std::chrono::seconds(*number)) : std::nullopt;
  }

  Task read_task(const YamlNode& key, const YamlNode& body) {
    Task task;
    if (const YamlNode* resource = body.find("Resource")) {
      task.resource = findings_.text_of(*resource, "Resource");
      task.resource_where = resource->where();
    } else {
      findings_.error(key, fmt::format("the Task \"{}\" has no Resource", name_of(key)));
    }
    task.timeout = seconds(body, "TimeoutSeconds");
    task.timeout_path = path_instead(body, "TimeoutSeconds", "TimeoutSecondsPath");
    task.heartbeat = seconds(body, "HeartbeatSeconds");
    task.heartbeat_path = path_instead(body, "HeartbeatSeconds", "HeartbeatSecondsPath");
    if (body.find("TimeoutSeconds") == nullptr && body.find("TimeoutSecondsPath") == nullptr) {
      findings_.warn(
          key, fmt::format("the Task \"{}\" has no TimeoutSeconds: an attempt may run for ever",
                           name_of(key)));
    }
    for (const auto* field : {"HeartbeatSeconds", "HeartbeatSecondsPath"}) {
      if (const YamlNode* heartbeat = body.find(field)) task.heartbeat_where = heartbeat->where();
    }
    if (task.heartbeat && task.timeout && *task.heartbeat >= *task.timeout) {
      findings_.error(*body.find("HeartbeatSeconds"),
                      "HeartbeatSeconds must be smaller than TimeoutSeconds");
    }
    return task;
  }

  /// The path of ...Path, which may not stand beside the field it replaces.
  std::optional<JsonPath> path_instead(const YamlNode& body, std::string_view field,
                                       std::string_view path_field) {
    if (body.find(field) != nullptr && body.find(path_field) != nullptr) {
      findings_.error(*body.find(path_field),
                      fmt::format("either {} or {}, not both", field, path_field));
    }
    return findings_.definite_path(body, path_field);
  }

  Choice read_choice(const YamlNode& key, const YamlNode& body, Scope& scope) {
    Choice choice;
    const YamlNode* rules = body.find("Choices");
    if (rules == nullptr || !rules->is_sequence() || rules->items().empty()) {
      findings_.error(rules == nullptr ? key : *rules,
                      "Choices must be a list with at least one rule");
    } else {
      for (const auto& rule : rules->items()) {
        ChoiceRule read{.test = read_choice_test(rule, RulePlace::top, findings_), .next = {}};
        if (rule.is_mapping()) read.next = read_target(rule, rule, "Next", scope);
        choice.rules.push_back(std::move(read));
      }
    }
    if (body.find("Default") != nullptr) {
      choice.otherwise = read_target(body, body, "Default", scope);
    } else {
      findings_.warn(key, fmt::format("the Choice \"{}\" has no Default: if no rule holds, the run "
                                      "fails with States.NoChoiceMatched",
                                      name_of(key)));
    }
    return choice;
  }

  Wait read_wait(const YamlNode& key, const YamlNode& body) {
    constexpr std::array<std::string_view, 4> fields{"Seconds", "SecondsPath", "Timestamp",
                                                     "TimestampPath"};
    Wait wait;
    const auto given = std::ranges::count_if(
        fields, [&](std::string_view field) { return body.find(field) != nullptr; });
    if (given != 1) {
      findings_.error(key,
                      fmt::format("the Wait \"{}\" needs one of Seconds, SecondsPath, Timestamp "
                                  "and TimestampPath; it has {}",
                                  name_of(key), given));
    }
    if (const auto number = findings_.integer(body, "Seconds", 0, seconds_max)) {
      wait.until = std::chrono::seconds(*number);
    }
    if (auto path = findings_.definite_path(body, "SecondsPath")) {
      wait.until = Wait::SecondsAt{*std::move(path)};
    }
    if (auto path = findings_.definite_path(body, "TimestampPath")) {
      wait.until = Wait::TimestampAt{*std::move(path)};
    }
    if (const YamlNode* timestamp = body.find("Timestamp")) {
      const auto instant = parse_timestamp(findings_.optional_text(body, "Timestamp"));
      if (instant) wait.until = *instant;
      if (!instant) {
        findings_.error(*timestamp, "Timestamp must be a time like \"2026-02-01T07:00:00+09:00\"");
      }
    }
    return wait;
  }

  Parallel read_parallel(const YamlNode& key, const YamlNode& body) {
    Parallel parallel;
    const YamlNode* branches = body.find("Branches");
    if (branches == nullptr || !branches->is_sequence() || branches->items().empty()) {
      findings_.error(branches == nullptr ? key : *branches,
                      "Branches must be a list with at least one machine");
      return parallel;
    }
    for (const auto& branch : branches->items()) {
      if (!branch.is_mapping()) {
        findings_.error(branch, "a branch is a mapping with StartAt and States");
        continue;
      }
      findings_.check_fields(branch, branch_fields);
      parallel.branches.push_back(read_machine(branch));
    }
    return parallel;
  }

  Map read_map(const YamlNode& key, const YamlNode& body) {
    Map map;
    map.items_path = findings_.path(body, "ItemsPath").value_or(JsonPath{});
    map.item_selector = either<PayloadTemplate>(
        body, "ItemSelector", "Parameters",
        [&](std::string_view field) { return findings_.payload(body, field); });
    findings_.integer(body, "MaxConcurrency", 0, seconds_max);
    map.max_concurrency_path = path_instead(body, "MaxConcurrency", "MaxConcurrencyPath");
    auto processor = either<StateMachine>(
        body, "ItemProcessor", "Iterator",
        [&](std::string_view field) { return read_processor(*body.find(field)); });
    if (processor) {
      map.processor.push_back(*std::move(processor));
    } else if (body.find("ItemProcessor") == nullptr && body.find("Iterator") == nullptr) {
      findings_.error(key, fmt::format("the Map \"{}\" has no ItemProcessor", name_of(key)));
    }
    return map;
  }

  /// The field or its older name; both at once is a finding.
  template <typename Value, typename Read>
  std::optional<Value> either(const YamlNode& body, std::string_view field, std::string_view older,
                              Read read) {
    if (body.find(field) != nullptr && body.find(older) != nullptr) {
      findings_.error(*body.find(older), fmt::format("either {} or {}, not both", field, older));
    }
    if (body.find(field) != nullptr) return read(field);
    if (body.find(older) != nullptr) return read(older);
    return {};
  }

  std::optional<StateMachine> read_processor(const YamlNode& processor) {
    if (!processor.is_mapping()) {
      findings_.error(processor, "an ItemProcessor is a mapping with StartAt and States");
      return {};
    }
    findings_.check_fields(processor, processor_fields);
    if (const YamlNode* config = processor.find("ProcessorConfig")) check_processor_config(*config);
    return read_machine(processor);
  }

  void check_processor_config(const YamlNode& config) {
    if (!config.is_mapping()) {
      findings_.error(config, "ProcessorConfig must be a mapping");
      return;
    }
    findings_.check_fields(config, processor_config_fields);
    const YamlNode* mode = config.find("Mode");
    if (mode == nullptr) return;
    const std::string word = findings_.optional_text(config, "Mode");
    if (word == "DISTRIBUTED") {
      findings_.error(*mode, "the Mode DISTRIBUTED of a Map is not supported yet");
    } else if (word != "INLINE") {
      findings_.error(*mode, "Mode must be INLINE");
    }
  }

  std::optional<std::string> read_next(const YamlNode& key, const YamlNode& body, Scope& scope) {
    const YamlNode* end = body.find("End");
    const bool ends = end != nullptr && findings_.boolean(*end, "End").value_or(false);
    const bool has_next = body.find("Next") != nullptr;
    if (ends && has_next) findings_.error(*end, "a state has either Next or End: true, not both");
    if (!ends && !has_next) {
      findings_.error(key,
                      fmt::format("the state \"{}\" has neither Next nor End: true", name_of(key)));
    }
    if (!has_next) return {};
    return read_target(key, body, "Next", scope);
  }

  /// The name of a state that exists; findings otherwise. `owner` is the place to point at if the
  /// field is absent.
  std::string read_target(const YamlNode& owner, const YamlNode& mapping, std::string_view field,
                          Scope& scope) {
    const YamlNode* value = mapping.find(field);
    if (value == nullptr) {
      findings_.error(owner, fmt::format("{} is missing", field));
      scope.has_dangling_target = true;
      return {};
    }
    std::string name = findings_.text_of(*value, field);
    if (name.empty() || scope.states == nullptr || scope.known.contains(name)) return name;
    scope.has_dangling_target = true;
    findings_.error(*value, fmt::format("{} names \"{}\", which is no state{}", field, name,
                                        where_else(name, scope)));
    return {};
  }

  /// A state of the same name in another machine explains the mistake better than a near name.
  std::string where_else(const std::string& name, const Scope& scope) const {
    const auto other = places_.find(name);
    if (other == places_.end()) return did_you_mean(name, scope.names);
    return fmt::format(" of this machine: the one at {} is another's", other->second);
  }

  FailText read_fail_text(const YamlNode& body, std::string_view field,
                          std::string_view path_field) {
    const YamlNode* path = body.find(path_field);
    if (body.find(field) == nullptr && path == nullptr) return std::monostate{};
    if (path == nullptr) return findings_.optional_text(body, field);
    if (body.find(field) != nullptr) {
      findings_.error(*path,
                      fmt::format("a Fail state has either {} or {}, not both", field, path_field));
    }
    auto expression = findings_.expression(*path, path_field);
    if (!expression) return std::monostate{};
    return *std::move(expression);
  }

  std::vector<Catcher> read_catch(const YamlNode& body, Scope& scope) {
    std::vector<Catcher> catchers;
    const auto found = recovery_elements(body, "Catch", findings_);
    for (const YamlNode* element : found) {
      findings_.check_fields(*element, catcher_fields);
      catchers.push_back(
          {.error_equals = read_error_equals(
               *element, "Catch", element == found.back() ? ListPlace::last : ListPlace::before,
               findings_),
           .result_path = findings_.result_path(*element),
           .next = read_target(*element, *element, "Next", scope)});
    }
    return catchers;
  }

  void find_unreachable(const StateMachine& machine, const Scope& scope) {
    // A misspelt target or Type would make states look unreachable that are meant to be reached.
    if (scope.states == nullptr || machine.start_at.empty()) return;
    if (scope.has_dangling_target || scope.has_unread_state) return;
    std::unordered_map<std::string_view, const State*> by_name;
    for (const auto& state : machine.states) by_name.emplace(state.name, &state);
    std::unordered_set<std::string_view> reached;
    Names open{machine.start_at};
    while (!open.empty()) {
      const auto found = by_name.find(open.back());
      open.pop_back();
      if (found == by_name.end() || !reached.insert(found->first).second) continue;
      const Names targets = TargetsOf{*found->second}.all();
      open.insert(open.end(), targets.begin(), targets.end());
    }
    for (const auto& [key, body] : scope.states->entries()) {
      if (key.is_scalar() && !key.text().empty() && !reached.contains(key.text())) {
        findings_.error(key,
                        fmt::format("no path from StartAt leads to the state \"{}\"", key.text()));
      }
    }
  }

  FindingList findings_;
  std::unordered_map<std::string, std::string> places_;  // of every state by its name
};

}  // namespace

std::string Finding::text() const {
  return fmt::format("{}: {}{}", where, severity == Severity::warning ? "warning: " : "", message);
}

Reading read_definition(const YamlNode& root) {
  return Reader().read(root);
}

Definition parse_definition(std::string_view text, std::string_view file_name) {
  Reading reading = read_definition(parse_document(text, file_name));
  std::vector<std::string> errors;
  std::vector<Finding> warnings;
  for (auto& finding : reading.findings) {
    if (finding.severity == Finding::Severity::error) {
      errors.push_back(finding.text());
    } else {
      warnings.push_back(std::move(finding));
    }
  }
  if (!reading.machine) throw Error(ErrorKind::config_invalid, join(errors, "\n"));
  return {.machine = *std::move(reading.machine),
          .text = std::string(text),
          .sha256 = sha256_hex(text),
          .warnings = std::move(warnings)};
}

std::optional<ReferencePath> parse_reference_path(std::string_view text) {
  JsonPath path;
  try {
    path = JsonPath::parse(text);
  } catch (const Error&) {
    return {};
  }
  if (path.is_of_context() || !path.is_definite()) return {};
  ReferencePath reference;
  for (const auto& step : path.steps()) {
    if (const auto* members = std::get_if<step::Members>(&step.take)) {
      reference.steps.emplace_back(members->names.front());
      continue;
    }
    const auto index = std::get<step::Elements>(step.take).indexes.front();
    if (index < 0) return {};
    reference.steps.emplace_back(static_cast<std::size_t>(index));
  }
  return reference;
}

}  // namespace pipeline::asl
