#include "stages/staging/dump/session_settings.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dump {
namespace {

// What mysqldump and mariadb-dump of all versions set. The load follows charset, time zone and
// sql_mode and has its own rules for the rest.
constexpr std::array<std::string_view, 17> known_variables{
    "autocommit",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
    "foreign_key_checks",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
    "note_verbosity",
    "sql_log_bin",
    "sql_mode",
    "sql_notes",
    "sql_quote_show_create",
    "time_zone",
    "unique_checks",
    "wait_timeout",
};

constexpr std::size_t user_variables_max = 1000;
/// Stands for "the default of its character set" in the value of a collation.
constexpr std::string_view default_collation = "_ (default)";

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::dump_refused, what);
}

const Token& token_at(const std::vector<Token>& tokens, std::size_t at) {
  static const Token end;
  return at < tokens.size() ? tokens[at] : end;
}

bool is_scope(const Token& token) {
  return token.is("SESSION") || token.is("LOCAL") || token.is("GLOBAL") || token.is("PERSIST") ||
         token.is("PERSIST_ONLY");
}

std::string printable(const Token& token) {
  return token.kind == Token::Kind::text ? "'...'" : head(token.text, 64);
}

// "@@name", "@@session.name" or "name": moves `at` behind it.
struct SystemVariable {
  std::string name;
  enum class Reach { session, server } reach = Reach::session;
};

SystemVariable read_system_variable(const std::vector<Token>& tokens, std::size_t& at) {
  SystemVariable variable;
  while (token_at(tokens, at).is('@')) ++at;
  if (is_scope(token_at(tokens, at))) {
    const bool session = token_at(tokens, at).is("SESSION") || token_at(tokens, at).is("LOCAL");
    if (!session) variable.reach = SystemVariable::Reach::server;
    ++at;
    if (token_at(tokens, at).is('.')) ++at;
  }
  const Token& name = token_at(tokens, at);
  if (name.kind != Token::Kind::word) refuse("a SET statement without a variable's name");
  variable.name = to_lower(name.text);
  ++at;
  return variable;
}

std::string literal_value(const Token& token) {
  return token.kind == Token::Kind::text ? unquote_text(token.text) : std::string(token.text);
}

// In these a byte of a character may be a backslash or a quote, so the text cannot be read by
// bytes.
constexpr std::array<std::string_view, 10> unreadable_charsets{
    "sjis", "cp932", "gbk", "gb18030", "big5", "ucs2", "utf16", "utf16le", "utf32", "gb2312"};

void require_readable_charset(const std::string& charset) {
  if (std::ranges::find(unreadable_charsets, charset) == unreadable_charsets.end()) return;
  refuse(fmt::format("text in the character set {}; dump with --default-character-set=utf8mb4",
                     charset));
}

std::string_view charset_of_collation(std::string_view collation) {
  return collation.substr(0, collation.find('_'));
}

}  // namespace

void SettingTracker::apply(const std::vector<Token>& tokens) {
  for (std::size_t at = 0; at < tokens.size();) {
    const bool names =
        tokens[at].is("NAMES") || tokens[at].is("CHARACTER") || tokens[at].is("CHARSET");
    at = names ? set_names(tokens, at) : assign(tokens, at);
    if (at == tokens.size()) return;
    if (!tokens[at].is(',')) {
      refuse(
          fmt::format("a SET statement with \"{}\" where its value ends", printable(tokens[at])));
    }
    ++at;
  }
}

std::size_t SettingTracker::set_names(const std::vector<Token>& tokens, std::size_t at) {
  at += std::size_t{tokens[at].is("CHARACTER") ? 2U : 1U};
  const Token& charset = token_at(tokens, at);
  if (charset.kind != Token::Kind::word && charset.kind != Token::Kind::text) {
    refuse("a SET NAMES without a character set");
  }
  settings_.charset =
      charset.is("DEFAULT") ? SessionSettings{}.charset : to_lower(literal_value(charset));
  settings_.connection_charset = settings_.charset;
  settings_.connection_collation.clear();
  require_readable_charset(settings_.charset);
  ++at;
  if (token_at(tokens, at).is("COLLATE")) {
    const Token& collation = token_at(tokens, at + 1);
    if (!collation.is("DEFAULT"))
      settings_.connection_collation = to_lower(literal_value(collation));
    at += 2;
  }
  return std::min(at, tokens.size());
}

std::size_t SettingTracker::assign(const std::vector<Token>& tokens, std::size_t at) {
  const bool user_variable = tokens[at].is('@') && !token_at(tokens, at + 1).is('@');
  SystemVariable variable;
  if (user_variable) {
    ++at;
    if (!token_at(tokens, at).names_something())
      refuse("a SET statement without a variable's name");
    variable.name = to_lower(unquote_name(tokens[at++]));
  } else {
    variable = read_system_variable(tokens, at);
  }
  if (token_at(tokens, at).is(':')) ++at;
  if (!token_at(tokens, at).is('=')) refuse(fmt::format("a SET of {} without =", variable.name));
  ++at;
  if (!user_variable && variable.name == "gtid_purged") {  // of replicas only; '+' 'uuid:1-3'
    while (token_at(tokens, at).kind == Token::Kind::text) ++at;
    return at;
  }
  if (variable.reach == SystemVariable::Reach::server) {
    refuse(fmt::format("a SET GLOBAL of {}", variable.name));
  }
  if (!user_variable &&
      std::ranges::find(known_variables, variable.name) == known_variables.end()) {
    refuse(fmt::format("a SET of {}, which mysqldump does not write", variable.name));
  }
  const Value value = value_of(tokens, at);
  if (!user_variable) {
    set_variable(variable.name, value);
  } else if (user_variables_.size() < user_variables_max) {
    user_variables_[variable.name] = value;
  } else {
    refuse("more than a thousand user variables");
  }
  return at;
}

