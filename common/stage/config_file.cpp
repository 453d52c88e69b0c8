#include "common/stage/config_file.h"

#include <cstdlib>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr const char* default_path = "/etc/nightly-pipeline/pipeline.yaml";
constexpr std::size_t config_bytes_max = 16U << 20U;

struct Named {
  std::string path;
  std::string by;  // for messages
};

Named named_config(const CliInvocation& asked) {
  if (const auto given = asked.value("--config")) return {*given, "--config names it"};
  if (const char* variable = std::getenv("PIPELINE_CONFIG")) {
    return {variable, "$PIPELINE_CONFIG names it"};
  }
  return {default_path, "that is the default; name another by --config or $PIPELINE_CONFIG"};
}

}  // namespace

CliOption config_option() {
  return {.name = "--config",
          .value_name = "FILE",
          .help = fmt::format("pipeline.yaml; default $PIPELINE_CONFIG, then {}", default_path)};
}

PipelineConfig read_config_of(const CliInvocation& asked) {
  const auto [path, by] = named_config(asked);
  std::string text;
  try {
    text = read_file(path, config_bytes_max);
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("no configuration: {}; {}", error.message(), by));
  }
  return parse_pipeline_config(text, path);
}

}  // namespace pipeline
