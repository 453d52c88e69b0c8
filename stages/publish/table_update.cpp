#include "stages/publish/table_update.h"

#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/plan.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

/// The publish that built a version, and those that built what it was made from.
std::set<std::uint64_t> ancestry(const std::map<std::uint64_t, std::uint64_t>& made_from,
                                 std::uint64_t version) {
  std::set<std::uint64_t> known;
  while (version != 0 && known.insert(version).second) {
    const auto before = made_from.find(version);
    version = before == made_from.end() ? 0 : before->second;
  }
  return known;
}

}  // namespace

TableUpdate read_update(Connection& connection, std::uint64_t publish_id) {
  const auto found = connection.query(
      fmt::format("SELECT plan FROM pipeline.publish_journal WHERE publish_id = {}", publish_id));
  if (!found.rows.empty()) {
    const auto plan = PublishPlan::from_json(Json::parse(found.rows.front()[0].value_or("")));
    if (plan.update) {
      return {.publish_id = publish_id,
              .run_id = plan.run_id,
              .reason = plan.reason,
              .update_query = plan.update->update_query,
              .validation_query = plan.update->validation_query};
    }
  }
  throw Error(ErrorKind::internal,
              fmt::format("the journal does not tell what publish {} changed", publish_id));
}

std::vector<TableUpdate> updates_between(Connection& connection, const TableName& live,
                                         std::uint64_t from, std::uint64_t to) {
  std::vector<TableUpdate> updates;
  const auto noted = connection.query(fmt::format(
      "SELECT publish_id FROM pipeline.published_table WHERE schema_name = {} AND "
      "table_name = {} AND how = {} ORDER BY publish_id",
      quote_text(live.schema), quote_text(live.table), quote_text(word_of(Origin::updated))));
  if (noted.rows.empty()) return updates;
  std::map<std::uint64_t, std::uint64_t> made_from;
  for (const auto& backup : list_all_backups(connection, {.live = live})) {
    if (backup.kind == BackupKind::swapped_out) made_from[backup.publish_id] = backup.built_by;
  }
  const auto has = ancestry(made_from, from);
  const auto lacks_not = ancestry(made_from, to);
  for (const auto& row : noted.rows) {
    const std::uint64_t publish_id = to_number(row[0]);
    if (!has.contains(publish_id) || lacks_not.contains(publish_id)) continue;
    updates.push_back(read_update(connection, publish_id));
  }
  return updates;
}

}  // namespace pipeline::publish
