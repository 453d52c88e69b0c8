// What the current thread is doing, as key=value pairs that logs and errors carry along.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipeline {

/// Pushes one key=value for its lifetime onto a stack of the current thread. Open scopes only at
/// coarse places (run, stage, object, table, model, state), never per row.
class Scope {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  Scope(std::string_view key, std::string_view value);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// The pairs of the current thread, outermost first. Valid until the next Scope opens or closes.
  static const Pairs& current();

  /// Replaces the stack of the current thread; for handing work over to another thread.
  static void adopt(Pairs pairs);
};

}  // namespace pipeline
