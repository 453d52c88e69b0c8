#include "stages/transform/project/ignore_rules.h"

#include <fnmatch.h>

#include <span>

#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

bool matches_pieces(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() == "**") {
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
      if (matches_pieces(pattern.subspan(1), path.subspan(skipped))) return true;
    }
    return false;
  }
  return !path.empty() && ::fnmatch(pattern.front().c_str(), path.front().c_str(), 0) == 0 &&
         matches_pieces(pattern.subspan(1), path.subspan(1));
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
  for (const auto& line : split(text, '\n')) {
    std::string_view pattern = trim(line);
    if (pattern.empty() || pattern.starts_with('#')) continue;
    Rule rule;
    if (pattern.starts_with('!')) {
      rule.takes_back = true;
      pattern.remove_prefix(1);
    }
    if (pattern.ends_with('/')) {
      rule.folders_only = true;
      pattern.remove_suffix(1);
    }
    rule.from_root = pattern.find('/') != std::string_view::npos;
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    rule.pattern = pattern;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::matches(const Rule& rule, std::string_view path) {
  if (!rule.from_root) {
    const std::string name(path.substr(path.rfind('/') + 1));
    return ::fnmatch(rule.pattern.c_str(), name.c_str(), 0) == 0;
  }
  return matches_pieces(split(rule.pattern, '/'), split(path, '/'));
}

bool IgnoreRules::ignores(std::string_view path) const {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const bool is_file = end == std::string_view::npos;
    bool ignored = false;
    for (const auto& rule : rules_) {
      if (rule.folders_only && is_file) continue;
      if (matches(rule, path.substr(0, end))) ignored = !rule.takes_back;
    }
    if (ignored || is_file) return ignored;
  }
}

}  // namespace pipeline::dbt
