// What safety costs: publishing, backups, restores, and the vault's growth.
#pragma once

#include <string>

#include "bench/e2e/warehouse.h"

namespace pipeline::bench {

/// Two days of the bundled project with a vault; then its largest protected table is backed up and
/// restored, each `settings.runs` times. A table in Markdown.
std::string safety(Warehouse& house, const Settings& settings);

}  // namespace pipeline::bench
