// Small pieces of SQL that the files of this room share.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

enum class RelationKind { absent, table, view };

/// What stands under this name, as far as the account may see.
RelationKind relation_kind(Connection& connection, const TableName& name);

/// COUNT(*), exact.
std::uint64_t count_rows(Connection& connection, const TableName& table);

/// The server's number of an error that came from it; 0 if there is none.
unsigned int server_errno(const std::exception& error);

/// A number as the server sends it; 0 for NULL.
std::uint64_t to_number(const std::optional<std::string>& value);

/// "'2026-02-01'" or "NULL"
std::string date_literal(const std::optional<BusinessDate>& date);

}  // namespace pipeline::publish
