// Keys that a dump adds behind its rows, found before the rows are read.
#pragma once

#include <functional>

#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// If `reader`, which stands at the beginning of `dump`, may meet such keys: reads the whole dump
/// from `store` once before, and lets the reader know them. `check_cancelled` is called between
/// pieces, and may throw. Throws what reading throws.
void know_keys_early(dump::DumpReader& reader, ObjectStore& store, const StoredDump& dump,
                     const dump::DumpReaderOptions& options,
                     const std::function<void()>& check_cancelled);

}  // namespace pipeline
