#include "stages/transform/run/transaction_sql.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/transform/run/sql_text.h"

namespace pipeline::dbt {
namespace {

constexpr std::array<std::string_view, 7> statements_taken{"insert", "update", "delete", "replace",
                                                           "select", "with",   "do"};
constexpr std::size_t sql_bytes_said_max = 200;

bool is_variable(const SqlWord& word) {
  return word.kind == SqlWord::Kind::bare && word.text.starts_with("@") &&
         !word.text.starts_with("@@");
}

/// "SET @a = 1, @b = (SELECT ...)": no assignment of anything else.
bool sets_variables_only(const std::vector<SqlWord>& words) {
  int depth = 0;
  bool at_target = true;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (at_target && !is_variable(words[i])) return false;
    at_target = false;
    if (words[i].kind != SqlWord::Kind::symbol) continue;
    if (words[i].text == "(") ++depth;
    if (words[i].text == ")") --depth;
    if (words[i].text == "," && depth == 0) at_target = true;
  }
  return words.size() > 1 && !at_target;
}

/// Without semicolons at the end.
std::vector<SqlWord> words_of_one(std::string_view sql) {
  auto words = words_of(sql);
  while (!words.empty() && words.back().text == ";") words.pop_back();
  return words;
}

bool holds_several(const std::vector<SqlWord>& words) {
  return std::ranges::any_of(words, [](const SqlWord& word) {
    return word.kind == SqlWord::Kind::symbol && word.text == ";";
  });
}

}  // namespace

std::optional<std::string> cannot_stand_in_transaction(std::string_view sql) {
  for (const auto& statement : statements_of_hook(sql)) {
    const auto words = words_of(statement);
    const std::string first = to_lower(words.front().text);
    const bool bare = words.front().kind == SqlWord::Kind::bare;
    const bool taken = bare && std::ranges::find(statements_taken, first) != statements_taken.end();
    if (taken || (bare && first == "set" && sets_variables_only(words))) continue;
    return fmt::format(
        "only INSERT, UPDATE, DELETE, REPLACE, SELECT, WITH, DO and SET of @variables "
        "can stand in its transaction, which others may end: {}",
        head(trim(statement), sql_bytes_said_max));
  }
  return {};
}

bool is_query(std::string_view sql) {
  const auto words = words_of_one(sql);
  if (words.empty() || holds_several(words)) return false;
  const std::string first = to_lower(words.front().text);
  return words.front().kind == SqlWord::Kind::bare && (first == "select" || first == "with");
}

}  // namespace pipeline::dbt
