// Reads a definition (YAML or JSON) into a state machine and says everything that is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/yaml.h"
#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {

struct Finding {
  enum class Severity { error, warning } severity = Severity::error;
  std::string where;  // "state_machine.yaml:12:5"
  std::string message;

  /// "state_machine.yaml:12:5: message", warnings with "warning: " before the message.
  std::string text() const;
};

struct Reading {
  /// nullopt if any finding is an error.
  std::optional<StateMachine> machine;
  std::vector<Finding> findings;  // in the order of the file
};

/// The document of a definition. Throws config_invalid for text that is neither YAML nor JSON.
/// `file_name` is used in messages only.
YamlNode parse_document(std::string_view text, std::string_view file_name);

/// All findings at once. Never throws for what the definition says.
Reading read_definition(const YamlNode& root);

struct Definition {
  StateMachine machine;
  std::string text;    // as read; a run pins it
  std::string sha256;  // of text
  std::vector<Finding> warnings;
};

/// Throws config_invalid whose message lists every error, one a line, if there is one; and for
/// text that is no YAML. `file_name` is used in messages only.
Definition parse_definition(std::string_view text, std::string_view file_name);

/// A path to one place of the input ("$", "$.a.b", "$['a b'][0]"); nullopt for anything else.
std::optional<ReferencePath> parse_reference_path(std::string_view text);

}  // namespace pipeline::asl
