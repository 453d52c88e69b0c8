#include "common/aws/variables.h"

#include <cstdlib>

namespace pipeline::aws {

Variables process_variables() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return {};
    return value;
  };
}

std::optional<std::string> first_of(const Variables& variables,
                                    std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (auto value = variables(name)) return value;
  }
  return {};
}

}  // namespace pipeline::aws
