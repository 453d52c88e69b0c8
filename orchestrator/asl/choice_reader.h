// Reads the rules of a Choice state.
#pragma once

#include <string>

#include "common/config/yaml.h"
#include "orchestrator/asl/choice.h"
#include "orchestrator/asl/finding_list.h"

namespace pipeline::asl {

/// The test of one element of Choices, or of And, Or and Not inside it; what is wrong with it goes
/// into `findings`.
enum class RulePlace { top, inside };
ChoiceTest read_choice_test(const YamlNode& rule, RulePlace place, FindingList& findings);

}  // namespace pipeline::asl
