// What a dump reader says of a dump, as text: for golden files and for comparing two readings.
#pragma once

#include <string>

#include "stages/staging/dump/dump_reader.h"

namespace pipeline::dump {

/// Every event and row to the end, one or more lines each; last the error that ended the reading,
/// if one did. `again` is the same text once more, for keys that stand behind rows.
std::string events_of(ByteSource& source, const DumpReaderOptions& options,
                      ByteSource* again = nullptr);

}  // namespace pipeline::dump
