#include "stages/transform/compile/artifact_metadata.h"

#include <fmt/core.h>

#include "common/base/clock.h"

namespace pipeline::dbt {

Json artifact_metadata(const ArtifactFacts& facts, std::string_view schema) {
  Json env = Json::object();
  for (const auto& [name, value] : facts.env) env.set(name, value);
  Json metadata = Json::object();
  metadata.set("dbt_schema_version", fmt::format("https://schemas.getdbt.com/dbt/{}.json", schema));
  metadata.set("dbt_version", dbt_version);
  metadata.set("generated_at", format_utc(facts.generated_at));
  metadata.set("invocation_id", facts.invocation_id);
  metadata.set("env", std::move(env));
  return metadata;
}

}  // namespace pipeline::dbt
