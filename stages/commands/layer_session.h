// A command on a layer that already stands: which layer, which table, and a session with its locks.
#pragma once

#include <string>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "common/stage/stage_main.h"
#include "stages/publish/journal.h"
#include "stages/publish/restore.h"
#include "stages/transform/run/open_sessions.h"

namespace pipeline {

/// One of the two transformers.
struct LayerProgram {
  std::string name;   // gold_transformer
  std::string layer;  // unless --layer names another
};

/// Throws config_invalid if pipeline.yaml has no such layer.
const LayerConfig& layer_of(const StageContext& context, const LayerProgram& program);

/// "silver.t" and "t" alike.
TableName table_of(const std::string& text, const LayerConfig& layer);

/// The words that begin a command on `layer`: "silver_transformer", "gold_transformer --layer top".
std::string program_of(const LayerConfig& layer);

/// What a person must type behind a command so that it means this pipeline: " --config FILE", or
/// nothing if this one did without.
std::string config_option(const StageContext& context);

publish::RestoreOrder order_of(const StageContext& context);

/// Which locks a command takes. none: it only looks. own_schemas: those of the layer. as_a_run:
/// those of the layers below and of staging too.
enum class Fence { none, own_schemas, as_a_run };

/// A session of etl_publish. With a fence it holds the locks, what a dead run left is ended, and
/// what it left open is settled (`settled` of the output). SIGTERM ends its statement.
class LayerSession {
 public:
  /// Throws guard_refused if a fence is asked for and the layer was never published;
  /// already_running, lock_contention, and the kinds of the session.
  LayerSession(const StageContext& context, const LayerConfig& layer, Fence fence);

  Connection& connection() { return connection_; }
  publish::PublisherOptions options() const;

 private:
  void take_locks(Fence fence);

  const StageContext& context_;
  const LayerConfig& layer_;
  dbt::OpenSessions sessions_;
  Connection connection_;
  dbt::ListedSession listed_;
  CancelHook end_statements_;
};

}  // namespace pipeline
