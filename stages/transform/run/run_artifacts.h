// manifest.json and run_results.json of one run of a layer, also of one that failed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/compile/manifest.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/node_result.h"
#include "stages/transform/run/run_results.h"

namespace pipeline::dbt {

/// Collects what a run knows of its nodes. `compiler` and `plan` must outlive it.
class RunArtifacts {
 public:
  RunArtifacts(const LayerRunRequest& request, const Compiler& compiler, const LayerPlan& plan,
               Clock& clock);

  Artifacts& files() { return files_; }

  /// Writes the manifest as the project alone makes it, so that one is there however the run ends.
  /// Throws resource_exhausted if the disk is full; another folder that cannot be written is
  /// logged.
  void write_manifest();

  /// Keep the results and give them back. Planned nodes without a result count as skipped.
  const std::vector<NodeResult>& keep_nodes(std::vector<NodeResult> results);
  const std::vector<NodeResult>& keep_tests(std::vector<NodeResult> results);
  /// More of both, behind those that were kept.
  void add(const std::vector<NodeResult>& nodes, const std::vector<NodeResult>& tests);
  void set_publishing(Publishing publishing) { publishing_ = publishing; }
  /// Nothing was to be done: no node has a result.
  void set_nothing_new() { nothing_new_ = true; }

  /// Writes both files. `ended_by` names the error that ended the run; empty: none. Never throws:
  /// what is published stays published, and a failure keeps its own error; what could not be
  /// written is logged.
  void finish(std::string_view ended_by) noexcept;

 private:
  ArtifactFacts facts();
  void write_manifest_of(const CompiledNodes& compiled);
  CompiledNodes compiled_nodes() const;
  std::vector<NodeResult> never_begun(std::string_view ended_by) const;

  const LayerRunRequest& request_;
  const Compiler& compiler_;
  const LayerPlan& plan_;
  Clock& clock_;
  Artifacts files_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::vector<NodeResult> nodes_;
  std::vector<NodeResult> tests_;
  Publishing publishing_ = Publishing::not_begun;
  bool nothing_new_ = false;
};

}  // namespace pipeline::dbt
