#include "stages/commands/transformer_main.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/stage/stage_main.h"
#include "stages/commands/adopt_command.h"
#include "stages/commands/backup_commands.h"
#include "stages/commands/consumers.h"
#include "stages/commands/drill_command.h"
#include "stages/commands/guard_commands.h"
#include "stages/commands/init_command.h"
#include "stages/commands/init_layer.h"
#include "stages/commands/layer_doctor.h"
#include "stages/commands/layer_session.h"
#include "stages/commands/operation_command.h"
#include "stages/transform/project/vars.h"
#include "stages/transform/run/layer_check.h"
#include "stages/transform/run/layer_run.h"
#include "stages/transform/run/source_freshness.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using dbt::LayerRunRequest;
using dbt::StepSchedule;

// Each is a session of the server; dbt's profiles allow as many.
constexpr int threads_max = 256;
// Behind these, consumers must see what is live.
constexpr std::array<std::string_view, 6> commands_that_publish{
    "run", "publish", "restore", "rollback", "run-operation", "adopt"};
// dbt's spellings of one option.
constexpr const char* select_options[] = {"--select", "-s", "--models", "--model", "-m"};

/// Of every command that reads the project; `verb` says what becomes of the selected nodes.
std::vector<CliOption> project_options(const std::string& verb) {
  std::vector<CliOption> options{
      {.name = "--business-date",
       .value_name = "DATE",
       .help = "the day that is expected; refused if the layer below shows another"},
      {.name = "--vars",
       .value_name = "MAPPING",
       .help = "vars of the project in YAML or JSON, stronger than its own: '{name: value}'"},
      {.name = "--target",
       .value_name = "NAME",
       .help = "of profiles.yml; another one than the configured builds in schemas of its own"}};
  for (const char* name : select_options) {
    options.push_back({.name = name,
                       .kind = OptionKind::repeated,
                       .value_name = "SELECTION",
                       .help = verb + " only these nodes of the layer, as in dbt"});
  }
  options.push_back({.name = "--exclude",
                     .kind = OptionKind::repeated,
                     .value_name = "SELECTION",
                     .help = verb + " all nodes of the layer but these"});
  return options;
}

