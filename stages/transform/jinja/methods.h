// Python's methods of str, list, tuple and dict, as templates call them.
#pragma once

#include <string_view>

#include "stages/transform/jinja/value.h"

namespace pipeline::jinja {

/// Throws config_invalid where Python raises.
using Method = Value (*)(const Value& self, const Arguments& arguments);

/// nullptr if values of that kind have no such method.
Method find_method(Kind kind, std::string_view name);

}  // namespace pipeline::jinja
