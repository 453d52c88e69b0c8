#include "stages/commands/operation_command.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/commands/guard_commands.h"
#include "stages/transform/project/vars.h"
#include "stages/transform/run/safe_update.h"

namespace pipeline {
namespace {

constexpr std::string_view safe_update_name = "safe_update";
constexpr std::array<std::string_view, 3> argument_names{"target_table", "update_query",
                                                         "validation_query"};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::config_invalid, what);
}

void require_known(const Json& arguments) {
  for (const auto& [name, value] : arguments.as_object()) {
    if (std::ranges::find(argument_names, name) == argument_names.end()) {
      const auto meant = nearest(name, argument_names);
      refuse(fmt::format("--args: {} takes no {}{}", safe_update_name, name,
                         meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
    }
    if (!value.is_string() || trim(value.as_string()).empty()) {
      refuse(fmt::format("--args: {} must be a text", name));
    }
  }
  for (const auto name : argument_names) {
    if (arguments.find(name) != nullptr) continue;
    refuse(
        fmt::format("--args: {} needs {}, as '{{target_table: silver.t, update_query: \"UPDATE "
                    "t ...\", validation_query: \"SELECT ...\"}}'",
                    safe_update_name, name));
  }
}

dbt::SafeUpdateOrder order_of(const StageContext& context, const dbt::LayerRunRequest& request) {
  const std::string given = context.asked.value("--args").value_or("{}");
  const Json arguments = dbt::parse_vars(given, "--args");
  require_known(arguments);
  return {.target = table_named(arguments.at("target_table").as_string(), request.layer().schema),
          .update_query = arguments.at("update_query").as_string(),
          .validation_query = arguments.at("validation_query").as_string(),
          .reason = context.asked.value("--reason").value_or(""),
          .dry_run = context.asked.has("--dry-run") ? dbt::SafeUpdateOrder::DryRun::yes
                                                    : dbt::SafeUpdateOrder::DryRun::no};
}

void print_for_people(const Json& output) {
  fmt::print("{}: {} rows -> {} rows\n", output.at("table").as_string(),
             output.at("rows_before").as_int(), output.at("rows_after").as_int());
  std::vector<std::string> changed;
  for (const auto& rows : output.at("rows_changed").as_array()) {
    changed.push_back(std::to_string(rows.as_int()));
  }
  fmt::print("rows changed by statement: {}\n", join(changed, ", "));
  const Json& difference = output.at("difference");
  if (const Json* why = difference.find("not_compared")) {
    fmt::print("not compared row by row: {}\n", why->as_string());
  } else {
    fmt::print("{} removed, {} changed, {} added, {} equal\n", difference.at("removed").as_int(),
               difference.at("changed").as_int(), difference.at("added").as_int(),
               difference.at("equal").as_int());
  }
  fmt::print("the validation holds\n");
}

void tell_end(const StageContext& context, const dbt::LayerRunRequest& request) {
  const bool people = !context.asked.has("--json");
  const Json& output = context.output;
  if (people) print_for_people(output);
  if (output.at("dry_run").as_bool()) {
    if (people) fmt::print("dry run: nothing was published\n");
  } else if (output.at("nothing_new").as_bool()) {
    if (people) fmt::print("no row differs: nothing was published\n");
  } else {
    // `command` runs the whole layer: the words that another command of it begins with.
    const std::string undo =
        fmt::format("{} restore {} --at {}", request.command, output.at("table").as_string(),
                    output.at("backup").as_string());
    context.output.set("undo", undo);
    if (people) {
      fmt::print("published as generation {}; what was live is {}\nundo: {}\n",
                 output.at("generation").as_int(), output.at("backup").as_string(), undo);
    }
  }
  if (!people) fmt::print("{}\n", context.output.dump());
}

}  // namespace

CliCommand operation_command_line() {
  return {.name = "run-operation",
          .help = "safe_update: change a live table by SQL, published only if a validation holds",
          .options =
              {{.name = "--args",
                .value_name = "MAPPING",
                .help = "in YAML or JSON: '{target_table: silver.t, update_query: \"UPDATE t "
                        "...\", validation_query: \"SELECT ...\"}'"},
               {.name = "--dry-run",
                .kind = OptionKind::flag,
                .help = "change and judge a copy, publish nothing"},
               {.name = "--json", .kind = OptionKind::flag, .help = "print JSON"},
               {.name = "--reason", .value_name = "TEXT", .help = "why; it goes into the journal"},
               {.name = "--override-guards",
                .value_name = "REASON",
                .help = "publish although rows of a protected table are lost"}},
          .positionals = {{.name = "OPERATION", .help = "safe_update"}}};
}

void operation_command(const StageContext& context, dbt::LayerRunRequest request) {
  const std::string operation = *context.asked.positional("OPERATION");
  if (operation != safe_update_name) {
    refuse(
        fmt::format("run-operation knows {} only; macros of the project are not run by "
                    "themselves, so {} is refused: put it into a hook",
                    safe_update_name, operation));
  }
  const dbt::SafeUpdateOrder order = order_of(context, request);
  if (const auto reason = context.asked.value("--override-guards")) {
    request.protect.override_reason = reason_of("--override-guards", *reason);
  }
  dbt::OpenSessions sessions;
  const CancelHook end_statements([&] { sessions.end_all(); });
  context.output.set("command", safe_update_name);
  context.output.set("run_id", context.run_id);
  dbt::safe_update(request, order,
                   {.clock = context.clock,
                    .sessions = sessions,
                    .throw_if_cancelled = [] { throw_if_cancelled(); },
                    .output = context.output});
  tell_end(context, request);
}

}  // namespace pipeline
