#include "orchestrator/tasks/process_task_runner.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "common/process/spawn.h"
#include "orchestrator/tasks/task_outcome.h"

namespace pipeline {
namespace {

// A result passes from state to state: the language's service allows 256 KiB, we the same for what
// a command may say.
constexpr std::size_t command_output_bytes_max = 256U << 10U;
constexpr std::size_t file_name_bytes_max = 80;

constexpr std::array<std::pair<std::string_view, Resource::Kind>, 3> kinds{{
    {"stage", Resource::Kind::stage},
    {"command", Resource::Kind::command},
    {"notify", Resource::Kind::notify},
}};

bool may_stand_in_a_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string file_name_of(std::string_view state) {
  std::string name;
  for (const char c : state) name += may_stand_in_a_file_name(c) ? c : '_';
  if (name == state && name.size() <= file_name_bytes_max) return name;
  return name.substr(0, file_name_bytes_max) + "-" + sha256_hex(state).substr(0, 8);
}

void make_folder_of(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Error(ErrorKind::resource_exhausted,
                fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  }
}

TaskRunner::Started with_log(const TaskRunner::Started& started, const std::string& log_path) {
  return [&started, log_path](const TaskStart& start) {
    failpoint("tasks.started");
    started({.pid = start.pid, .log_path = log_path});
  };
}

ChildStarted told_to(const TaskRunner::Started& started) {
  return [&started](pid_t pid) { started({.pid = pid, .log_path = {}}); };
}

constexpr std::array<std::string_view, 3> bundled_stages{"staging_loader", "silver_transformer",
                                                         "gold_transformer"};

template <typename Named>
std::optional<std::string> doubt_about_name(std::string_view what, std::string_view key,
                                            const std::string& name, const Named& known) {
  if (known.contains(name)) return {};
  std::vector<std::string_view> names;
  for (const auto& [known_name, value] : known) names.push_back(known_name);
  const auto near = nearest(name, names);
  return fmt::format("pipeline.yaml has no {} \"{}\" under {}{}", what, name, key,
                     near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
}

}  // namespace

std::optional<Resource> parse_resource(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return {};
  for (const auto& [word, kind] : kinds) {
    if (text.substr(0, colon) == word) {
      return Resource{.kind = kind, .name = std::string(text.substr(colon + 1))};
    }
  }
  return {};
}

std::optional<std::string> doubt_about_resource(std::string_view resource,
                                                const PipelineConfig& config) {
  const auto parsed = parse_resource(resource);
  if (!parsed) {
    return fmt::format("\"{}\" is no resource; use stage:NAME, command:NAME or notify:NAME",
                       resource);
  }
  switch (parsed->kind) {
    case Resource::Kind::stage:
      if (parsed->name.find('/') != std::string::npos) return "a stage's name has no slash";
      return {};
    case Resource::Kind::command:
      return doubt_about_name("command", "orchestrator.commands", parsed->name,
                              config.orchestrator.commands);
    case Resource::Kind::notify:
      return doubt_about_name("alert channel", "alerts", parsed->name, config.alerts);
  }
  return {};
}

std::optional<std::string> doubt_about_program(std::string_view resource,
                                               const PipelineConfig& config,
                                               const std::string& program_folder) {
  const auto parsed = parse_resource(resource);
  if (!parsed) return {};
  const auto& orchestrator = config.orchestrator;
  switch (parsed->kind) {
    case Resource::Kind::stage: {
      const auto why =
          why_not_startable(ProcessTaskRunner::stage_argv(config, program_folder, parsed->name));
      if (!why) return {};
      if (orchestrator.stages.contains(parsed->name)) {
        return fmt::format("the stage \"{}\" cannot be started: {}; orchestrator.stages names it",
                           parsed->name, *why);
      }
      std::vector<std::string_view> known(bundled_stages.begin(), bundled_stages.end());
      for (const auto& [name, stage] : orchestrator.stages) known.emplace_back(name);
      const auto near = nearest(parsed->name, known);
      return fmt::format("there is no stage \"{}\" under orchestrator.stages, nor a program {}{}",
                         parsed->name, *why,
                         near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
    }
    case Resource::Kind::command: {
      const auto why = why_not_startable(orchestrator.commands.at(parsed->name));
      if (!why) return {};
      return fmt::format("the command \"{}\" cannot be started: {}; orchestrator.commands names it",
                         parsed->name, *why);
    }
    case Resource::Kind::notify:
      return {};  // a channel that is down tonight must not stop the load
  }
  return {};
}

std::optional<std::string> why_not_startable(const std::vector<std::string>& argv) {
  if (argv.empty()) return "no program is given";
  const std::string program = find_program(argv.front());
  if (program.empty()) return argv.front() + ": PATH has no such program";
  std::error_code ignored;
  if (std::filesystem::is_directory(program, ignored)) return program + ": is a folder";
  if (::access(program.c_str(), X_OK) == 0) return {};
  return program + ": " + std::generic_category().message(errno);
}

std::string attempt_file(const std::string& state_dir, const TaskRequest& request,
                         std::string_view suffix) {
  return fmt::format("{}/runs/{}/{}-{}.{}", state_dir, request.run_id, file_name_of(request.state),
                     request.attempt, suffix);
}

std::vector<std::string> run_environment(const std::vector<std::string>& names,
                                         const std::string& run_id) {
  return child_environment(names, {"PIPELINE_RUN_ID=" + run_id});
}

std::vector<std::string> ProcessTaskRunner::stage_argv(const PipelineConfig& config,
                                                       const std::string& program_folder,
                                                       const std::string& name) {
  const auto found = config.orchestrator.stages.find(name);
  if (found != config.orchestrator.stages.end() && !found->second.argv.empty()) {
    return found->second.argv;
  }
  return {program_folder + "/" + name};
}

ChildOptions ProcessTaskRunner::child_options(const TaskRequest& request,
                                              const std::string& log_path) const {
  ChildOptions child{.environment = run_environment(options_.environment_names, request.run_id),
                     .log_path = log_path,
                     .grace = options_.grace};
  if (request.timeout) child.time_limit = *request.timeout;
  return child;
}

TaskReport ProcessTaskRunner::run(const TaskRequest& request, const Started& started,
                                  std::stop_token stop) {
  if (const auto doubt = doubt_about_resource(request.resource, options_.config)) {
    throw Error(ErrorKind::config_invalid, *doubt);
  }
  const Resource resource = *parse_resource(request.resource);
  const std::string log_path = attempt_file(options_.config.orchestrator.state_dir, request, "log");
  make_folder_of(log_path);
  switch (resource.kind) {
    case Resource::Kind::stage:
      return run_stage(resource.name, request, started, std::move(stop));
    case Resource::Kind::command:
      return run_command(resource.name, request, started, std::move(stop));
    case Resource::Kind::notify:
      return options_.notify(options_.config.alerts.at(resource.name), request, log_path,
                             with_log(started, log_path), std::move(stop));
  }
  return {};
}

TaskReport ProcessTaskRunner::run_stage(const std::string& name, const TaskRequest& request,
                                        const Started& started, std::stop_token stop) {
  const auto& config = options_.config;
  const std::string& state_dir = config.orchestrator.state_dir;
  const std::string result_path = attempt_file(state_dir, request, "result.json");
  // The name is this attempt's own; what lies there none the less is no word of this attempt.
  if (::unlink(result_path.c_str()) != 0 && errno != ENOENT) {
    throw Error(ErrorKind::access_denied, fmt::format("cannot remove {}: {}", result_path,
                                                      std::generic_category().message(errno)));
  }
  ChildOptions child = child_options(request, attempt_file(state_dir, request, "log"));
  child.argv = stage_argv(config, options_.program_folder, name);
  child.argv.insert(child.argv.end(),
                    {"--config", config.path, "--business-date", request.business_date.iso(),
                     "--run-id", request.run_id, "--result-file", result_path});
  child.argv.insert(child.argv.end(), options_.stage_options.begin(), options_.stage_options.end());
  const auto tell = with_log(started, child.log_path);
  const ChildResult ended = run_child(child, told_to(tell), std::move(stop));
  failpoint("tasks.ended");
  return judge_stage(ended, read_result_file(result_path),
                     {.program = child.argv.front(),
                      .log_path = child.log_path,
                      .time_limit = child.time_limit.value_or(std::chrono::milliseconds(0))});
}

TaskReport ProcessTaskRunner::run_command(const std::string& name, const TaskRequest& request,
                                          const Started& started, std::stop_token stop) {
  const auto& config = options_.config;
  ChildOptions child =
      child_options(request, attempt_file(config.orchestrator.state_dir, request, "log"));
  child.argv = config.orchestrator.commands.at(name);
  child.input = request.input.dump();
  child.output = ChildOptions::Output::captured;
  child.captured_bytes_max = command_output_bytes_max;
  const auto tell = with_log(started, child.log_path);
  const ChildResult ended = run_child(child, told_to(tell), std::move(stop));
  return judge_command(ended,
                       {.program = child.argv.front(),
                        .log_path = child.log_path,
                        .time_limit = child.time_limit.value_or(std::chrono::milliseconds(0))});
}

}  // namespace pipeline
