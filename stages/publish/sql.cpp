#include "stages/publish/sql.h"

#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::publish {

RelationKind relation_kind(Connection& connection, const TableName& name) {
  const auto type = connection.query_value(
      fmt::format("SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
                  "TABLE_NAME = {}",
                  quote_text(name.schema), quote_text(name.table)));
  if (!type) return RelationKind::absent;
  return *type == "VIEW" ? RelationKind::view : RelationKind::table;
}

std::uint64_t count_rows(Connection& connection, const TableName& table) {
  return to_number(connection.query_value("SELECT COUNT(*) FROM " + table.quoted()));
}

unsigned int server_errno(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (ours == nullptr) return 0;
  const auto text = ours->context_value("errno");
  unsigned int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t to_number(const std::optional<std::string>& value) {
  std::uint64_t number = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), number);
  return number;
}

std::string date_literal(const std::optional<BusinessDate>& date) {
  return date ? "'" + date->iso() + "'" : "NULL";
}

}  // namespace pipeline::publish
