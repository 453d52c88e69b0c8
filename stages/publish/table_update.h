// Changes that people made to single tables (safe_update), as the records know them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// One change that was published.
struct TableUpdate {
  std::uint64_t publish_id = 0;
  std::string run_id;
  std::string reason;  // may be empty
  std::string update_query;
  std::string validation_query;
};

/// From the journal; throws internal if that publish was no change of this kind.
TableUpdate read_update(Connection& connection, std::uint64_t publish_id);

/// The changes that the version of `live` that the publish `from` built has and the one that `to`
/// built lacks, in the order in which they were made. 0: a version that is not known, without any.
std::vector<TableUpdate> updates_between(Connection& connection, const TableName& live,
                                         std::uint64_t from, std::uint64_t to);

}  // namespace pipeline::publish
