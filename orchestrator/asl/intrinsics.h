// The intrinsic functions of the language, States.Format to States.UUID: a table of pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "common/base/json.h"

namespace pipeline::asl {

struct IntrinsicFunction {
  std::string_view name;  // "States.Format"
  std::size_t least_arguments;
  std::size_t most_arguments;
  /// Throws config_invalid if it cannot take these arguments. `random` is uniform in [0, 1).
  Json (*apply)(std::span<const Json> arguments, const std::function<double()>& random);
};

/// In the order of the guide.
std::span<const IntrinsicFunction> intrinsic_functions();

/// As many arguments as one pleases.
constexpr std::size_t any_number = static_cast<std::size_t>(-1);

}  // namespace pipeline::asl
