// The findings of one definition, and how its fields are read while they are collected.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/yaml.h"
#include "orchestrator/asl/definition_reader.h"

namespace pipeline::asl {

/// The fields of one kind of object: those that are read, and those of the language that this
/// engine does not know.
struct Fields {
  std::string_view what;  // "a Task state"
  std::vector<std::string_view> known;
  std::vector<std::string_view> not_yet;
};

/// A key's text; empty for a key that is no single value.
std::string name_of(const YamlNode& key);

/// "; did you mean "Staging"?", empty if nothing is near enough.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

/// The value as JSON: plain scalars that JSON knows as null, booleans and numbers are that, all
/// others texts.
Json json_of(const YamlNode& node);

/// Every reading function adds a finding for what is wrong and returns an empty value; nothing
/// throws for what the definition says.
class FindingList {
 public:
  void error(const YamlNode& node, std::string message);
  void warn(const YamlNode& node, std::string message);

  /// In the order of the file.
  std::vector<Finding> take() &&;
  bool has_errors() const { return has_errors_; }

  void check_fields(const YamlNode& mapping, const Fields& fields);
  /// The text; a finding if it is none or empty.
  std::string text_of(const YamlNode& value, std::string_view field);
  /// Empty if absent; an empty text is allowed.
  std::string optional_text(const YamlNode& mapping, std::string_view field);
  std::optional<std::int64_t> integer(const YamlNode& mapping, std::string_view field,
                                      std::int64_t least, std::int64_t most);
  /// Only JSON's words: YAML 1.1 would read yes and on as booleans, which no other reader of the
  /// language does.
  std::optional<bool> boolean(const YamlNode& value, std::string_view field);
  /// nullopt if absent.
  std::optional<JsonPath> path(const YamlNode& mapping, std::string_view field);
  /// A path that can match more than one value is a finding.
  std::optional<JsonPath> definite_path(const YamlNode& mapping, std::string_view field);
  ResultPath result_path(const YamlNode& mapping);
  /// InputPath and OutputPath.
  Selection selection(const YamlNode& mapping, std::string_view field);
  std::optional<Expression> expression(const YamlNode& value, std::string_view field);
  /// nullopt if absent.
  std::optional<PayloadTemplate> payload(const YamlNode& mapping, std::string_view field);

 private:
  void add(const YamlNode& node, Finding::Severity severity, std::string message);
  std::optional<JsonPath> parse_path(const YamlNode& value, std::string_view field);
  PayloadTemplate payload_of(const YamlNode& node);
  PayloadTemplate::Members members_of(const YamlNode& mapping);

  std::vector<std::pair<YamlNode::Mark, Finding>> findings_;
  bool has_errors_ = false;
};

}  // namespace pipeline::asl
