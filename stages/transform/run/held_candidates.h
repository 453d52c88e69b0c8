// What a run leaves in the shadow when its tests failed and nothing else: candidates that a person
// may still publish (publish --despite-tests).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

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

  Json to_json() const;
  static HeldCandidates from_json(const Json& document);
};

/// `schema` is the layer's main schema.
void write_held(Connection& builder, const std::string& schema, const HeldCandidates& held);

/// nullopt if no run left any there.
std::optional<HeldCandidates> read_held(Connection& session, const std::string& schema);

/// In what `now` is not what `held` was made of: one sentence, with what to do. Empty: nothing.
std::string difference_from_held(const HeldCandidates& held, const HeldCandidates& now);

}  // namespace pipeline::dbt
