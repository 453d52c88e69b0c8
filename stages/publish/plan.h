// The plan of one publish as it stands in the journal: enough to finish or close it after a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// Format: docs/formats/publish-journal.md.
struct PublishPlan {
  struct Backup {
    TableName live;
    std::string backup_name;
    std::uint64_t rows_before = 0;
    std::uint64_t generation = 0;               // that the backup holds
    std::optional<BusinessDate> business_date;  // that the backup holds
  };
  struct Published {
    TableName live;
    bool had_predecessor = false;
    std::string contents;     // rebuilt, accumulated
    std::string backup_name;  // empty: none
  };
  struct View {
    TableName live;
    std::string select;
  };

  std::string schema;  // the layer's main schema
  std::uint64_t generation = 0;
  std::string run_id;
  BusinessDate business_date;
  std::vector<std::pair<TableName, TableName>> renames;  // in order
  std::vector<Backup> backups;
  std::vector<Published> published;
  std::vector<TableName>
      views_beside;         // <view>__next, to be made in the live schema before the RENAME
  std::string view_schema;  // default schema, sql_mode and collation in which views are made
  std::string view_sql_mode;
  std::string view_collation;
  std::vector<View> views;             // all, to be made with their new columns after it
  std::vector<TableName> drop_tables;  // swapped out and not kept
  std::vector<TableName> drop_views;

  Json to_json() const;
  static PublishPlan from_json(const Json& document);
  /// "RENAME TABLE a TO b, ..."
  std::string rename_statement() const;
};

}  // namespace pipeline::publish
