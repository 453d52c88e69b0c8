// What the command line says, as `flags` in templates shows it.
#pragma once

#include <string>

namespace pipeline::dbt {

/// dbt's flags that the command line sets.
struct InvocationFlags {
  std::string which = "build";
  bool full_refresh = false;
  bool fail_fast = false;
};

}  // namespace pipeline::dbt
