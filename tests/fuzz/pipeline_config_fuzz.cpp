// pipeline.yaml: every text gives a configuration that is whole, or a refusal with its place.
#include "common/stage/pipeline_config.h"
#include "tests/fuzz/fuzz.h"

namespace pipeline {
namespace {

void read(std::string_view text) {
  const PipelineConfig config = parse_pipeline_config(text, "/etc/nightly-pipeline/pipeline.yaml");
  require(config.source.poll_interval >= std::chrono::seconds(1), "polling takes breath");
  require(config.transform.threads >= 1, "there is a thread");
  require(config.backups.keep_days >= 0, "days are no negative number");
  require(config.warehouse.port > 0 && config.warehouse.port < 65536, "a port is a port");
}

}  // namespace
}  // namespace pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const std::string refusal = fuzz::refusal_of([&] { read(fuzz::text_of(data, size)); });
  require(refusal.empty() || refusal.find("pipeline.yaml") != std::string::npos,
          "a refusal names the file");
  return 0;
}
