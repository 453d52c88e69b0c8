#include "stages/staging/dump/keys_behind_rows.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/staging/dump/sql_lexer.h"
#include "stages/staging/dump/table_definition.h"

// phpMyAdmin creates a table without keys, writes its rows, and adds keys at the end of the file. A
// loader that knows them from the beginning makes the same table in one step, and all that is
// judged of a definition is judged of them too. So the file is read twice: once for these
// statements, once for all others.

namespace pipeline::dump {
namespace {

using Tokens = std::span<const Token>;

/// The index of the ")" that closes the "(" at `open`; tokens.size() if none does.
std::size_t closing(Tokens tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < tokens.size(); ++at) {
    if (tokens[at].is('(')) ++depth;
    if (tokens[at].is(')') && --depth == 0) return at;
  }
  return tokens.size();
}

/// The pieces between commas that stand in no parentheses.
std::vector<Tokens> pieces(Tokens tokens) {
  std::vector<Tokens> found;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= tokens.size(); ++at) {
    if (at < tokens.size() && tokens[at].is('(')) ++depth;
    if (at < tokens.size() && tokens[at].is(')')) --depth;
    if (at < tokens.size() && !(tokens[at].is(',') && depth == 0)) continue;
    found.push_back(tokens.subspan(begin, at - begin));
    begin = at + 1;
  }
  return found;
}

std::string text_of(std::string_view statement, Tokens tokens) {
  const std::size_t begin = tokens.front().offset;
  return std::string(statement.substr(begin, tokens.back().end_offset() - begin));
}

bool begins(Tokens tokens, std::initializer_list<std::string_view> words) {
  std::size_t at = 0;
  for (const auto word : words) {
    if (at == tokens.size() || !tokens[at].is(word)) return false;
    ++at;
  }
  return true;
}

// [PRIMARY|UNIQUE|FULLTEXT|SPATIAL] KEY [name] (...) ..., behind ADD.
bool is_key(Tokens tokens) {
  if (begins(tokens, {"PRIMARY"}) || begins(tokens, {"UNIQUE"}) || begins(tokens, {"FULLTEXT"}) ||
      begins(tokens, {"SPATIAL"})) {
    tokens = tokens.subspan(1);
  }
  return (begins(tokens, {"KEY"}) || begins(tokens, {"INDEX"})) && is_usual_key(tokens);
}

bool is_foreign_key(Tokens tokens) {
  return tokens.size() > 4 && tokens[0].is("CONSTRAINT") && tokens[1].kind == Token::Kind::name &&
         tokens[2].is("FOREIGN") && tokens[3].is("KEY");
}

bool is_counting_column(Tokens tokens) {
  return tokens.size() > 2 && tokens[0].kind == Token::Kind::name &&
         std::ranges::any_of(tokens, [](const Token& one) { return one.is("AUTO_INCREMENT"); });
}

bool is_balanced(Tokens tokens) {
  int depth = 0;
  for (const auto& token : tokens) {
    if (token.is('(')) ++depth;
    if (token.is(')') && --depth < 0) return false;
  }
  return depth == 0;
}

// False if the clause is none of those that phpMyAdmin writes.
bool add_clause(std::string_view statement, Tokens clause, KeysBehindRows& keys) {
  if (clause.empty() || !is_balanced(clause)) return false;
  const Tokens rest = clause.subspan(1);
  if (clause[0].is("ADD") && (is_key(rest) || is_foreign_key(rest))) {
    keys.items.push_back(text_of(statement, rest));
    return true;
  }
  if (clause[0].is("MODIFY") && is_counting_column(rest)) {
    keys.columns.emplace_back(unquote_name(rest[0]), text_of(statement, rest));
    return true;
  }
  if (clause.size() == 3 && clause[0].is("AUTO_INCREMENT") && clause[1].is('=') &&
      std::ranges::all_of(clause[2].text, [](char byte) { return byte >= '0' && byte <= '9'; })) {
    keys.auto_increment = clause[2].text;
    return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> add_keys_behind_rows(std::string_view statement, KeysByTable& keys) {
  const std::vector<Token> tokens = tokenize(statement);
  const auto conditional = [](const Token& token) {
    return token.conditional == Token::Conditional::yes;
  };
  constexpr std::size_t head_tokens = 3;
  if (tokens.size() <= head_tokens || std::ranges::any_of(tokens, conditional) ||
      !begins(tokens, {"ALTER", "TABLE"}) || tokens[2].kind != Token::Kind::name) {
    return {};
  }
  const std::string table = unquote_name(tokens[2]);
  const auto found = keys.find(table);
  KeysBehindRows added = found == keys.end() ? KeysBehindRows() : found->second;
  for (const Tokens clause : pieces(Tokens(tokens).subspan(head_tokens))) {
    if (!add_clause(statement, clause, added)) return {};
  }
  keys[table] = std::move(added);
  return table;
}

std::string with_keys(std::string_view statement, const KeysBehindRows& keys) {
  const std::vector<Token> tokens = tokenize(statement);
  const auto is_open = [](const Token& token) { return token.is('('); };
  const auto open =
      static_cast<std::size_t>(std::ranges::find_if(tokens, is_open) - tokens.begin());
  const std::size_t close = closing(tokens, open);
  if (close >= tokens.size()) {
    throw Error(ErrorKind::dump_refused, "a CREATE TABLE without columns");
  }
  std::string text(statement.substr(0, tokens[open].end_offset()));
  std::vector<std::string> items;
  std::size_t changed = 0;
  for (const Tokens item : pieces(Tokens(tokens).subspan(open + 1, close - open - 1))) {
    if (item.empty()) throw Error(ErrorKind::dump_refused, "a CREATE TABLE with an empty item");
    const auto column = std::ranges::find_if(keys.columns, [&](const auto& one) {
      return item[0].names_something() && unquote_name(item[0]) == one.first;
    });
    if (column != keys.columns.end()) ++changed;
    items.push_back(column != keys.columns.end() ? column->second : text_of(statement, item));
  }
  if (changed != keys.columns.size()) {
    throw Error(ErrorKind::dump_refused,
                "an ALTER TABLE of a column that the table lacks, or changes twice");
  }
  items.insert(items.end(), keys.items.begin(), keys.items.end());
  text += "\n  " + join(items, ",\n  ") + "\n)";
  if (keys.auto_increment) text += " AUTO_INCREMENT=" + *keys.auto_increment;
  text += statement.substr(tokens[close].end_offset());
  return text;
}

}  // namespace pipeline::dump
