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
  std::string charset = "utf8mb4";             // of the dump's bytes: character_set_client
  std::string connection_charset = "utf8mb4";  // into which the server first turns its texts
  std::string connection_collation;            // of texts that are compared; empty: the charset's
  std::optional<std::string> time_zone;
  std::optional<std::string> sql_mode;
  bool operator==(const SessionSettings&) const = default;
};

/// The one of the modes in a sql_mode under which quotes or backslashes mean something else; empty
/// if there is none.
std::string_view mode_of_other_grammar(std::string_view sql_mode);

/// Whether the two names mean one character set: utf8 is utf8mb3.
bool same_charset(std::string_view left, std::string_view right);

/// Follows the SET statements that mysqldump writes. Nothing of them is ever sent to a server.
class SettingTracker {
 public:
  /// The tokens behind the word SET. Throws dump_refused, without a place, for GLOBAL and PERSIST,
  /// for variables outside the list of those that mysqldump sets, for values that are neither
  /// literals nor variables, and for sql_mode ANSI_QUOTES or NO_BACKSLASH_ESCAPES, which change the
  /// lexical grammar.
  void apply(const std::vector<Token>& tokens);
  const SessionSettings& current() const { return settings_; }
  /// Throws dump_refused, without a place, if a definition or the beginning of an INSERT cannot be
  /// read by bytes: its character set has quotes inside of letters, or its names are not in UTF-8.
  void require_readable(std::string_view statement) const;
  /// Likewise, if the texts of rows would be changed on their way into the server.
  void require_straight_rows() const;

 private:
  using Value = std::optional<std::string>;
  std::size_t assign(const std::vector<Token>& tokens, std::size_t at);
  std::size_t set_names(const std::vector<Token>& tokens, std::size_t at);
  Value value_of(const std::vector<Token>& tokens, std::size_t& at) const;
  void set_variable(const std::string& name, const Value& value);
  Value collation_connection() const;
  void set_collation(const std::string& collation);

  SessionSettings settings_;
  std::map<std::string, Value> user_variables_;
};

}  // namespace pipeline::dump
