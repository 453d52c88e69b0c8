// A number that tells whether two tables hold the same rows.
#pragma once

#include <string>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// "crc:3141592653" or, for a table with generated columns, "values:17/2718281828/1414213562".
/// Equal tables of the same columns give the same text on one server, in whatever order their rows
/// lie; unequal ones another, but for accidents. Reads the whole table, more slowly where it has
/// generated columns.
std::string content_checksum(Connection& connection, const TableName& table);

/// What the records hold as a checksum, or nothing where it cannot be compared: earlier versions
/// wrote "rows:17/..." for tables with generated columns, of numbers that were rounded.
std::string comparable_checksum(std::string recorded);

}  // namespace pipeline::publish
