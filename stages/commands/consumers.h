// What those who read the data see: the markers at warehouse.consumers_endpoint against the
// pipeline's own.
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/stage/stage_main.h"

namespace pipeline {

/// A session there, which pipeline.yaml has: asked for no fingerprint. Throws as account_options().
ConnectionOptions consumers_options(const PipelineConfig& config);

/// Throws wrong_database if both show a fingerprint, and not the same.
void require_same_warehouse(Connection& here, Connection& there);

/// Reads the markers of `schemas` where the pipeline writes and at warehouse.consumers_endpoint,
/// and waits for a replica that is behind, wait_seconds at most. Fills "consumers" of the output.
/// Does nothing if there is no such endpoint. Throws wrong_database that names schema, endpoint and
/// both generations; the kinds of Connection::open for the endpoint; what is published stays so.
void require_consumers_see(const StageContext& context, const std::vector<std::string>& schemas);

}  // namespace pipeline
