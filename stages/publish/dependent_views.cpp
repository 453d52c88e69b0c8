#include "stages/publish/dependent_views.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::publish {

std::vector<TableName> readable_views_over(Connection& connection,
                                           const std::vector<TableName>& tables) {
  std::set<TableName> views;
  for (const auto& table : tables) {
    const auto found = connection.query(fmt::format(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.VIEWS WHERE LOCATE({}, "
        "VIEW_DEFINITION) > 0",
        quote_text(table.quoted())));
    for (const auto& row : found.rows) views.insert({row[0].value_or(""), row[1].value_or("")});
  }
  std::vector<TableName> all(views.begin(), views.end());
  const auto broken = unreadable(connection, all);
  std::erase_if(
      all, [&](const TableName& view) { return std::ranges::find(broken, view) != broken.end(); });
  return all;
}

std::vector<TableName> unreadable(Connection& connection, const std::vector<TableName>& views) {
  std::vector<TableName> broken;
  for (const auto& view : views) {
    try {
      connection.query("SELECT 1 FROM " + view.quoted() + " LIMIT 0");
    } catch (const Error&) {
      if (!connection.alive()) throw;
      broken.push_back(view);
    }
  }
  return broken;
}

}  // namespace pipeline::publish
