// Python's two ways to put values into a text: "%s" % values and "{}".format(values).
#pragma once

#include <string>
#include <string_view>

#include "stages/transform/jinja/value.h"

namespace pipeline::jinja {

/// "%s of %d" with `values` as it stands to the right of the operator: one value, a tuple, or a
/// dict for %(name)s. Throws config_invalid where Python raises.
std::string printf_format(std::string_view format, const Value& values);

/// "{} {0} {name} {name.attribute} {0[key]} {!r} {:>8.2f}" with the arguments of str.format.
std::string brace_format(std::string_view format, const Arguments& arguments);

}  // namespace pipeline::jinja
