#include "common/aws/credential_process.h"

#include <unistd.h>

#include <fmt/core.h>

#include "common/aws/credential_answers.h"
#include "common/aws/shared_config.h"
#include "common/base/error.h"
#include "common/process/child_process.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t output_bytes_max = 64U << 10U;

std::vector<std::string> whole_environment() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  return all;
}

}  // namespace

Credentials run_credential_process(const std::string& command, std::chrono::milliseconds time_limit,
                                   std::stop_token stop) {
  const auto words = command_words(command);
  if (!words || words->empty()) {
    throw Error(ErrorKind::config_invalid,
                "credential_process is no command, or leaves a quote open");
  }
  ChildOptions child;
  child.argv = *words;
  child.environment = whole_environment();
  child.output = ChildOptions::Output::captured;
  child.captured_bytes_max = output_bytes_max;
  child.time_limit = time_limit;
  child.grace = std::chrono::seconds(1);
  const ChildResult result = run_child(
      child, [](pid_t) {}, std::move(stop));
  // Only the program's name: an argument may be a key.
  const std::string& program = words->front();
  if (result.stopped_by == ChildResult::StoppedBy::request) {
    throw Error(ErrorKind::cancelled, fmt::format("credential_process {} was stopped", program));
  }
  if (result.stopped_by == ChildResult::StoppedBy::time_limit) {
    throw Error(ErrorKind::timed_out, fmt::format("credential_process {} did not end within {} ms",
                                                  program, time_limit.count()));
  }
  if (!result.succeeded()) {
    throw Error(ErrorKind::access_denied,
                fmt::format("credential_process {}: {}", program, result.text()));
  }
  if (result.captured == ChildResult::Captured::cut) {
    throw Error(
        ErrorKind::access_denied,
        fmt::format("credential_process {} prints more than {} bytes", program, output_bytes_max));
  }
  try {
    return parse_json_credentials(result.output, JsonAnswer::process);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("credential_process {}: {}", program, error.message()));
  }
}

}  // namespace pipeline::aws
