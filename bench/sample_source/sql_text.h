// Writes tables of the sample source as SQL: as statements that make a source database, and as the
// dump that mariadb-dump would make of that database.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "bench/sample_source/source.h"

namespace pipeline::source {

/// Takes pieces of the text in their order.
using Sink = std::function<void(std::string_view)>;

/// SQL that drops, makes and fills the tables, in their order. One row stands on one line.
void write_sql(const Source& source, const std::vector<const TableSpec*>& tables, const Sink& sink);

/// The text of mariadb-dump --single-transaction for a database with these tables. The header's
/// versions and the trailer's time are constants: the dump ends at 05:30 on the date of the source.
void write_dump(const Source& source, const std::vector<const TableSpec*>& tables,
                const Sink& sink);

/// SQL that makes and fills the tables of `staging` that do not come from a dump. Fails where they
/// exist.
void write_staging_extras(const Source& source, const Sink& sink);

}  // namespace pipeline::source
