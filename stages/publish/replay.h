// What to type so that days come back that a restored table or layer lacks.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"

namespace pipeline::publish {

/// A layer of the pipeline and the words that begin a command on it.
struct LayerCommand {
  std::string schema;   // the main one
  std::string program;  // "silver_transformer", "gold_transformer --layer platinum"
};

struct ReplayRequest {
  std::vector<LayerCommand> layers;  // all, in order
  std::string staging_schema;
  /// Oldest first.
  std::vector<BusinessDate> missing;
  /// The layer that a rollback takes back itself, although its marker does not show it yet; or
  /// none.
  std::string already_back;
};

struct ReplayAdvice {
  std::vector<std::string> commands;  // in order; none if nothing is missing
  std::string obstacle;               // why the days cannot come back in this way; or empty
};

/// The day that staging shows comes back by a run. Earlier ones need every layer back to what it
/// was before the first of them, and staging at the dump of that day; one run then goes through all
/// days. Reads markers and the journal only.
ReplayAdvice replay_advice(Connection& connection, const ReplayRequest& request);

/// The dates after `held` and up to `until` for which runs published the layer whose main schema is
/// `schema`, oldest first.
std::vector<BusinessDate> layer_dates(Connection& connection, const std::string& schema,
                                      BusinessDate held, BusinessDate until);

}  // namespace pipeline::publish
