#include "stages/transform/run/validation.h"

#include <map>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/run/node_error.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t query_bytes_said_max = 200;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

}  // namespace

bool is_nonzero_number(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t begin = at;
  std::size_t digits = digits_at(text, at);
  at += digits;
  if (at < text.size() && text[at] == '.') {
    const std::size_t more = digits_at(text, ++at);
    digits += more;
    at += more;
  }
  const std::string_view mantissa = text.substr(begin, at - begin);
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size() && mantissa.find_first_of("123456789") != std::string_view::npos;
}

ValidationAnswer ask_validation(Connection& session, const std::string& query, AskWithin within) {
  ValidationAnswer answer;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::optional<std::string> value;
  const auto ask = [&] {
    session.stream(query, [&](Connection::RowView row) {
      columns = row.size();
      if (++rows == 1 && row[0]) value = std::string(*row[0]);
    });
  };
  if (within == AskWithin::open_transaction) {
    ask();
  } else {
    session.execute("START TRANSACTION READ ONLY");
    try {
      ask();
    } catch (...) {
      if (session.alive()) session.execute("ROLLBACK");
      throw;
    }
    session.execute("ROLLBACK");
  }
  if (rows != 1) {
    answer.gave = rows == 0 ? "no row" : fmt::format("{} rows instead of one", rows);
  } else if (columns != 1) {
    answer.gave = fmt::format("{} columns instead of one", columns);
  } else if (!value) {
    answer.gave = "NULL";
  } else {
    const bool number = value->find_first_not_of("+-.0123456789eE") == std::string::npos;
    answer.gave = number ? *value : "a text that is no number";
    if (is_nonzero_number(*value)) answer.holds = ValidationAnswer::Holds::yes;
  }
  return answer;
}

void require_all_hold(Connection& session, const std::vector<ValidationQuery>& queries,
                      AskWithin within, Json& output) {
  if (queries.empty()) return;
  const Json* before = output.find("validations");
  Json told = before == nullptr ? Json::array() : *before;
  std::vector<std::string> failed;
  std::map<const Node*, std::uint64_t> numbers;
  for (const auto& [node, query] : queries) {
    const std::uint64_t number = ++numbers[node];
    const std::string name = fmt::format("validation {} of {}", number, node->unique_id);
    ValidationAnswer answer;
    try {
      answer = ask_validation(session, query, within);
    } catch (const Error& error) {
      const Place place{.file = fmt::format("{}: {}", node->place.file, name), .line = 0};
      throw node_error(error, *node, place);
    }
    const bool holds = answer.holds == ValidationAnswer::Holds::yes;
    Json item = Json::object();
    item.set("unique_id", node->unique_id);
    item.set("number", number);
    item.set("passed", holds);
    item.set("gave", answer.gave);
    told.push_back(std::move(item));
    if (holds) continue;
    failed.push_back(fmt::format("{} ({}) gave {}: {}", name, node->place.file, answer.gave,
                                 head(trim(query), query_bytes_said_max)));
  }
  output.set("validations", std::move(told));
  if (failed.empty()) return;
  throw Error(ErrorKind::data_test_failed,
              fmt::format("{}; nothing was published", join(failed, "; ")));
}

void require_valid(const BuildContext& context, const std::vector<const Node*>& nodes,
                   Json& output) {
  const CompileRequest request{
      .naming = Naming::shadow, .run = &context.state, .warehouse = &context.warehouse};
  std::vector<ValidationQuery> queries;
  for (const Node* node : nodes) {
    for (auto& query : context.compiler.compile_validations(*node, request)) {
      queries.push_back({.node = node, .query = std::move(query)});
    }
  }
  require_all_hold(context.session, queries, AskWithin::own_transaction, output);
}

}  // namespace pipeline::dbt