CliSpec command_line(const std::string& program) {
  CliSpec spec;
  spec.program = program;
  spec.summary = "Builds, tests and publishes one layer of the dbt project.";
  spec.default_command = "run";
  spec.options = {{.name = "--layer",
                   .value_name = "NAME",
                   .help = "of transform.layers; default: by program"}};
  std::vector<CliOption> run_options{
      {.name = "--force", .kind = OptionKind::flag, .help = "build even if nothing is new"},
      {.name = "--full-refresh",
       .kind = OptionKind::flag,
       .help =
           "build incremental models from nothing; of protected ones with --override-guards only"},
      {.name = "--override-guards",
       .value_name = "REASON",
       .help = "publish once although rows of protected tables are lost; the reason is recorded"},
      {.name = "--threads",
       .value_name = "N",
       .help =
           "sessions that build at once; default transform.threads, then the profile's, then 2"},
      {.name = "--fail-fast",
       .kind = OptionKind::flag,
       .help = "end the run at the first node or test that fails"}};
  std::ranges::move(project_options("build"), std::back_inserter(run_options));
  std::vector<CliOption> publish_options{
      {.name = "--despite-tests",
       .value_name = "REASON",
       .help = "why the tests do not count this once; recorded in the journal"},
      {.name = "--full-refresh",
       .kind = OptionKind::flag,
       .help = "if the run that left the candidates was one with it"}};
  std::ranges::move(project_options("publish"), std::back_inserter(publish_options));
  spec.commands = {
      {.name = "run", .help = "seed, build, test and publish the layer", .options = run_options},
      {.name = "publish",
       .help = "publish what the last run left because nothing but data tests failed",
       .options = publish_options},
      {.name = "check",
       .help = "log in with every account, look at lock and markers",
       .options = {{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"},
                   {.name = "--doctor",
                    .value_name = "PART",
                    .help = "print what `orchestrator doctor` asks: accounts or project"}},
       .exclusive = {{"--json", "--doctor"}}},
      {.name = "source",
       .help = "look how old the newest rows of the sources are; exits with 0, 1 or 2 as dbt",
       .options = project_options("look at"),
       .positionals = {{.name = "freshness", .help = "dbt's word for it"}}}};
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

/// One of the two transformers.
struct Program {
  std::string name;
  std::string layer;  // unless --layer names another
};

/// How the whole layer is run, for people to type.
std::string command_of(const Program& program, const StageContext& context) {
  std::string command = fmt::format("{} --config {}", program.name, context.config.path);
  if (const auto layer = context.asked.value("--layer")) command += " --layer " + *layer;
  if (const auto target = context.asked.value("--target")) command += " --target " + *target;
  if (const auto vars = context.asked.value("--vars")) {
    command += fmt::format(" --vars '{}'", replace_all(*vars, "'", "'\\''"));
  }
  return command;
}

/// What dbt copies from the environment into its artifacts: DBT_ENV_CUSTOM_ENV_NAME as NAME.
std::map<std::string, std::string> custom_environment() {
  constexpr std::string_view prefix = "DBT_ENV_CUSTOM_ENV_";
  std::map<std::string, std::string> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (!text.starts_with(prefix) || equals == std::string_view::npos) continue;
    found.emplace(text.substr(prefix.size(), equals - prefix.size()), text.substr(equals + 1));
  }
  return found;
}

/// What a run of the program is asked to do, but for the accounts, whose passwords are not read.
LayerRunRequest request_without_accounts(const StageContext& context, const Program& program) {
  const PipelineConfig& config = context.config;
  LayerRunRequest request;
  request.plan = layers_of(config, context.asked.value("--layer").value_or(program.layer));
  request.compiler.project = {.project_dir = config.transform.project_dir,
                              .profiles_dir = config.transform.profiles_dir,
                              .profile = {},
                              .target = config.transform.target,
                              .vars = Json::object(),
                              .threads = config.transform.threads};
  request.compiler.invocation_id = context.run_id;
  request.compiler.run_started_at = context.clock.now();
  request.target_path = config.transform.target_path;
  request.artifact_env = custom_environment();
  request.run_id = context.run_id;
  request.command = command_of(program, context);
  request.run_time = config.orchestrator.run_time;
  request.backups = {.tables_given = config.backups.tables_given,
                     .tables = config.backups.tables,
                     .keep_days = config.backups.keep_days};
  request.protect = protect_options(config);
  using OnTestFailure = TransformConfig::OnTestFailure;
  if (config.transform.on_test_failure == OnTestFailure::publish_and_alert) {
    request.on_test_failure = LayerRunRequest::OnTestFailure::publish_and_alert;
  }
  return request;
}

LayerRunRequest request_of(const StageContext& context, const Program& program) {
  LayerRunRequest request = request_without_accounts(context, program);
  request.build = account_options(context.config, "build");
  request.publish = account_options(context.config, "publish");
  request.janitor = account_options(context.config, "janitor");
  request.vault = vault_request(context.config, program.name);
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

/// request_of() with what project_options() gives.
LayerRunRequest project_request_of(const StageContext& context, const Program& program) {
  LayerRunRequest request = request_of(context, program);
  if (const auto date = context.asked.value("--business-date")) {
    request.business_date = parse_date(*date);
  }
  for (const char* name : select_options) {
    for (auto& entry : context.asked.values(name)) {
      request.plan.only.select.push_back(std::move(entry));
    }
  }
  request.plan.only.exclude = context.asked.values("--exclude");
  if (const auto vars = context.asked.value("--vars")) {
    request.compiler.project.vars = dbt::parse_vars(*vars);
  }
  if (const auto target = context.asked.value("--target")) {
    request.configured_target = request.compiler.project.target;
    request.compiler.project.target = *target;
  }
  return request;
}

void run(const StageContext& context, const Program& program) {
  LayerRunRequest request = project_request_of(context, program);
  if (const auto threads = context.asked.value("--threads")) {
    request.compiler.project.threads = parse_threads(*threads);
  }
  if (const auto reason = context.asked.value("--override-guards")) {
    request.protect.override_reason = reason_of("--override-guards", *reason);
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

void publish_held(const StageContext& context, const Program& program) {
  const auto reason = context.asked.value("--despite-tests");
  if (!reason) {
    throw Error(ErrorKind::config_invalid,
                "publish is for candidates whose tests failed, and wants to know why they may go "
                "live: publish --despite-tests \"reason\"");
  }
  LayerRunRequest request = project_request_of(context, program);
  if (context.asked.has("--full-refresh")) request.full_refresh = LayerRunRequest::FullRefresh::yes;
  dbt::OpenSessions sessions;
  const CancelHook end_statements([&] { sessions.end_all(); });
  dbt::publish_held_candidates(request, reason_of("--despite-tests", *reason),
                               {.clock = context.clock,
                                .sessions = sessions,
                                .throw_if_cancelled = [] { throw_if_cancelled(); },
                                .output = context.output});
}

void source(const StageContext& context, const Program& program) {
  const std::string asked = context.asked.positional("freshness").value_or("");
  // dbt's older word is taken too.
  if (asked != "freshness" && asked != "snapshot-freshness") {
    throw Error(ErrorKind::config_invalid,
                fmt::format("source {} is unknown; there is: source freshness", asked));
  }
  dbt::OpenSessions sessions;
  const CancelHook end_statements([&] { sessions.end_all(); });
  dbt::check_source_freshness(project_request_of(context, program),
                              {.clock = context.clock,
                               .sessions = sessions,
                               .throw_if_cancelled = [] { throw_if_cancelled(); },
                               .output = context.output});
}

/// dbt's subcommands know 0, 1 for what they found, and 2 for everything else; the result file has
/// the name. A stop keeps its own.
int exit_code_of_dbt(int code) {
  const bool kept = code == 0 || code == 1 || code == entry_of(ErrorKind::cancelled).exit_code;
  return kept ? code : 2;
}

void print_for_people(const Json& answer) {
  for (const auto& [key, value] : answer.as_object()) {
    fmt::print("{}: {}\n", key, value.is_string() ? value.as_string() : value.dump());
  }
}

void check(const StageContext& context, const Program& program) {
  if (const auto part = context.asked.value("--doctor")) {
    layer_doctor(context, request_without_accounts(context, program),
                 {.program = program.name, .part = *part});
    return;
  }
  const dbt::LayerCheck checked = dbt::check_layer(request_of(context, program));
  context.output = checked.answer;
  if (context.asked.has("--json")) {
    fmt::print("{}\n", checked.answer.dump());
  } else {
    print_for_people(checked.answer);
  }
  if (checked.problem) throw Error(*checked.problem);
}

/// The command, then a look at what consumers see, also behind an error of a layer that is live.
void run_and_look(const StageContext& context, const StageCommand& code, const Program& program) {
  std::optional<Error> told;
  try {
    code(context);
  } catch (const Error& error) {
    const bool is_live = error.kind() == ErrorKind::published_with_failed_tests ||
                         error.kind() == ErrorKind::on_run_end_failed;
    if (!is_live) throw;
    told = error;
  }
  if (!context.asked.has("--dry-run")) {
    try {
      const LayerProgram layer{.name = program.name, .layer = program.layer};
      require_consumers_see(context, {layer_of(context, layer).schema});
    } catch (const Error& error) {
      if (!told) throw;
      log::error("{}", error.message());
    }
  }
  if (told) throw Error(*told);
}

}  // namespace

int transformer_main(const std::string& name, const std::string& layer, int argc, char** argv) {
  const Program program{.name = name, .layer = layer};
  bool as_dbt = false;  // a subcommand of dbt was run
  StageProgramSpec spec{
      .cli = command_line(name),
      .commands = {
          {"run", [&](const StageContext& context) { run(context, program); }},
          {"publish", [&](const StageContext& context) { publish_held(context, program); }},
          {"check", [&](const StageContext& context) { check(context, program); }},
          {"source", [&](const StageContext& context) {
             as_dbt = true;
             source(context, program);
           }}}};
  std::ranges::move(backup_command_lines(), std::back_inserter(spec.cli.commands));
  std::ranges::move(backup_commands(name, layer), std::back_inserter(spec.commands));
  std::ranges::move(guard_command_lines(), std::back_inserter(spec.cli.commands));
  const auto asked = [program](const StageContext& context) {
    return request_of(context, program);
  };
  std::ranges::move(guard_commands(asked), std::back_inserter(spec.commands));
  spec.cli.commands.push_back(init_command_line());
  spec.commands.emplace_back(
      "init", [asked](const StageContext& context) { init_layer(context, asked(context)); });
  spec.cli.commands.push_back(adopt_command_line());
  spec.commands.emplace_back(
      "adopt", [asked](const StageContext& context) { adopt_command(context, asked(context)); });
  spec.cli.commands.push_back(operation_command_line());
  spec.commands.emplace_back("run-operation", [&](const StageContext& context) {
    as_dbt = true;
    operation_command(context, request_of(context, program));
  });
  spec.cli.commands.push_back(drill_command_line());
  spec.commands.emplace_back("drill", [asked, name, layer](const StageContext& context) {
    drill_command(context, {.name = name, .layer = layer}, asked(context));
  });
  for (auto& [command, code] : spec.commands) {
    if (std::ranges::find(commands_that_publish, command) == commands_that_publish.end()) continue;
    code = [code = std::move(code), program](const StageContext& context) {
      run_and_look(context, code, program);
    };
  }
  const int code = stage_main(spec, argc, argv);
  return as_dbt ? exit_code_of_dbt(code) : code;
}

}  // namespace pipeline
