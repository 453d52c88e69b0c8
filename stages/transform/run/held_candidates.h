// What a run leaves in the shadow when its tests failed and nothing else: candidates that a person
// may still publish (publish --despite-tests).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "stages/transform/run/layer_plan.h"

namespace pipeline::dbt {

/// The table in the shadow of a layer's main schema that says so. It is swept with the candidates.
inline constexpr std::string_view held_table = "pipeline_held";

struct HeldCandidates {
  std::string run_id;
  std::string project_hash;  // LayerPlan::hash
  bool full_refresh = false;
  std::vector<std::string> nodes;            // unique_ids of the candidates
  std::map<std::string, std::string> bases;  // what candidates began as, by unique_id
  /// Markers that were read, with their generations.
  std::map<std::string, std::uint64_t> seen;
  std::vector<std::string> failed_tests;  // for people
  /// candidate_looks() behind the tests.
  std::map<std::string, std::string> looks = {};
  std::string published_by = {};  // the last run that began to publish them; empty: none

  Json to_json() const;
  static HeldCandidates from_json(const Json& document);
};

/// Of each candidate that is a table, by unique_id, a text that changes with its rows and with its
/// definition. Reads them whole; `throw_if_cancelled` is called before each.
std::map<std::string, std::string> candidate_looks(Connection& builder, const LayerPlan& plan,
                                                   const std::function<void()>& throw_if_cancelled);

/// `schema` is the layer's main schema.
void write_held(Connection& builder, const std::string& schema, const HeldCandidates& held);

/// In what the shadows of the plan are not as the tests of `held` saw them: a candidate that is
/// gone or was written to, a marker that is not of the run that began to publish them. One
/// sentence. Empty: nothing.
std::string difference_in_shadow(Connection& builder, const LayerPlan& plan,
                                 const HeldCandidates& held,
                                 const std::function<void()>& throw_if_cancelled);

/// Notes that `run_id` is about to publish `held`: behind this a marker in the shadows is of that
/// run, and a live one says that they are published. The first of `schemas` is the main one.
void claim_held(Connection& builder, const std::vector<std::string>& schemas, HeldCandidates held,
                const std::string& run_id);

/// nullopt if no run left any there.
std::optional<HeldCandidates> read_held(Connection& session, const std::string& schema);

/// In what `now` is not what `held` was made of: one sentence, with what to do. Empty: nothing.
std::string difference_from_held(const HeldCandidates& held, const HeldCandidates& now);

}  // namespace pipeline::dbt
