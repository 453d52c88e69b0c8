// What those who read the data see: the markers at warehouse.consumers_endpoint against the
// pipeline's own.
#pragma once

#include <string>
#include <vector>

#include "common/stage/stage_main.h"

namespace pipeline {

/// Reads the markers of `schemas` where the pipeline writes and at warehouse.consumers_endpoint,
/// and waits for a replica that is behind, wait_seconds at most. Fills "consumers" of the output.
/// Does nothing if there is no such endpoint. Throws wrong_database that names schema, endpoint and
/// both generations; the kinds of Connection::open for the endpoint; what is published stays so.
void require_consumers_see(const StageContext& context, const std::vector<std::string>& schemas);

}  // namespace pipeline
