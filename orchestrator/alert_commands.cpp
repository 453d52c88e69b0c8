#include "orchestrator/alert_commands.h"

#include <cstdint>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/scratch_folder.h"
#include "common/process/child_process.h"
#include "orchestrator/alerts/send_alert.h"
#include "orchestrator/environment_names.h"

namespace pipeline {
namespace {

constexpr std::size_t shown_log_bytes_max = 64U << 10U;
constexpr std::uintmax_t read_log_bytes_max = 16U << 20U;

int list_channels(const PipelineConfig& config) {
  for (const auto& [name, channel] : config.alerts) {
    fmt::print("{}  {}  {}  within {} s\n", name, channel.type(), channel.target(),
               channel.timeout.count());
  }
  if (config.alerts.empty()) fmt::print("pipeline.yaml names no channel under alerts\n");
  return 0;
}

const AlertChannel& channel_asked_for(const OrchestratorContext& context) {
  const auto& alerts = context.config.alerts;
  const auto name = context.asked.positional("CHANNEL");
  if (!name) {
    throw Error(ErrorKind::config_invalid,
                "alert test needs the name of a channel; alert list "
                "shows them");
  }
  if (const auto found = alerts.find(*name); found != alerts.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, channel] : alerts) names.push_back(known);
  const auto near = nearest(*name, names);
  throw Error(ErrorKind::config_invalid,
              fmt::format("pipeline.yaml has no alert channel \"{}\" under alerts{}", *name,
                          near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
}

AlertMessage test_message(const OrchestratorContext& context, const AlertChannel& channel) {
  const auto now = context.clock.now();
  AlertMessage message{
      .subject = fmt::format("Nightly pipeline: test of the channel {}", channel.name),
      .business_date = BusinessDate::at(now)};
  message.text = fmt::format(
      "This is a test, sent at {} with orchestrator alert test {}.\nNothing has failed.\n",
      format_jst(now), channel.name);
  return message;
}

void show_log(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return;  // nothing was said
  if (bytes > read_log_bytes_max) {
    fmt::print("it said {}, which are not shown\n", human_bytes(bytes));
  } else {
    fmt::print("{}", head(redact(read_file(path)), shown_log_bytes_max));
  }
}

int test_channel(const OrchestratorContext& context) {
  const AlertChannel& channel = channel_asked_for(context);
  // Not in the state folder: whoever tries a channel need not be the user that runs the pipeline,
  // and would own that folder if it is not there yet.
  const ScratchFolder scratch("pipeline-alert");
  const std::string log_path = scratch.path() + "/log";
  const AlertReport report = send_alert(
      channel, test_message(context, channel),
      {.config = context.config,
       .time_limit = channel.timeout,
       .log_path = log_path,
       .environment = child_environment(
           environment_names(read_file(context.config.path), context.config), {})},
      [](const TaskStart&) {}, context.stop);
  show_log(log_path);
  if (!report.failure) {
    fmt::print("sent by {} ({}): {}\n", channel.name, channel.type(), report.said);
    return 0;
  }
  const auto& entry = entry_of(*report.failure);
  fmt::print("not sent by {} ({}): {}\n", channel.name, channel.type(), entry.name);
  return entry.exit_code;
}

}  // namespace

int alert_command(const OrchestratorContext& context) {
  const auto action = context.asked.positional("ACTION");
  if (action == "list") return list_channels(context.config);
  if (action == "test") return test_channel(context);
  throw Error(ErrorKind::config_invalid,
              fmt::format("alert is followed by list or test, not \"{}\"", action.value_or("")));
}

}  // namespace pipeline
