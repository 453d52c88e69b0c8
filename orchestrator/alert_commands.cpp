#include "orchestrator/alert_commands.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/scratch_folder.h"
#include "common/process/child_process.h"
#include "orchestrator/alerts/outgoing.h"
#include "orchestrator/alerts/send_alert.h"
#include "orchestrator/environment_names.h"
#include "orchestrator/tasks/process_task_runner.h"

namespace pipeline {
namespace {

constexpr std::size_t shown_log_bytes_max = 64U << 10U;
constexpr std::uintmax_t read_log_bytes_max = 16U << 20U;
constexpr std::size_t given_bytes_max = 256U << 10U;
constexpr std::chrono::milliseconds wait_piece{100};

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
                fmt::format("alert {} needs the name of a channel; alert list shows them",
                            context.asked.positional("ACTION").value_or("")));
  }
  if (const auto doubt = doubt_about_resource("notify:" + *name, context.config)) {
    throw Error(ErrorKind::config_invalid, *doubt);
  }
  return alerts.at(*name);
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

int deliver(const OrchestratorContext& context, const AlertChannel& channel,
            const AlertMessage& message) {
  // Not in the state folder: whoever sends need not be the user that runs the pipeline, and would
  // own that folder if it is not there yet.
  const ScratchFolder scratch("pipeline-alert");
  const std::string log_path = scratch.path() + "/log";
  const AlertReport report = send_alert(
      channel, message,
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

/// Everything up to the end of standard input, or its begin and a line that says so.
std::string given_text(const std::stop_token& stop) {
  std::string text;
  std::array<char, 16U << 10U> piece{};
  while (text.size() <= given_bytes_max) {
    if (stop.stop_requested()) {
      throw Error(ErrorKind::cancelled, "stopped before the text was read");
    }
    pollfd waits{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waits, 1, static_cast<int>(wait_piece.count()));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t count = ready < 0 ? -1 : ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0) throw file_error(errno, "read", "standard input");
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return std::string(whole_characters(text, given_bytes_max)) + "\n[what follows was not read]\n";
}

int send_text(const OrchestratorContext& context) {
  const AlertChannel& channel = channel_asked_for(context);
  AlertMessage message{.subject = context.asked.value("--subject").value_or(""),
                       .text = given_text(context.stop),
                       .business_date = BusinessDate::at(context.clock.now())};
  const std::string_view text = trim(message.text);
  if (text.empty()) {
    throw Error(ErrorKind::config_invalid,
                "alert send reads the text from standard input, and there is none");
  }
  if (trim(message.subject).empty()) message.subject = text.substr(0, text.find('\n'));
  return deliver(context, channel, message);
}

int test_channel(const OrchestratorContext& context) {
  const AlertChannel& channel = channel_asked_for(context);
  return deliver(context, channel, test_message(context, channel));
}

}  // namespace

int alert_command(const OrchestratorContext& context) {
  const auto action = context.asked.positional("ACTION");
  if (action == "send") return send_text(context);
  if (context.asked.value("--subject")) {
    throw Error(ErrorKind::config_invalid, "--subject is for alert send alone");
  }
  if (action == "list") return list_channels(context.config);
  if (action == "test") return test_channel(context);
  throw Error(
      ErrorKind::config_invalid,
      fmt::format("alert is followed by list, test or send, not \"{}\"", action.value_or("")));
}

}  // namespace pipeline
