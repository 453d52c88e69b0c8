// Pours a dump into the shadow schema, table by table, as it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/staging/dump/dump_reader.h"

namespace pipeline {

struct LoadedTable {
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t warnings = 0;  // of the server, about values
  std::vector<std::string> taken_off;
};

struct LoadedDump {
  std::vector<LoadedTable> tables;   // in the dump's order, those without rows too
  std::vector<std::string> skipped;  // "view `v`"
  std::uint64_t rows = 0;
  std::uint64_t text_bytes = 0;  // uncompressed
};

/// The dialect that a server speaks, for the dump's conditional comments.
dump::Dialect dialect_of(const Connection& session);

/// Drops every table and view of the shadow schema: all that stands there is the loader's.
void empty_shadow(Connection& session, const std::string& schema);

struct ShadowLoadOptions {
  std::string shadow;  // the schema to fill
  /// Throws to end the load; called often.
  std::function<void()> check_cancelled = [] {};
};

/// Creates and fills all tables of `dump` in the empty shadow. The session must allow LOAD DATA
/// with its own handler; it is given the dump's time zone and sql_mode. Returns after the dump was
/// read to its good end. Throws what the dump throws; dump_corrupt if rows collide on a unique key,
/// which LOAD DATA would only warn of; sql_rejected with the table's name for what the server
/// refuses. On an error the shadow is left half-filled.
LoadedDump load_into_shadow(Connection& session, dump::DumpReader& dump,
                            const ShadowLoadOptions& options);

}  // namespace pipeline
