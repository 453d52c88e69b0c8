// The one exception type for everything that ends a unit of work.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/exit_code.h"

namespace pipeline {

/// Ends a statement, table, model, state or run. Where absence or refusal is an expected answer,
/// functions return it instead (optional, variant). Rooms that wrap a foreign library turn its
/// exceptions and codes into Error; nothing else leaves them.
class Error : public std::exception {
 public:
  using Context = std::vector<std::pair<std::string, std::string>>;

  /// Takes a copy of Scope::current() as the first part of the context.
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const { return kind_; }
  /// "Pipeline.SqlRejected"
  std::string_view name() const { return entry_of(kind_).name; }
  int exit_code() const { return entry_of(kind_).exit_code; }
  bool retryable() const { return entry_of(kind_).retryable == Retryable::yes; }

  /// The message alone, without context.
  const std::string& message() const { return message_; }
  const Context& context() const { return context_; }
  /// The value of `key` in the context, or empty.
  std::string_view context_value(std::string_view key) const;
  /// The messages of the causes, nearest first; empty if there are none.
  const std::vector<std::string>& causes() const { return causes_; }

  /// "message: cause [key=value] [key=value]", one line unless the message has several.
  const char* what() const noexcept override { return what_.c_str(); }

  /// Adds one pair of context (errno, sqlstate, file, line, model, object ...), never a secret and
  /// never a field value of a row.
  Error&& with(std::string_view key, std::string value) &&;
  Error&& caused_by(const std::exception& cause) &&;

 private:
  void render();

  ErrorKind kind_;
  std::string message_;
  Context context_;
  std::vector<std::string> causes_;
  std::string what_;
};

/// Turns any exception in flight into an Error: an Error stays itself, bad_alloc becomes
/// resource_exhausted, everything else internal. Call only inside a catch block.
Error current_error();

/// Ends the program with file and line if `condition` is false: for what only a programmer can
/// break. On in release too.
void require(bool condition, std::string_view what_must_hold, const char* file = __builtin_FILE(),
             int line = __builtin_LINE());

}  // namespace pipeline
