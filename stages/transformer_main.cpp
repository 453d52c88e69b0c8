#include "stages/transformer_main.h"

#include <charconv>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_check.h"
#include "stages/transform/run/layer_run.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using dbt::LayerRunRequest;
using dbt::StepSchedule;

// Each is a session of the server; dbt's profiles allow as many.
constexpr int threads_max = 256;

CliSpec command_line(const std::string& program) {
  CliSpec spec;
  spec.program = program;
  spec.summary = "Builds, tests and publishes one layer of the dbt project.";
  spec.default_command = "run";
  spec.options = {{.name = "--layer",
                   .value_name = "NAME",
                   .help = "of transform.layers; default: by program"}};
  const std::vector<CliOption> run_options{
      {.name = "--business-date",
       .value_name = "DATE",
       .help = "the day that is expected; refused if the layer below shows another"},
      {.name = "--force", .kind = OptionKind::flag, .help = "build even if nothing is new"},
      {.name = "--full-refresh",
       .kind = OptionKind::flag,
       .help = "build incremental models from nothing; refused for protected tables"},
      {.name = "--threads",
       .value_name = "N",
       .help =
           "sessions that build at once; default transform.threads, then the profile's, then 2"},
      {.name = "--fail-fast",
       .kind = OptionKind::flag,
       .help = "end the run at the first node or test that fails"}};
  spec.commands = {
      {.name = "run", .help = "seed, build, test and publish the layer", .options = run_options},
      {.name = "check",
       .help = "log in with every account, look at lock and markers",
       .options = {{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"}}}};
  return spec;
}

dbt::LayerPlanOptions layers_of(const PipelineConfig& config, const std::string& wanted) {
  dbt::LayerPlanOptions options;
  options.staging_schema = config.staging.schema;
  options.layer = config.transform.layers.size();
  std::vector<std::string> names;
  for (const auto& layer : config.transform.layers) {
    if (layer.name == wanted) options.layer = options.layers.size();
    options.layers.push_back({.name = layer.name, .schema = layer.schema, .select = layer.select});
    names.push_back(layer.name);
  }
  if (options.layer == options.layers.size()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: transform.layers has no layer {}, only {}", config.path, wanted,
                            join(names, ", ")));
  }
  return options;
}

LayerRunRequest request_of(const StageContext& context, const std::string& layer) {
  const PipelineConfig& config = context.config;
  LayerRunRequest request;
  request.plan = layers_of(config, context.asked.value("--layer").value_or(layer));
  request.compiler.project = {.project_dir = config.transform.project_dir,
                              .profiles_dir = config.transform.profiles_dir,
                              .profile = {},
                              .target = config.transform.target,
                              .vars = Json::object(),
                              .threads = config.transform.threads};
  request.compiler.invocation_id = context.run_id;
  request.compiler.run_started_at = context.clock.now();
  request.target_path = config.transform.target_path;
  request.build = account_options(config, "build");
  request.publish = account_options(config, "publish");
  request.janitor = account_options(config, "janitor");
  request.run_id = context.run_id;
  request.run_time = config.orchestrator.run_time;
  request.backups = {.tables_given = config.backups.tables_given,
                     .tables = config.backups.tables,
                     .keep_days = config.backups.keep_days};
  for (const auto& entry : config.protect_history) request.protected_tables.push_back(entry.table);
  return request;
}

BusinessDate parse_date(const std::string& text) {
  const auto date = BusinessDate::parse(text);
  if (!date) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--business-date {} is no date; write it as 2026-02-01", text));
  }
  return *date;
}

int parse_threads(const std::string& text) {
  int threads = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
  const bool fits = error == std::errc() && end == text.data() + text.size() && threads >= 1 &&
                    threads <= threads_max;
  if (!fits) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--threads {} is no number from 1 to {}", text, threads_max));
  }
  return threads;
}

void run(const StageContext& context, const std::string& layer) {
  LayerRunRequest request = request_of(context, layer);
  if (const auto date = context.asked.value("--business-date")) {
    request.business_date = parse_date(*date);
  }
  if (const auto threads = context.asked.value("--threads")) {
    request.compiler.project.threads = parse_threads(*threads);
  }
  if (context.asked.has("--force")) request.force = LayerRunRequest::Force::yes;
  if (context.asked.has("--fail-fast")) request.on_failure = StepSchedule::OnFailure::stop;
  if (context.asked.has("--full-refresh")) request.full_refresh = LayerRunRequest::FullRefresh::yes;
  dbt::OpenSessions sessions;
  const CancelHook end_statements([&] { sessions.end_all(); });
  dbt::run_layer(request, {.clock = context.clock,
                           .sessions = sessions,
                           .throw_if_cancelled = [] { throw_if_cancelled(); },
                           .output = context.output});
}

void print_for_people(const Json& answer) {
  for (const auto& [key, value] : answer.as_object()) {
    fmt::print("{}: {}\n", key, value.is_string() ? value.as_string() : value.dump());
  }
}

void check(const StageContext& context, const std::string& layer) {
  const dbt::LayerCheck checked = dbt::check_layer(request_of(context, layer));
  context.output = checked.answer;
  if (context.asked.has("--json")) {
    fmt::print("{}\n", checked.answer.dump());
  } else {
    print_for_people(checked.answer);
  }
  if (checked.problem) throw Error(*checked.problem);
}

}  // namespace

int transformer_main(const std::string& program, const std::string& layer, int argc, char** argv) {
  const StageProgramSpec spec{
      .cli = command_line(program),
      .commands = {{"run", [&](const StageContext& context) { run(context, layer); }},
                   {"check", [&](const StageContext& context) { check(context, layer); }}}};
  return stage_main(spec, argc, argv);
}

}  // namespace pipeline
