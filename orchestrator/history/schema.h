// The tables of the run history and the way from every older version to the present one.
#pragma once

#include "orchestrator/history/sqlite.h"

namespace pipeline {

/// Brings the database up to the newest version in one transaction; a database without tables
/// becomes a history. Throws config_invalid for a database that is something else, or that a
/// newer program has written. docs/formats/history.md describes the tables.
void migrate_history(SqliteDatabase& database);

}  // namespace pipeline
