// Environment variables as a function, so that what reads them can be tried with others.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace pipeline::aws {

/// The value of a variable; nullopt if it is not set or empty, which AWS's tools treat alike.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// Those of this process.
Variables process_variables();

/// The first of `names` that is set.
std::optional<std::string> first_of(const Variables& variables,
                                    std::initializer_list<const char*> names);

}  // namespace pipeline::aws
