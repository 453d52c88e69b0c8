#include "stages/transform/project/yaml_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<bool> plain_bool(std::string_view text) {
  // PyYAML knows three spellings of each word: lower, Capitalised and UPPER.
  constexpr std::array<std::string_view, 9> yes = {"yes",  "Yes", "YES", "true", "True",
                                                   "TRUE", "on",  "On",  "ON"};
  constexpr std::array<std::string_view, 9> no = {"no",    "No",  "NO",  "false", "False",
                                                  "FALSE", "off", "Off", "OFF"};
  if (std::ranges::find(yes, text) != yes.end()) return true;
  if (std::ranges::find(no, text) != no.end()) return false;
  return std::nullopt;
}

std::optional<std::int64_t> digits_in(std::string_view digits, int base) {
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// 1:30:00, without sign: each place counts sixty of the next.
std::optional<std::int64_t> sexagesimal(std::string_view digits) {
  std::int64_t total = 0;
  bool first = true;
  while (true) {
    const std::size_t colon = digits.find(':');
    const auto part = digits_in(digits.substr(0, colon), 10);
    if (!part || *part < 0 || (!first && *part > 59) || total > 1'000'000'000) return std::nullopt;
    total = total * 60 + *part;
    if (colon == std::string_view::npos) return total;
    digits.remove_prefix(colon + 1);
    first = false;
  }
}

std::optional<std::int64_t> plain_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  std::string digits(text);
  std::erase(digits, '_');
  std::optional<std::int64_t> value;
  if (digits.starts_with("0x")) {
    value = digits_in(std::string_view(digits).substr(2), 16);
  } else if (digits.starts_with("0b")) {
    value = digits_in(std::string_view(digits).substr(2), 2);
  } else if (digits.size() > 1 && digits.front() == '0') {
    value = digits_in(std::string_view(digits).substr(1), 8);
  } else if (digits.find(':') != std::string::npos) {
    value = sexagesimal(digits);
  } else {
    value = digits_in(digits, 10);
  }
  if (value && negative) value = -*value;
  return value;
}

/// PyYAML wants a dot in every float, and a sign in every exponent: 1e5 is a text.
std::optional<double> plain_float(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  std::string_view rest = digits;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  const std::string_view unsigned_part = rest.starts_with('-') ? rest.substr(1) : rest;
  if (unsigned_part == ".inf" || unsigned_part == ".Inf" || unsigned_part == ".INF") {
    const double infinity = std::numeric_limits<double>::infinity();
    return rest.starts_with('-') ? -infinity : infinity;
  }
  const std::size_t dot = unsigned_part.find('.');
  if (dot == std::string_view::npos || unsigned_part == ".") return std::nullopt;
  if (!std::all_of(unsigned_part.begin(), unsigned_part.begin() + static_cast<long>(dot), is_digit))
    return std::nullopt;
  const std::size_t exponent = unsigned_part.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    const std::string_view power = unsigned_part.substr(exponent + 1);
    if (power.empty() || (power.front() != '-' && power.front() != '+')) return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{} || end != rest.data() + rest.size()) return std::nullopt;
  return value;
}

bool holds_jinja(std::string_view text) {
  return text.find("{{") != std::string_view::npos || text.find("{%") != std::string_view::npos ||
         text.find("{#") != std::string_view::npos;
}

/// Texts that are rendered when a node is built: hooks, and meta.validate.
bool is_rendered_later(std::string_view key) {
  if (key.starts_with('+')) key.remove_prefix(1);
  return key == "pre-hook" || key == "pre_hook" || key == "post-hook" || key == "post_hook" ||
         key == "validate";
}

}  // namespace

Json plain_scalar(std::string_view text) {
  if (const auto boolean = plain_bool(text)) return *boolean;
  if (const auto integer = plain_int(text)) return *integer;
  if (const auto floating = plain_float(text)) return *floating;
  return text;
}

Place place_of(const YamlNode& node) {
  return {.file = node.mark().file, .line = node.mark().line};
}

Json YamlValues::raw(const YamlNode& node) const {
  return value(node, Jinja::keep);
}

Json YamlValues::rendered(const YamlNode& node) const {
  return value(node, Jinja::render);
}

std::string YamlValues::text(const YamlNode& node) const {
  if (node.is_sequence() || node.is_mapping()) return node.text();  // throws with the place
  // A plain scalar that stays a text keeps its spelling: `version: 1.10` is not 1.1.
  if (!holds_jinja(node.text())) return node.text();
  return python_text(rendered(node));
}

Json YamlValues::value(const YamlNode& node, Jinja jinja) const {
  switch (node.kind()) {
    case YamlNode::Kind::null:
      return {};
    case YamlNode::Kind::scalar:
      if (jinja == Jinja::render && holds_jinja(node.text())) {
        return render_(node.text(), place_of(node), scope_);
      }
      if (node.quoted() == YamlNode::Quoted::yes) return node.text();
      return plain_scalar(node.text());
    case YamlNode::Kind::sequence: {
      Json list = Json::array();
      for (const auto& item : node.items()) list.push_back(value(item, jinja));
      return list;
    }
    case YamlNode::Kind::mapping:
      return mapping(node, jinja);
  }
  return {};
}

Json YamlValues::mapping(const YamlNode& node, Jinja jinja) const {
  Json object = Json::object();
  for (const auto& [key, entry] : node.entries()) {
    if (key.text() != "<<") continue;
    const auto merge = [&](const YamlNode& from) {
      const Json merged = mapping(from, jinja);
      for (const auto& [name, inherited] : merged.as_object()) {
        if (object.find(name) == nullptr) object.set(name, inherited);
      }
    };
    if (entry.is_sequence()) {
      for (const auto& from : entry.items()) merge(from);
    } else {
      merge(entry);
    }
  }
  for (const auto& [key, entry] : node.entries()) {
    if (key.text() == "<<") continue;
    object.set(key.text(), value(entry, is_rendered_later(key.text()) ? Jinja::keep : jinja));
  }
  return object;
}

std::string python_text(const Json& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_null()) return "None";
  if (value.is_bool()) return value.as_bool() ? "True" : "False";
  return value.dump();
}

}  // namespace pipeline::dbt
