// The values of pipeline.yaml one by one: expanded, checked, refused with their place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/yaml.h"
#include "common/stage/secret_reference.h"

/// Every function throws config_invalid with the node's file:line:column.
namespace pipeline::config_values {

[[noreturn]] void refuse(const YamlNode& node, std::string_view what);

/// The scalar with ${NAME} replaced from the environment and $$ by a dollar sign.
std::string expanded(const YamlNode& node);
/// The same, and not empty.
std::string text_of(const YamlNode& node);
/// A scalar as one text, or the texts of a list.
std::vector<std::string> texts(const YamlNode& node);
/// A path, which counts from `folder`.
std::string path_of(const YamlNode& node, const std::filesystem::path& folder);
std::int64_t at_least(std::int64_t least, const YamlNode& node);
int port_of(const YamlNode& node);

/// A kind of place where a secret may lie.
struct Place {
  std::string_view key;
  SecretReference::Source source;
};
std::span<const Place> places_of_logins();    // all
std::span<const Place> places_of_channels();  // all but my_cnf
std::span<const Place> places_of_keys();      // file, environment, credential

/// The place of `what`, which is "password" or the like; paths count from `folder`.
SecretReference secret_of(const YamlNode& node, std::string_view what,
                          std::span<const Place> places, const std::filesystem::path& folder);

}  // namespace pipeline::config_values
