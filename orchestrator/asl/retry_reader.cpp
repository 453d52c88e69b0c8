#include "orchestrator/asl/retry_reader.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "orchestrator/asl/definition_fields.h"
#include "orchestrator/asl/error_names.h"

namespace pipeline::asl {
namespace {

// Limits of Step Functions ("Handling errors").
constexpr std::int64_t seconds_max = 99'999'999;
constexpr std::int64_t max_delay_max = 31'622'400;

std::optional<double> backoff_rate(const YamlNode& mapping, FindingList& findings) {
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
  findings.error(*value, "BackoffRate must be a number not below 1.0");
  return {};
}

Jitter read_jitter(const YamlNode& element, FindingList& findings) {
  const YamlNode* value = element.find("JitterStrategy");
  if (value == nullptr) return Jitter::none;
  const std::string word = value->is_scalar() ? value->text() : "";
  if (word != "FULL" && word != "NONE") {
    findings.error(*value, "JitterStrategy must be FULL or NONE");
  }
  return word == "FULL" ? Jitter::full : Jitter::none;
}

}  // namespace

std::vector<const YamlNode*> recovery_elements(const YamlNode& body, std::string_view field,
                                               FindingList& findings) {
  std::vector<const YamlNode*> found;
  const YamlNode* list = body.find(field);
  if (list == nullptr) return found;
  if (!list->is_sequence()) {
    findings.error(*list, fmt::format("{} must be a list", field));
    return found;
  }
  for (const auto& item : list->items()) {
    if (item.is_mapping()) {
      found.push_back(&item);
    } else {
      findings.error(item,
                     fmt::format("an element of {} must be a mapping with ErrorEquals", field));
    }
  }
  return found;
}

std::vector<std::string> read_error_equals(const YamlNode& element, std::string_view list,
                                           ListPlace place, FindingList& findings) {
  std::vector<std::string> names;
  const YamlNode* value = element.find("ErrorEquals");
  if (value == nullptr || !value->is_sequence() || value->items().empty()) {
    findings.error(value == nullptr ? element : *value,
                   "ErrorEquals must be a list with at least one error name");
    return names;
  }
  for (const auto& item : value->items()) {
    names.push_back(findings.text_of(item, "an error name"));
    if (const auto doubt = doubt_about(names.back())) findings.warn(item, *doubt);
    if (names.back() != "States.ALL") continue;
    if (value->items().size() > 1) {
      findings.error(item, "States.ALL must stand alone in its ErrorEquals");
    }
    if (place != ListPlace::last) {
      findings.error(item, fmt::format("States.ALL must be in the last element of {}", list));
    }
  }
  return names;
}

std::vector<Retrier> read_retry(const YamlNode& body, FindingList& findings) {
  std::vector<Retrier> retriers;
  const auto found = recovery_elements(body, "Retry", findings);
  for (const YamlNode* element : found) {
    findings.check_fields(*element, retrier_fields);
    Retrier retrier;
    retrier.error_equals = read_error_equals(
        *element, "Retry", element == found.back() ? ListPlace::last : ListPlace::before, findings);
    if (const auto interval = findings.integer(*element, "IntervalSeconds", 1, seconds_max)) {
      retrier.interval = std::chrono::seconds(*interval);
    }
    retrier.max_attempts =
        findings.integer(*element, "MaxAttempts", 0, seconds_max).value_or(retrier.max_attempts);
    retrier.backoff_rate = backoff_rate(*element, findings).value_or(retrier.backoff_rate);
    if (const auto most = findings.integer(*element, "MaxDelaySeconds", 1, max_delay_max)) {
      retrier.max_delay = std::chrono::seconds(*most);
    }
    retrier.jitter = read_jitter(*element, findings);
    retriers.push_back(std::move(retrier));
  }
  return retriers;
}

}  // namespace pipeline::asl
