// Named places at which a test can make this process die, stop or fail; absent from release builds.
#pragma once

#include <string_view>

namespace pipeline {

namespace detail {
void hit_failpoint(std::string_view name);
}

/// Does nothing unless the build has PIPELINE_FAILPOINTS and the environment variable
/// PIPELINE_FAILPOINT names this point: "name:action[@n]", several separated by commas, acting on
/// the n-th hit (default the first). Actions: kill (SIGKILL to itself), term (SIGTERM to itself),
/// error (throws Error internal), unavailable (throws Error unavailable), pause (waits until the
/// file named by PIPELINE_FAILPOINT_GATE exists), exit (exit code 99 at once). Each hit of a point
/// is appended as a line to the file that PIPELINE_FAILPOINT_TRACE names, before it acts.
inline void failpoint(std::string_view name) {
#ifdef PIPELINE_FAILPOINTS
  detail::hit_failpoint(name);
#else
  static_cast<void>(name);
#endif
}

}  // namespace pipeline
