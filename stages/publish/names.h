// Names that a publish makes: in the shadow, aside, and of backups.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// Ends of names that stand in the live schema or the shadow for a moment only.
inline constexpr std::string_view beside_suffix = "__next";
inline constexpr std::string_view aside_suffix = "__old";
inline constexpr std::string_view swap_suffix = "__swap";

/// `name` + `suffix`, the name shortened by a hash where both do not fit 64 characters.
std::string with_suffix(std::string_view name, std::string_view suffix);

/// Where the candidate of `live` stands.
TableName in_shadow(const TableName& live);

/// "_backup_20260202_070501" of this instant in Tokyo, moved on by seconds until no table of
/// `schemas` ends with it and none ever did: a clock that was set back gives no name twice.
std::string backup_suffix(Connection& session, const std::vector<std::string>& schemas,
                          std::chrono::system_clock::time_point now);

/// `table` + `suffix`, with tables over 41 characters shortened by a hash so that the name fits 64.
std::string backup_name(std::string_view table, std::string_view suffix);

}  // namespace pipeline::publish
