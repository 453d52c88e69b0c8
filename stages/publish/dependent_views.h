// Views that read a table, and whether they can be read.
#pragma once

#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// The views whose text names one of `tables`, as far as the account may see them, and that can be
/// read now. A view over such a view is not among them.
std::vector<TableName> readable_views_over(Connection& connection,
                                           const std::vector<TableName>& tables);

/// Those of `views` that cannot be read: a table lacks what they name.
std::vector<TableName> unreadable(Connection& connection, const std::vector<TableName>& views);

}  // namespace pipeline::publish
