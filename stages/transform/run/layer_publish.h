// Publishes what was built and tested of a layer.
#pragma once

#include <functional>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/publish/publication.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/layer_vault.h"
#include "stages/transform/run/node_builder.h"

namespace pipeline::dbt {

/// One run's publishes. `publisher` holds the run's locks; `markers` is kept up to date.
class LayerPublisher {
 public:
  LayerPublisher(const LayerRunRequest& request, const LayerRunPorts& ports, const LayerPlan& plan,
                 Connection& publisher, LayerMarkers& markers)
      : request_(request), ports_(ports), plan_(plan), publisher_(publisher), markers_(markers) {}

  /// Tables that are changed in place, and what changes them.
  struct InPlace {
    std::vector<TableName> tables = {};
    std::function<void()> commit = [] {};  // called right before the RENAME; may throw
  };

  /// Failed data tests in spite of which it is published, and who says so.
  struct Despite {
    std::vector<std::string> failed_tests = {};
    /// configuration: nobody was asked, so the run must tell (PublishPlan::failed_tests).
    enum class By { configuration, person } by = By::configuration;
    std::string reason = {};
  };

  /// How the journal says that it was published in spite of tests for `reason`; the tests follow.
  static std::string words_of(const std::string& reason);

  /// Writes what is about to be published into the vault, then swaps the candidates of the plan and
  /// the markers in by one RENAME; tells the output
  /// generation, nothing_new, backups, tables_renamed, views_after_rename, rename_ms,
  /// publish_attempts. `context` is the session and the state in which the candidates were built.
  /// Throws as publish::publish().
  void publish(const BuildContext& context, LayerVault& vault, const InPlace& in_place,
               const Despite& despite);

  /// Publishes the marker once more, alone and with the same generation: its on-run-end hooks are
  /// done. Throws lock_contention if it could not be swapped.
  void publish_hooks_done(Connection& builder);

 private:
  publish::Marker next_marker(const std::string& schema, const Compiler& compiler);
  publish::Publication publication(const BuildContext& context, const Despite& despite);
  publish::PublisherOptions options() const;
  void tell(const publish::PublishReport& report) const;

  const LayerRunRequest& request_;
  const LayerRunPorts& ports_;
  const LayerPlan& plan_;
  Connection& publisher_;
  LayerMarkers& markers_;
};

}  // namespace pipeline::dbt
