// Reads Retry, and what Catch has in common with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/yaml.h"
#include "orchestrator/asl/finding_list.h"
#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {

/// The elements of Retry or Catch that are mappings; the others are findings.
std::vector<const YamlNode*> recovery_elements(const YamlNode& body, std::string_view field,
                                               FindingList& findings);

/// Where an element stands in its list, `list`: States.ALL may be in the last only.
enum class ListPlace { before, last };
std::vector<std::string> read_error_equals(const YamlNode& element, std::string_view list,
                                           ListPlace place, FindingList& findings);

std::vector<Retrier> read_retry(const YamlNode& body, FindingList& findings);

}  // namespace pipeline::asl
