#include "common/config/cli_help.h"

#include <fmt/core.h>

#include "common/base/exit_code.h"

namespace pipeline {
namespace {

std::string line(std::string_view left, std::string_view right) {
  return fmt::format("  {:<25} {}\n", left, right);
}

std::string option_lines(const std::vector<CliOption>& options) {
  std::string text;
  for (const auto& option : options) {
    const std::string many = option.kind == OptionKind::repeated ? " ..." : "";
    const std::string value = option.value_name.empty() ? "" : " " + option.value_name;
    text += line(option.name + value + many, option.help);
  }
  return text;
}

std::string common_lines(const CliSpec& spec) {
  return option_lines(spec.options) + line("-h, --help", "print this and exit") +
         line("--version", "print the version and exit");
}

std::string footer(const CliSpec& spec) {
  return fmt::format("\n`{} --help exit-codes` lists the exit codes.\n", spec.program);
}

}  // namespace

std::string program_help(const CliSpec& spec) {
  std::string text =
      fmt::format("{}\n\nUsage: {} [COMMAND] [OPTIONS]\n\nCommands:\n", spec.summary, spec.program);
  for (const auto& command : spec.commands) {
    const bool is_default = command.name == spec.default_command;
    text += line(command.name, command.help + (is_default ? " (if no command is named)" : ""));
  }
  text += "\nOptions:\n" + common_lines(spec);
  return text + fmt::format("\n`{} COMMAND --help` lists a command's options.", spec.program) +
         footer(spec);
}

std::string command_help(const CliSpec& spec, const CliCommand& command) {
  std::string usage = fmt::format("Usage: {} {}", spec.program, command.name);
  std::string arguments;
  for (const auto& positional : command.positionals) {
    switch (positional.needed) {
      case CliPositional::Needed::required:
        usage += " " + positional.name;
        break;
      case CliPositional::Needed::optional:
        usage += " [" + positional.name + "]";
        break;
      case CliPositional::Needed::any_number:
        usage += " [" + positional.name + "...]";
        break;
    }
    arguments += line(positional.name, positional.help);
  }
  std::string text = fmt::format("{}: {}\n\n{} [OPTIONS]\n", command.name, command.help, usage);
  if (!arguments.empty()) text += "\nArguments:\n" + arguments;
  if (!command.options.empty()) text += "\nOptions:\n" + option_lines(command.options);
  return text + "\nOptions of every command:\n" + common_lines(spec) + footer(spec);
}

std::string exit_code_help() {
  std::string text = "exit  name                         retried  meaning\n";
  text += fmt::format("{:<5} {:<28} {:<8} {}\n", 0, "", "", "Success.");
  for (const auto& entry : error_kinds()) {
    text += fmt::format("{:<5} {:<28} {:<8} {}\n", entry.exit_code, entry.name,
                        entry.retryable == Retryable::yes ? "yes" : "no", entry.meaning);
  }
  return text;
}

}  // namespace pipeline
