// A string that never prints itself, and the redactor that keeps known secrets out of all output.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

/// Holds a password or key. There is no conversion, no stream operator and no formatter;
/// reveal() is the only way out and is called only where a library takes the value.
class Secret {
 public:
  Secret() = default;
  /// Registers the value with the redactor for the life of the process.
  explicit Secret(std::string value);

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// `text` with every registered secret replaced by "***". Values shorter than four characters are
/// not registered, since they would blot out ordinary words. Thread-safe.
std::string redact(std::string_view text);

}  // namespace pipeline
