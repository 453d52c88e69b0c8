// Which warehouse this host writes to: the fingerprint that is recorded once and asked of every
// session.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/mariadb/connection.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The warehouse that was met first, or that pipeline.yaml names.
struct KnownTarget {
  std::string fingerprint;
  std::string server;  // it was met at; empty: pipeline.yaml names it
  std::string origin;  // the file with the record, or the key of pipeline.yaml
};

/// Where the record lies: STATE_DIR/target.json.
std::string target_path(const PipelineConfig& config);

/// nullopt: this host has not met a warehouse yet. Throws config_invalid for a record that cannot
/// be understood, and the kinds of file_error.
std::optional<KnownTarget> known_target(const PipelineConfig& config);

/// pipeline.target of the session's server.
struct Fingerprint {
  enum class Is {
    there,
    absent,  // no such table, or no row
    hidden,  // the account may not read it
  } is = Is::absent;
  std::string text;  // if it is there
};
Fingerprint fingerprint_of(Connection& session);

/// What ConnectionOptions::require_fit asks of a session: that its server holds the fingerprint of
/// the known target. The first server that is met is recorded, if the state folder takes it. A
/// fingerprint that the account may not read, or that is missing where the known one was met, is
/// left to those who look for rights and records. Throws wrong_database, with both fingerprints and
/// both servers, and config_invalid as known_target(), which is asked at the first session.
std::function<void(Connection&)> require_known_target(const PipelineConfig& config);

/// Makes the server of this session the known target, whatever was known before. Throws
/// wrong_database if it has no fingerprint, config_invalid if pipeline.yaml names another.
KnownTarget accept_target(const PipelineConfig& config, Connection& session);

}  // namespace pipeline
