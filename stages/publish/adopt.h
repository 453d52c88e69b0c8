// Takes tables that another program made into the records, without touching them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"
#include "stages/publish/restore.h"

namespace pipeline::publish {

/// What another program or a person left beside a table.
struct Leftover {
  enum class Kind {
    dbt_backup,    // <table>__dbt_backup: what dbt had not dropped yet
    dbt_tmp,       // <table>__dbt_tmp: what dbt had not renamed yet
    dated_backup,  // <table>_backup_20260206..., by hand or by the system that was there before
  } kind = Kind::dated_backup;
  std::string of;  // the table that it belongs to
};

/// nullopt for a name that is none of these: whoever made that table may depend on it.
std::optional<Leftover> leftover_of(std::string_view name);

/// "a backup of rooms, not the pipeline's": for people.
std::string text_of(const Leftover& leftover);

/// A schema or a layer as it is to stand in the records.
struct AdoptionOrder {
  /// Schema and marker of each schema that takes part, the main one first; generation 0.
  std::vector<std::pair<std::string, Marker>> markers;
  /// Incremental tables: they hold the marker's date from then on.
  std::vector<TableName> accumulated;
  std::string reason;  // may be empty
};

/// The plan that puts the markers in place and notes the tables; no table is renamed. It goes the
/// way of every other plan: write_markers(), then carry_out(), so that a process killed at any
/// moment leaves an adoption that happened or did not.
Restoration plan_adoption(const AdoptionOrder& order);

/// The date as of which `schema` was adopted; nullopt if it never was.
std::optional<BusinessDate> adopted_as_of(Connection& connection, const std::string& schema);

/// Tables and views of a schema but the marker, by name.
struct Standing {
  std::string name;
  enum class Kind { table, view } kind = Kind::table;
};
std::vector<Standing> relations_of(Connection& connection, const std::string& schema);

}  // namespace pipeline::publish
