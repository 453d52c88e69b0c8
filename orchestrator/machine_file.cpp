#include "orchestrator/machine_file.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "orchestrator/tasks/process_task_runner.h"

namespace pipeline {
namespace {

constexpr std::size_t machine_bytes_max = 16U << 20U;

std::string read_machine_text(const std::string& path, bool given) {
  try {
    return read_file(path, machine_bytes_max);
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("no state machine: {}; {}", error.message(),
                            given ? "the command line names it"
                                  : "orchestrator.state_machine in pipeline.yaml names it"));
  }
}

/// What the definition asks for and this installation does not have.
void add_doubts(const asl::StateMachine& machine, const MachineFileOptions& options,
                std::vector<std::string>& errors) {
  asl::for_each_state(machine, [&](const asl::State& state) {
    const auto* task = std::get_if<asl::Task>(&state.kind);
    if (task == nullptr) return;
    if (!task->heartbeat_where.empty()) {
      errors.push_back(fmt::format(
          "{}: heartbeats are not supported yet: no process sends any; TimeoutSeconds bounds it",
          task->heartbeat_where));
    }
    auto doubt = doubt_about_resource(task->resource, options.config);
    if (!doubt) doubt = doubt_about_program(task->resource, options.config, options.program_folder);
    if (doubt) errors.push_back(fmt::format("{}: {}", task->resource_where, *doubt));
  });
}

}  // namespace

MachineFile look_at_machine(const MachineFileOptions& options) {
  MachineFile file;
  file.path = options.given.value_or(options.config.orchestrator.state_machine);
  const std::string text = read_machine_text(file.path, options.given.has_value());
  asl::Reading reading = asl::read_definition(asl::parse_document(text, file.path));
  for (const auto& finding : reading.findings) {
    const bool error = finding.severity == asl::Finding::Severity::error;
    (error ? file.errors : file.warnings).push_back(finding.text());
  }
  if (!reading.machine) return file;
  add_doubts(*reading.machine, options, file.errors);
  file.definition = asl::Definition{.machine = *std::move(reading.machine),
                                    .text = text,
                                    .sha256 = sha256_hex(text),
                                    .warnings = {}};
  return file;
}

void require_valid(const MachineFile& file) {
  if (file.errors.empty()) return;
  const std::size_t more = file.errors.size() - 1;
  throw Error(ErrorKind::config_invalid,
              more == 0 ? file.errors.front()
                        : fmt::format("{}; and {} more: `orchestrator validate {}` lists them",
                                      file.errors.front(), more, file.path));
}

}  // namespace pipeline
