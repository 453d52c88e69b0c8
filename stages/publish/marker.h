// The one-row table that says which generation of a schema is live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"

namespace pipeline::publish {

/// The name of the marker table in every published schema and its shadow.
inline constexpr std::string_view marker_table = "pipeline_marker";

/// `schema` + "__next": where candidates live.
std::string shadow_schema(std::string_view schema);

enum class OnRunEnd { none, pending, done };

struct Marker {
  std::uint64_t generation = 0;
  std::uint64_t upstream_generation = 0;  // of the layer read; 0 for staging
  std::string run_id;
  BusinessDate business_date;
  std::string source_object;  // staging: the dump's key
  std::string source_sha256;  // staging: of the object's bytes
  std::string project_hash;   // transformed layers
  OnRunEnd on_run_end = OnRunEnd::none;
  std::string published_at;  // UTC text; set when the candidate is written
};

/// The live marker of `schema`; nullopt if the schema or its marker table does not exist.
std::optional<Marker> read_marker(Connection& connection, std::string_view schema);

/// (Re)makes the marker table in the shadow of `schema` with this one row. The account must have
/// all rights on the shadow.
void write_candidate_marker(Connection& connection, std::string_view schema, const Marker& marker);

}  // namespace pipeline::publish
