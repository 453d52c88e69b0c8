#include "orchestrator/asl/definition_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "orchestrator/asl/error_names.h"

namespace pipeline::asl {
namespace {

using Names = std::span<const std::string_view>;

// Limits of Step Functions ("Service quotas", "Handling errors"), so that a definition that is
// accepted here is accepted there.
constexpr std::size_t name_characters_max = 80;
constexpr std::int64_t seconds_max = 99'999'999;
constexpr std::int64_t max_delay_max = 31'622'400;

/// The fields of one kind of object: those that are read, and those of the language that this
/// engine does not know yet.
struct Fields {
  std::string_view what;  // "a Task state"
  Names known;
  Names not_yet;
};

constexpr std::array<std::string_view, 4> machine_known{"Comment", "StartAt", "States", "Version"};
constexpr std::array<std::string_view, 2> machine_not_yet{"QueryLanguage", "TimeoutSeconds"};
constexpr std::array<std::string_view, 9> task_known{
    "Type", "Comment", "Resource", "TimeoutSeconds", "Retry", "Catch", "ResultPath", "Next", "End"};
constexpr std::array<std::string_view, 12> task_not_yet{
    "InputPath",          "OutputPath",       "Parameters",
    "ResultSelector",     "HeartbeatSeconds", "HeartbeatSecondsPath",
    "TimeoutSecondsPath", "Credentials",      "QueryLanguage",
    "Arguments",          "Output",           "Assign"};
constexpr std::array<std::string_view, 2> succeed_known{"Type", "Comment"};
constexpr std::array<std::string_view, 4> succeed_not_yet{"InputPath", "OutputPath", "Output",
                                                          "QueryLanguage"};
constexpr std::array<std::string_view, 6> fail_known{"Type",  "Comment",   "Error",
                                                     "Cause", "ErrorPath", "CausePath"};
constexpr std::array<std::string_view, 1> fail_not_yet{"QueryLanguage"};
constexpr std::array<std::string_view, 7> retrier_known{
    "Comment",     "ErrorEquals",     "IntervalSeconds", "MaxAttempts",
    "BackoffRate", "MaxDelaySeconds", "JitterStrategy"};
constexpr std::array<std::string_view, 4> catcher_known{"Comment", "ErrorEquals", "Next",
                                                        "ResultPath"};
constexpr std::array<std::string_view, 2> catcher_not_yet{"Output", "Assign"};

constexpr Fields machine_fields{"a state machine", machine_known, machine_not_yet};
constexpr Fields task_fields{"a Task state", task_known, task_not_yet};
constexpr Fields succeed_fields{"a Succeed state", succeed_known, succeed_not_yet};
constexpr Fields fail_fields{"a Fail state", fail_known, fail_not_yet};
constexpr Fields retrier_fields{"a retrier", retrier_known, {}};
constexpr Fields catcher_fields{"a catcher", catcher_known, catcher_not_yet};

constexpr std::array<std::string_view, 3> types_known{"Task", "Succeed", "Fail"};
constexpr std::array<std::string_view, 5> types_not_yet{"Pass", "Choice", "Wait", "Parallel",
                                                        "Map"};

bool contains(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string did_you_mean(std::string_view word, Names known) {
  const auto meant = nearest(word, known);
  return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

bool is_path_step(std::string_view step) {
  return !step.empty() && std::ranges::all_of(step, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

/// A key's text; empty for a key that is no single value.
std::string name_of(const YamlNode& key) {
  return key.is_scalar() ? key.text() : "";
}

/// Walks the document once and collects what is wrong; goes on after every finding.
class Reader {
 public:
  Reading read(const YamlNode& root) {
    StateMachine machine;
    if (!root.is_mapping()) {
      error(root, "a state machine is a mapping with StartAt and States");
      return finish(std::move(machine));
    }
    check_fields(root, machine_fields);
    machine.comment = optional_text(root, "Comment");
    if (const YamlNode* version = root.find("Version");
        version != nullptr && optional_text(root, "Version") != "1.0") {
      error(*version, "the only Version is \"1.0\"");
    }
    read_states(root, machine);
    machine.start_at = read_target(root, root, "StartAt");
    find_unreachable(machine.start_at);
    return finish(std::move(machine));
  }

 private:
  Reading finish(StateMachine machine) {
    std::ranges::stable_sort(findings_, {}, [](const auto& entry) {
      return std::tuple(entry.first.line, entry.first.column);
    });
    Reading reading;
    bool failed = false;
    for (auto& [mark, finding] : findings_) {
      failed = failed || finding.severity == Finding::Severity::error;
      reading.findings.push_back(std::move(finding));
    }
    if (!failed) reading.machine = std::move(machine);
    return reading;
  }

  void add(const YamlNode& node, Finding::Severity severity, std::string message) {
    findings_.emplace_back(
        node.mark(),
        Finding{.severity = severity, .where = node.where(), .message = std::move(message)});
  }
  void error(const YamlNode& node, std::string message) {
    add(node, Finding::Severity::error, std::move(message));
  }
  void warn(const YamlNode& node, std::string message) {
    add(node, Finding::Severity::warning, std::move(message));
  }

  void check_fields(const YamlNode& mapping, const Fields& fields) {
    for (const auto& [key, value] : mapping.entries()) {
      const std::string name = name_of(key);
      if (contains(fields.known, name)) continue;
      if (contains(fields.not_yet, name)) {
        error(key, fmt::format("{} of {} is not supported yet", name, fields.what));
      } else {
        error(key, fmt::format("{} has no field \"{}\"{}", fields.what, name,
                               did_you_mean(name, fields.known)));
      }
    }
  }

  /// The field's text; empty, with a finding, if it is no text.
  std::string text_of(const YamlNode& value, std::string_view field) {
    if (value.is_scalar() && !value.text().empty()) return value.text();
    error(value,
          fmt::format("{} must be a text that is not empty (quote it, if it reads like null)",
                      field));
    return {};
  }

  /// Empty if absent; an empty text is allowed.
  std::string optional_text(const YamlNode& mapping, std::string_view field) {
    const YamlNode* value = mapping.find(field);
    if (value == nullptr) return {};
    if (value->is_scalar()) return value->text();
    error(*value, fmt::format("{} must be a text", field));
    return {};
  }

  std::optional<std::int64_t> integer(const YamlNode& mapping, std::string_view field,
                                      std::int64_t least, std::int64_t most) {
    const YamlNode* value = mapping.find(field);
    if (value == nullptr) return {};
    std::int64_t number = 0;
    if (value->is_scalar() && value->quoted() == YamlNode::Quoted::no) {
      const std::string& digits = value->text();
      const char* const end = digits.data() + digits.size();
      const auto parsed = std::from_chars(digits.data(), end, number);
      if (parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most) {
        return number;
      }
    }
    error(*value, fmt::format("{} must be a whole number from {} to {}", field, least, most));
    return {};
  }

  std::optional<double> backoff_rate(const YamlNode& mapping) {
    const YamlNode* value = mapping.find("BackoffRate");
    if (value == nullptr) return {};
    double number = 0;
    if (value->is_scalar() && value->quoted() == YamlNode::Quoted::no) {
      const std::string& digits = value->text();
      const char* const end = digits.data() + digits.size();
      const auto parsed = std::from_chars(digits.data(), end, number);
      // The comparison is false for NaN; infinity has no meaning as a rate.
      if (parsed.ec == std::errc{} && parsed.ptr == end && number >= 1.0 && number <= 1e9) {
        return number;
      }
    }
    error(*value, "BackoffRate must be a number not below 1.0");
    return {};
  }

  void read_states(const YamlNode& root, StateMachine& machine) {
    const YamlNode* states = root.find("States");
    if (states == nullptr || !states->is_mapping() || states->entries().empty()) {
      error(states == nullptr ? root : *states, "States must be a mapping with at least one state");
      return;
    }
    states_ = states;
    for (const auto& [key, body] : states->entries()) {
      const std::string name = text_of(key, "a state's name");
      if (count_characters(name) > name_characters_max) {
        error(key, fmt::format("a state's name has at most {} characters", name_characters_max));
      }
      if (!name.empty()) state_names_.push_back(key.text());
    }
    for (const auto& [key, body] : states->entries()) {
      State state{.name = name_of(key), .where = key.where()};
      if (!body.is_mapping()) {
        error(body, fmt::format("the state \"{}\" must be a mapping with a Type", state.name));
        continue;
      }
      state.comment = optional_text(body, "Comment");
      read_kind(key, body, state);
      machine.states.push_back(std::move(state));
    }
  }

  void read_kind(const YamlNode& key, const YamlNode& body, State& state) {
    const YamlNode* type = body.find("Type");
    if (type == nullptr) {
      error(key, fmt::format("the state \"{}\" has no Type", state.name));
      return;
    }
    const std::string word = text_of(*type, "Type");
    if (word == "Task") {
      state.kind = read_task(key, body);
    } else if (word == "Succeed") {
      check_fields(body, succeed_fields);
      state.kind = Succeed{};
    } else if (word == "Fail") {
      check_fields(body, fail_fields);
      state.kind = Fail{.error = read_fail_text(body, "Error", "ErrorPath"),
                        .cause = read_fail_text(body, "Cause", "CausePath")};
    } else if (contains(types_not_yet, word)) {
      error(*type, fmt::format("the state type {} is not supported yet", word));
    } else if (!word.empty()) {
      error(*type,
            fmt::format("there is no state type \"{}\"{}", word, did_you_mean(word, types_known)));
    }
  }

  Task read_task(const YamlNode& key, const YamlNode& body) {
    check_fields(body, task_fields);
    Task task;
    if (const YamlNode* resource = body.find("Resource")) {
      task.resource = text_of(*resource, "Resource");
      task.resource_where = resource->where();
    } else {
      error(key, fmt::format("the Task \"{}\" has no Resource", name_of(key)));
    }
    if (const auto timeout = integer(body, "TimeoutSeconds", 1, seconds_max)) {
      task.timeout = std::chrono::seconds(*timeout);
    } else if (body.find("TimeoutSeconds") == nullptr) {
      warn(key, fmt::format("the Task \"{}\" has no TimeoutSeconds: an attempt may run for ever",
                            name_of(key)));
    }
    task.result_path = read_result_path(body);
    task.retry = read_retry(body);
    task.catchers = read_catch(body);
    task.next = read_next(key, body);
    return task;
  }

  std::optional<std::string> read_next(const YamlNode& key, const YamlNode& body) {
    const YamlNode* end = body.find("End");
    const bool ends = end != nullptr && is_true(*end);
    const bool has_next = body.find("Next") != nullptr;
    if (ends && has_next) error(*end, "a state has either Next or End: true, not both");
    if (!ends && !has_next) {
      error(key, fmt::format("the state \"{}\" has neither Next nor End: true", name_of(key)));
    }
    if (!has_next) return {};
    return read_target(key, body, "Next");
  }

  // Only JSON's words: YAML 1.1 would read yes and on as booleans, which no other reader of the
  // language does.
  bool is_true(const YamlNode& value) {
    if (value.is_scalar() && value.quoted() == YamlNode::Quoted::no) {
      if (value.text() == "true") return true;
      if (value.text() == "false") return false;
    }
    error(value, "End must be true or false");
    return false;
  }

  /// The name of a state that exists; findings otherwise. `owner` is the place to point at if the
  /// field is absent.
  std::string read_target(const YamlNode& owner, const YamlNode& mapping, std::string_view field) {
    const YamlNode* value = mapping.find(field);
    if (value == nullptr) {
      error(owner, fmt::format("{} is missing", field));
      return {};
    }
    std::string name = text_of(*value, field);
    if (name.empty() || states_ == nullptr || contains(state_names_, name)) return name;
    has_dangling_target_ = true;
    error(*value, fmt::format("{} names \"{}\", which is no state{}", field, name,
                              did_you_mean(name, state_names_)));
    return {};
  }

  ResultPath read_result_path(const YamlNode& mapping) {
    const YamlNode* value = mapping.find("ResultPath");
    if (value == nullptr) return ReferencePath{};
    if (value->is_null()) return Discard{};
    return read_path(*value, "ResultPath");
  }

  ReferencePath read_path(const YamlNode& value, std::string_view field) {
    if (value.is_scalar()) {
      if (auto path = parse_reference_path(value.text())) return *std::move(path);
    }
    error(value, fmt::format("{} must be $ or a path like $.a.b; other paths are not supported yet",
                             field));
    return {};
  }

  FailText read_fail_text(const YamlNode& body, std::string_view field,
                          std::string_view path_field) {
    const YamlNode* path = body.find(path_field);
    if (body.find(field) == nullptr && path == nullptr) return std::monostate{};
    if (path == nullptr) return optional_text(body, field);
    if (body.find(field) != nullptr) {
      error(*path, fmt::format("a Fail state has either {} or {}, not both", field, path_field));
    }
    return read_path(*path, path_field);
  }

  /// The elements of Retry or Catch that are mappings.
  std::vector<const YamlNode*> elements(const YamlNode& body, std::string_view field) {
    std::vector<const YamlNode*> found;
    const YamlNode* list = body.find(field);
    if (list == nullptr) return found;
    if (!list->is_sequence()) {
      error(*list, fmt::format("{} must be a list", field));
      return found;
    }
    for (const auto& item : list->items()) {
      if (item.is_mapping()) {
        found.push_back(&item);
      } else {
        error(item, fmt::format("an element of {} must be a mapping with ErrorEquals", field));
      }
    }
    return found;
  }

  std::vector<std::string> read_error_equals(const YamlNode& element, bool is_last,
                                             std::string_view list) {
    std::vector<std::string> names;
    const YamlNode* value = element.find("ErrorEquals");
    if (value == nullptr || !value->is_sequence() || value->items().empty()) {
      error(value == nullptr ? element : *value,
            "ErrorEquals must be a list with at least one error name");
      return names;
    }
    for (const auto& item : value->items()) {
      names.push_back(text_of(item, "an error name"));
      if (const auto doubt = doubt_about(names.back())) warn(item, *doubt);
      if (names.back() != "States.ALL") continue;
      if (value->items().size() > 1) error(item, "States.ALL must stand alone in its ErrorEquals");
      if (!is_last) error(item, fmt::format("States.ALL must be in the last element of {}", list));
    }
    return names;
  }

  std::vector<Retrier> read_retry(const YamlNode& body) {
    std::vector<Retrier> retriers;
    const auto found = elements(body, "Retry");
    for (const YamlNode* element : found) {
      check_fields(*element, retrier_fields);
      Retrier retrier;
      retrier.error_equals = read_error_equals(*element, element == found.back(), "Retry");
      if (const auto interval = integer(*element, "IntervalSeconds", 1, seconds_max)) {
        retrier.interval = std::chrono::seconds(*interval);
      }
      retrier.max_attempts =
          integer(*element, "MaxAttempts", 0, seconds_max).value_or(retrier.max_attempts);
      retrier.backoff_rate = backoff_rate(*element).value_or(retrier.backoff_rate);
      if (const auto most = integer(*element, "MaxDelaySeconds", 1, max_delay_max)) {
        retrier.max_delay = std::chrono::seconds(*most);
      }
      retrier.jitter = read_jitter(*element);
      retriers.push_back(std::move(retrier));
    }
    return retriers;
  }

  Jitter read_jitter(const YamlNode& element) {
    const YamlNode* value = element.find("JitterStrategy");
    if (value == nullptr) return Jitter::none;
    const std::string word = value->is_scalar() ? value->text() : "";
    if (word != "FULL" && word != "NONE") error(*value, "JitterStrategy must be FULL or NONE");
    return word == "FULL" ? Jitter::full : Jitter::none;
  }

  std::vector<Catcher> read_catch(const YamlNode& body) {
    std::vector<Catcher> catchers;
    const auto found = elements(body, "Catch");
    for (const YamlNode* element : found) {
      check_fields(*element, catcher_fields);
      catchers.push_back(
          {.error_equals = read_error_equals(*element, element == found.back(), "Catch"),
           .result_path = read_result_path(*element),
           .next = read_target(*element, *element, "Next")});
    }
    return catchers;
  }

  // Reads the transitions from the document, not from the machine, so that a state of a type that
  // is not supported yet does not make everything behind it look unreachable.
  static void collect_targets(const YamlNode& node, std::vector<std::string_view>& targets) {
    if (node.is_sequence()) {
      for (const auto& item : node.items()) collect_targets(item, targets);
    } else if (node.is_mapping()) {
      for (const auto& [key, value] : node.entries()) {
        const bool names_state =
            key.is_scalar() && (key.text() == "Next" || key.text() == "Default");
        if (names_state && value.is_scalar()) targets.push_back(value.text());
        collect_targets(value, targets);
      }
    }
  }

  void find_unreachable(std::string_view start_at) {
    // A misspelt target would make the state that was meant look unreachable as well.
    if (start_at.empty() || states_ == nullptr || has_dangling_target_) return;
    std::set<std::string_view> reached;
    std::vector<std::string_view> open{start_at};
    while (!open.empty()) {
      const auto name = open.back();
      open.pop_back();
      const YamlNode* state = states_->find(name);
      if (state == nullptr || !reached.insert(name).second) continue;
      collect_targets(*state, open);
    }
    for (const auto& [key, body] : states_->entries()) {
      if (key.is_scalar() && !key.text().empty() && !reached.contains(key.text())) {
        error(key, fmt::format("no path from StartAt leads to the state \"{}\"", key.text()));
      }
    }
  }

  std::vector<std::pair<YamlNode::Mark, Finding>> findings_;
  const YamlNode* states_ = nullptr;
  std::vector<std::string_view> state_names_;
  bool has_dangling_target_ = false;
};

}  // namespace

std::string Finding::text() const {
  return fmt::format("{}: {}{}", where, severity == Severity::warning ? "warning: " : "", message);
}

Reading read_definition(const YamlNode& root) {
  return Reader().read(root);
}

Definition parse_definition(std::string_view text, std::string_view file_name) {
  Reading reading = read_definition(YamlNode::parse(text, file_name));
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
  if (!text.starts_with("$")) return {};
  ReferencePath path;
  text.remove_prefix(1);
  if (text.empty()) return path;
  if (!text.starts_with(".")) return {};
  for (auto& step : split(text.substr(1), '.')) {
    if (!is_path_step(step)) return {};
    path.steps.push_back(std::move(step));
  }
  if (path.steps.empty()) return {};
  return path;
}

}  // namespace pipeline::asl
