#include "orchestrator/doctor/doctor_report.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::array<std::string_view, 3> words_for_people{"OK", "WARN", "FAIL"};

/// What others say may hold anything; a table has one line for each finding. The redactor comes
/// first: what is changed before it might hide a secret from it.
std::string shown(std::string_view text) {
  return blank_controls(redact(text));
}

}  // namespace

std::vector<Finding> merged(std::vector<Finding> findings) {
  std::ranges::stable_sort(findings, {}, &Finding::check);
  std::map<std::string, Verdict> worst;
  for (const auto& finding : findings) {
    Verdict& of_name = worst.try_emplace(finding.name(), Verdict::ok).first->second;
    of_name = std::max(of_name, finding.verdict);
  }
  std::vector<Finding> kept;
  for (auto& finding : findings) {
    if (finding.verdict != worst.at(finding.name())) continue;
    const auto same_line = [&](const Finding& other) {
      return other.name() == finding.name() &&
             (finding.verdict == Verdict::ok || other.found == finding.found);
    };
    if (std::ranges::any_of(kept, same_line)) continue;
    kept.push_back(std::move(finding));
  }
  return kept;
}

int exit_code_of(const std::vector<Finding>& findings) {
  const auto failed = std::ranges::find(findings, Verdict::fail, &Finding::verdict);
  if (failed == findings.end()) return 0;
  return entry_of(failed->kind.value_or(ErrorKind::internal)).exit_code;
}

std::string render(const std::vector<Finding>& findings) {
  std::size_t width = 0;
  for (const auto& finding : findings) width = std::max(width, shown(finding.name()).size());
  std::string text;
  std::string_view group;
  std::array<int, words_for_people.size()> counts{};
  for (const auto& finding : findings) {
    const CheckEntry& entry = entry_of(finding.check);
    if (entry.group != group) text += fmt::format("{}\n", entry.group);
    group = entry.group;
    const auto verdict = static_cast<std::size_t>(finding.verdict);
    ++counts.at(verdict);
    text += fmt::format("  {:<4}  {:<{}}  {}\n", words_for_people.at(verdict),
                        shown(finding.name()), width, shown(finding.found));
    if (!finding.advice.empty()) {
      text += fmt::format("  {:<4}  {:<{}}  -> {}\n", "", "", width, shown(finding.advice));
    }
  }
  text += fmt::format("{} in order, {} warnings, {} failed\n", counts[0], counts[1], counts[2]);
  return text;
}

Json report_json(const std::vector<Finding>& findings) {
  Json json = Json::object();
  const int code = exit_code_of(findings);
  json.set("ok", code == 0);
  json.set("exit_code", code);
  Json list = Json::array();
  for (const auto& finding : findings) list.push_back(to_json(finding));
  json.set("findings", std::move(list));
  return json;
}

}  // namespace pipeline
