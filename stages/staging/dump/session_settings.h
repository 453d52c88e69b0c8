// What the SET statements of a dump say about the session that its rows were written for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/sql_lexer.h"

namespace pipeline::dump {

/// nullopt: the dump leaves it to the server.
struct SessionSettings {
  std::string charset = "utf8mb4";  // of the dump's bytes: SET NAMES
  std::optional<std::string> time_zone;
  std::optional<std::string> sql_mode;
  bool operator==(const SessionSettings&) const = default;
};

/// Follows the SET statements that mysqldump writes. Nothing of them is ever sent to a server.
class SettingTracker {
 public:
  /// The tokens behind the word SET. Throws dump_refused, without a place, for GLOBAL and PERSIST,
  /// for variables outside the list of those that mysqldump sets, for values that are neither
  /// literals nor variables, and for sql_mode ANSI_QUOTES or NO_BACKSLASH_ESCAPES, which change the
  /// lexical grammar.
  void apply(const std::vector<Token>& tokens);
  const SessionSettings& current() const { return settings_; }

 private:
  using Value = std::optional<std::string>;
  std::size_t assign(const std::vector<Token>& tokens, std::size_t at);
  std::size_t set_names(const std::vector<Token>& tokens, std::size_t at);
  Value value_of(const std::vector<Token>& tokens, std::size_t& at) const;
  void set_variable(const std::string& name, const Value& value);

  SessionSettings settings_;
  std::map<std::string, Value> user_variables_;
};

}  // namespace pipeline::dump
