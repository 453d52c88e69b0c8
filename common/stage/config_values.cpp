#include "common/stage/config_values.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::config_values {
namespace {

constexpr Place all_places[] = {{"file", SecretReference::Source::file},
                                {"environment", SecretReference::Source::environment},
                                {"credential", SecretReference::Source::credential},
                                {"secretsmanager", SecretReference::Source::secretsmanager},
                                {"my_cnf", SecretReference::Source::my_cnf}};

/// "file, environment or credential"
std::string names_of(std::span<const Place> places) {
  std::string names;
  for (const auto& place : places) {
    const bool last = &place == &places.back();
    names += fmt::format("{}{}", names.empty() ? "" : last ? " or " : ", ", place.key);
  }
  return names;
}

}  // namespace

void refuse(const YamlNode& node, std::string_view what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", node.where(), what));
}

std::string expanded(const YamlNode& node) {
  const std::string& text = node.text();
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$') {
      result += text[at];
    } else if (text.compare(at, 2, "$$") == 0) {
      result += '$';
      ++at;
    } else if (text.compare(at, 2, "${") == 0) {
      const auto end = text.find('}', at);
      if (end == std::string::npos) refuse(node, "${ without a closing }");
      const std::string name = text.substr(at + 2, end - at - 2);
      const char* value = std::getenv(name.c_str());
      if (value == nullptr)
        refuse(node, fmt::format("the environment variable {} is not set", name));
      result += value;
      at = end;
    } else {
      refuse(node, "a dollar sign stands for ${NAME} or $$");
    }
  }
  return result;
}

std::string text_of(const YamlNode& node) {
  std::string text = expanded(node);
  if (text.empty()) refuse(node, "a value is missing");
  return text;
}

std::vector<std::string> texts(const YamlNode& node) {
  std::vector<std::string> result;
  if (node.is_scalar()) return {text_of(node)};
  for (const auto& item : node.items()) result.push_back(text_of(item));
  return result;
}

std::string path_of(const YamlNode& node, const std::filesystem::path& folder) {
  const std::string text = expanded(node);
  if (text.empty()) refuse(node, "a path is missing");
  return (folder / text).lexically_normal().string();
}

std::int64_t at_least(std::int64_t least, const YamlNode& node) {
  const std::int64_t value = node.as_int();
  if (value < least) refuse(node, fmt::format("expected {} or more, found {}", least, value));
  return value;
}

int port_of(const YamlNode& node) {
  const auto port = at_least(1, node);
  if (port > 65535) refuse(node, "a port is 65535 at most");
  return static_cast<int>(port);
}

std::span<const Place> places_of_logins() {
  return all_places;
}

std::span<const Place> places_of_channels() {
  return places_of_logins().first(4);
}

std::span<const Place> places_of_keys() {
  return places_of_logins().first(3);
}

SecretReference secret_of(const YamlNode& node, std::string_view what,
                          std::span<const Place> places, const std::filesystem::path& folder) {
  if (!node.is_mapping()) {
    refuse(node,
           fmt::format("a {} never stands here: name its place with {}", what, names_of(places)));
  }
  std::vector<std::string_view> keys;
  for (const auto& place : places) keys.push_back(place.key);
  node.allow_only(keys);
  if (node.entries().size() != 1) {
    refuse(node, fmt::format("name one place of the {}: {}", what, names_of(places)));
  }
  const auto& [kind, value] = node.entries().front();
  const auto found = std::ranges::find(places, std::string_view(kind.text()),
                                       [](const Place& place) { return place.key; });
  require(found != places.end(), "allow_only() let no other key through");
  SecretReference reference{.source = found->source, .name = {}, .where = value.where()};
  reference.what = what;
  const bool is_path = found->source == SecretReference::Source::file ||
                       found->source == SecretReference::Source::my_cnf;
  reference.name = is_path ? path_of(value, folder) : text_of(value);
  return reference;
}

}  // namespace pipeline::config_values
