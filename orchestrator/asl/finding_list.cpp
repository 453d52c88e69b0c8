#include "orchestrator/asl/finding_list.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::asl {
namespace {

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Whether JSON would read the plain scalar as something other than a text.
bool is_json_word(std::string_view text) {
  if (text == "true" || text == "false") return true;
  const bool begins =
      !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  return begins && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

constexpr std::string_view evaluated = ".$";

}  // namespace

std::string name_of(const YamlNode& key) {
  return key.is_scalar() ? key.text() : "";
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const auto meant = nearest(word, known);
  return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

Json json_of(const YamlNode& node) {
  switch (node.kind()) {
    case YamlNode::Kind::null:
      return {};
    case YamlNode::Kind::scalar:
      if (node.quoted() == YamlNode::Quoted::no && is_json_word(node.text())) {
        try {
          return Json::parse(node.text());
        } catch (const Error&) {
          return node.text();  // 0123, 2026-02-01: texts
        }
      }
      return node.text();
    case YamlNode::Kind::sequence: {
      Json list = Json::array();
      for (const auto& item : node.items()) list.push_back(json_of(item));
      return list;
    }
    case YamlNode::Kind::mapping: {
      Json object = Json::object();
      for (const auto& [key, value] : node.entries()) object.set(name_of(key), json_of(value));
      return object;
    }
  }
  return {};
}

void FindingList::add(const YamlNode& node, Finding::Severity severity, std::string message) {
  has_errors_ = has_errors_ || severity == Finding::Severity::error;
  findings_.emplace_back(
      node.mark(),
      Finding{.severity = severity, .where = node.where(), .message = std::move(message)});
}

void FindingList::error(const YamlNode& node, std::string message) {
  add(node, Finding::Severity::error, std::move(message));
}

void FindingList::warn(const YamlNode& node, std::string message) {
  add(node, Finding::Severity::warning, std::move(message));
}

std::vector<Finding> FindingList::take() && {
  std::ranges::stable_sort(findings_, {}, [](const auto& entry) {
    return std::tuple(entry.first.line, entry.first.column);
  });
  std::vector<Finding> sorted;
  for (auto& [mark, finding] : findings_) sorted.push_back(std::move(finding));
  return sorted;
}

void FindingList::check_fields(const YamlNode& mapping, const Fields& fields) {
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

std::string FindingList::text_of(const YamlNode& value, std::string_view field) {
  if (value.is_scalar() && !value.text().empty()) return value.text();
  error(value, fmt::format("{} must be a text that is not empty (quote it, if it reads like null)",
                           field));
  return {};
}

std::string FindingList::optional_text(const YamlNode& mapping, std::string_view field) {
  const YamlNode* value = mapping.find(field);
  if (value == nullptr) return {};
  if (value->is_scalar()) return value->text();
  error(*value, fmt::format("{} must be a text", field));
  return {};
}

std::optional<std::int64_t> FindingList::integer(const YamlNode& mapping, std::string_view field,
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

std::optional<bool> FindingList::boolean(const YamlNode& value, std::string_view field) {
  if (value.is_scalar() && value.quoted() == YamlNode::Quoted::no) {
    if (value.text() == "true") return true;
    if (value.text() == "false") return false;
  }
  error(value, fmt::format("{} must be true or false", field));
  return {};
}

std::optional<JsonPath> FindingList::parse_path(const YamlNode& value, std::string_view field) {
  if (!value.is_scalar()) {
    error(value, fmt::format("{} must be a path", field));
    return {};
  }
  try {
    return JsonPath::parse(value.text());
  } catch (const Error& failure) {
    error(value, fmt::format("{}: {}", field, failure.message()));
    return {};
  }
}

std::optional<JsonPath> FindingList::path(const YamlNode& mapping, std::string_view field) {
  const YamlNode* value = mapping.find(field);
  return value == nullptr ? std::nullopt : parse_path(*value, field);
}

std::optional<JsonPath> FindingList::definite_path(const YamlNode& mapping,
                                                   std::string_view field) {
  auto found = path(mapping, field);
  if (found && !found->is_definite()) {
    error(*mapping.find(field),
          fmt::format("{} must lead to one value; {} can match several", field, found->text()));
  }
  return found;
}

ResultPath FindingList::result_path(const YamlNode& mapping) {
  const YamlNode* value = mapping.find("ResultPath");
  if (value == nullptr) return ReferencePath{};
  if (value->is_null()) return Discard{};
  if (value->is_scalar()) {
    if (auto path = parse_reference_path(value->text())) return *std::move(path);
  }
  error(*value, "ResultPath must be null, $ or a path to one place, like $.a.b or $.a[0]");
  return ReferencePath{};
}

Selection FindingList::selection(const YamlNode& mapping, std::string_view field) {
  const YamlNode* value = mapping.find(field);
  if (value == nullptr) return JsonPath{};
  if (value->is_null()) return Discard{};
  return parse_path(*value, field).value_or(JsonPath{});
}

std::optional<Expression> FindingList::expression(const YamlNode& value, std::string_view field) {
  if (!value.is_scalar()) {
    error(value, fmt::format("{} must be a path or a call of a function", field));
    return {};
  }
  try {
    return parse_expression(value.text());
  } catch (const Error& failure) {
    error(value, fmt::format("{}: {}", field, failure.message()));
    return {};
  }
}

std::optional<PayloadTemplate> FindingList::payload(const YamlNode& mapping,
                                                    std::string_view field) {
  const YamlNode* value = mapping.find(field);
  if (value == nullptr) return {};
  if (!value->is_mapping()) {
    error(*value, fmt::format("{} must be a mapping", field));
    return {};
  }
  return payload_of(*value);
}

PayloadTemplate FindingList::payload_of(const YamlNode& node) {
  if (node.is_mapping()) return {.kind = members_of(node)};
  if (!node.is_sequence()) return {.kind = json_of(node)};
  PayloadTemplate::Elements elements;
  for (const auto& item : node.items()) elements.push_back(payload_of(item));
  return {.kind = std::move(elements)};
}

PayloadTemplate::Members FindingList::members_of(const YamlNode& mapping) {
  PayloadTemplate::Members members;
  std::set<std::string> names;
  for (const auto& [key, value] : mapping.entries()) {
    std::string name = name_of(key);
    const std::string written = name;
    const bool evaluates = name.ends_with(evaluated);
    if (evaluates) name.resize(name.size() - evaluated.size());
    if (!names.insert(name).second) {
      error(key, fmt::format("\"{}\" is set twice, once with .$ and once without", name));
    }
    if (!evaluates) {
      members.push_back({std::move(name), payload_of(value)});
    } else if (auto found = expression(value, written)) {
      members.push_back({std::move(name), PayloadTemplate{.kind = *std::move(found)}});
    }
  }
  return members;
}

}  // namespace pipeline::asl
