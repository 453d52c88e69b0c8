// Generic tests: their names, as dbt makes them, and their SQL.
#pragma once

#include <string>

#include "stages/transform/compile/dbt_context.h"

namespace pipeline::dbt {

/// What a generic test stands under.
struct TestTarget {
  std::string source;  // empty: a model or seed
  std::string name;
};

struct TestNames {
  std::string full;    // not_null_orders_id: what people select by
  std::string alias;   // as full; cut with a hash if it has 64 characters or more
  std::string suffix;  // ten hex digits that keep equal names apart in unique_ids; dbt's own
};

TestNames names_of_test(const GenericTest& test, const TestTarget& target);

/// What dbt shows as the arguments of the test's macro: those of YAML, column_name, and `model` as
/// a template ("{{ get_where_subquery(ref('orders')) }}").
Json test_arguments(const GenericTest& test, const TestTarget& target);

/// Calls the test's macro with the arguments that YAML gives, rendered, and with the target as
/// `model` (inside a subquery if the test has a where). Throws config_invalid naming the place in
/// the YAML file for a test that does not exist and for arguments that do not fit.
std::string render_generic_test(const InvocationFacts& facts, NodeScope& scope,
                                const jinja::ContextPtr& context, const GenericTest& test,
                                const TestTarget& target);

}  // namespace pipeline::dbt
