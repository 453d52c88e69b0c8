// The filters, tests and globals that every environment has: one table each.
#pragma once

#include <span>
#include <string_view>

#include "stages/transform/jinja/environment.h"

namespace pipeline::jinja {

struct Builtin {
  std::string_view name;
  Value (*function)(CallContext& context, const Arguments& arguments);
};

/// Source: jinja2/filters.py of Jinja 3.1, without those for HTML pages. Where Jinja gives a
/// generator (map, select, batch ...) these give a list.
std::span<const Builtin> builtin_list_filters();
std::span<const Builtin> builtin_text_filters();
/// Source: jinja2/tests.py of Jinja 3.1.
std::span<const Builtin> builtin_tests();
/// range, dict, namespace, cycler, joiner.
std::span<const Builtin> builtin_globals();

}  // namespace pipeline::jinja
