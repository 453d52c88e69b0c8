// What one publish of twenty tables costs, without the build before it.
#pragma once

#include <string>

#include "bench/e2e/warehouse.h"

namespace pipeline::bench {

/// Publishes twenty tables of a thousand rows settings.runs times, each first without and then with
/// backups of all of them, as etl_publish on a house that was just reset. Returns a table in
/// Markdown: the whole publish, and its RENAME alone.
std::string publish_of_twenty(Warehouse& house, const Settings& settings);

}  // namespace pipeline::bench