SettingTracker::Value SettingTracker::value_of(const std::vector<Token>& tokens,
                                               std::size_t& at) const {
  const Token& first = token_at(tokens, at);
  if (first.is('@') && token_at(tokens, at + 1).is('@')) {
    const auto variable = read_system_variable(tokens, at);
    if (variable.name == "sql_mode") return settings_.sql_mode;
    if (variable.name == "time_zone") return settings_.time_zone;
    if (variable.name == "character_set_client") return settings_.charset;
    if (variable.name == "character_set_connection") return settings_.connection_charset;
    if (variable.name == "collation_connection") return collation_connection();
    return {};
  }
  if (first.is('@')) {
    const std::string name = to_lower(unquote_name(token_at(tokens, at + 1)));
    at += 2;
    const auto found = user_variables_.find(name);
    return found == user_variables_.end() ? Value() : found->second;
  }
  if (first.is('-') || first.is('+')) ++at;
  const Token& literal = token_at(tokens, at);
  if (literal.kind != Token::Kind::word && literal.kind != Token::Kind::text) {
    refuse("a SET statement without a value");
  }
  ++at;
  if (literal.is("NULL") || literal.is("DEFAULT")) return {};
  return literal_value(literal);
}

void SettingTracker::set_variable(const std::string& name, const Value& value) {
  if (name == "time_zone") settings_.time_zone = value;
  if (name == "character_set_client") settings_.charset = to_lower(value.value_or("utf8mb4"));
  if (name == "character_set_connection") {
    settings_.connection_charset = to_lower(value.value_or(settings_.charset));
    settings_.connection_collation.clear();
  }
  if (name == "collation_connection") set_collation(to_lower(value.value_or("")));
  if (name != "sql_mode") return;
  settings_.sql_mode = value;
  const auto mode = mode_of_other_grammar(value.value_or(""));
  if (mode.empty()) return;
  refuse(
      fmt::format("the sql_mode {}, under which quotes and backslashes mean something else; dump "
                  "without it (and with --skip-triggers if only a trigger has it)",
                  mode));
}

// Where it is the default of its character set the tracker does not know its name.
SettingTracker::Value SettingTracker::collation_connection() const {
  const bool named = !settings_.connection_collation.empty();
  return named ? settings_.connection_collation
               : settings_.connection_charset + std::string(default_collation);
}

void SettingTracker::set_collation(const std::string& collation) {
  settings_.connection_collation = collation.ends_with(default_collation) ? "" : collation;
  settings_.connection_charset =
      collation.empty() ? settings_.charset : std::string(charset_of_collation(collation));
}

void SettingTracker::require_readable(std::string_view statement) const {
  require_readable_charset(settings_.charset);
  const bool utf8 = settings_.charset.starts_with("utf8") || settings_.charset == "binary";
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  if (utf8 || std::ranges::all_of(statement, is_ascii)) return;
  refuse(
      fmt::format("names or definitions with other letters than ASCII in the character set {}; "
                  "dump with --default-character-set=utf8mb4",
                  settings_.charset));
}

void SettingTracker::require_straight_rows() const {
  if (settings_.charset == "binary" ||
      same_charset(settings_.charset, settings_.connection_charset))
    return;
  refuse(fmt::format("rows in the character set {} that pass through {}", settings_.charset,
                     settings_.connection_charset));
}

std::string_view mode_of_other_grammar(std::string_view sql_mode) {
  // EMPTY_STRING_IS_NULL changes what '' is. The combined modes of old servers (ansi, oracle,
  // mssql, db2, maxdb, postgresql) hold ANSI_QUOTES.
  constexpr std::array<std::string_view, 9> modes{"ansi_quotes",
                                                  "no_backslash_escapes",
                                                  "empty_string_is_null",
                                                  "ansi",
                                                  "oracle",
                                                  "mssql",
                                                  "db2",
                                                  "maxdb",
                                                  "postgresql"};
  const std::string given = "," + to_lower(sql_mode) + ",";
  for (const auto mode : modes) {
    if (given.find("," + std::string(mode) + ",") != std::string::npos) return mode;
  }
  return {};
}

bool same_charset(std::string_view left, std::string_view right) {
  const auto canonical = [](std::string_view charset) {
    return charset == "utf8" ? std::string_view("utf8mb3") : charset;
  };
  return canonical(left) == canonical(right);
}

}  // namespace pipeline::dump
