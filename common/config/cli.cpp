#include "common/config/cli.h"

#include <algorithm>
#include <deque>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/base/error.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

using Sink = std::map<std::string, std::vector<std::string>>;

/// Storage that CLI11 binds to by reference; a deque keeps addresses while it grows.
struct Bound {
  std::string name;
  std::vector<std::string> values;
  bool flag = false;
};

void add_options(CLI::App& app, const std::vector<CliOption>& options, std::deque<Bound>& bound) {
  for (const auto& option : options) {
    Bound& target = bound.emplace_back(Bound{.name = option.name, .values = {}, .flag = false});
    if (option.kind == OptionKind::flag) {
      app.add_flag(option.name, target.flag, option.help);
      continue;
    }
    auto* made = app.add_option(option.name, target.values, option.help)
                     ->type_name(option.value_name)
                     ->allow_extra_args(false);
    made->multi_option_policy(option.kind == OptionKind::repeated
                                  ? CLI::MultiOptionPolicy::TakeAll
                                  : CLI::MultiOptionPolicy::TakeLast);
    made->expected(1);
    if (option.kind == OptionKind::repeated)
      made->expected(1, CLI::detail::expected_max_vector_size);
  }
}

std::string exit_code_table() {
  std::string text = "exit  name                         retried  meaning\n";
  text += fmt::format("{:<5} {:<28} {:<8} {}\n", 0, "", "", "Success.");
  for (const auto& entry : error_kinds()) {
    text += fmt::format("{:<5} {:<28} {:<8} {}\n", entry.exit_code, entry.name,
                        entry.retryable == Retryable::yes ? "yes" : "no", entry.meaning);
  }
  return text;
}

/// The nearest known word for the first argument that CLI11 did not take.
std::string unknown_word(const CliSpec& spec, const std::string& word) {
  std::vector<std::string_view> known;
  for (const auto& command : spec.commands) {
    known.emplace_back(command.name);
    for (const auto& option : command.options) known.emplace_back(option.name);
  }
  for (const auto& option : spec.options) known.emplace_back(option.name);
  const bool is_option = word.starts_with("-");
  std::erase_if(known, [&](std::string_view k) { return k.starts_with("-") != is_option; });
  const auto name = word.substr(0, word.find('='));
  const auto meant = nearest(name, known);
  const std::string kind = is_option ? "option" : "command";
  return meant.empty() ? fmt::format("unknown {} {}", kind, name)
                       : fmt::format("unknown {} {}; did you mean {}?", kind, name, meant);
}

bool names_command(const CliSpec& spec, const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == "--help" || argument == "-h" ||
           std::any_of(spec.commands.begin(), spec.commands.end(),
                       [&](const CliCommand& command) { return command.name == argument; });
  });
}

}  // namespace

bool CliInvocation::has(std::string_view option) const {
  return given.contains(option);
}

std::optional<std::string> CliInvocation::value(std::string_view option) const {
  const auto found = given.find(option);
  if (found == given.end() || found->second.empty()) return {};
  return found->second.back();
}

std::vector<std::string> CliInvocation::values(std::string_view option) const {
  const auto found = given.find(option);
  return found == given.end() ? std::vector<std::string>{} : found->second;
}

std::optional<std::string> CliInvocation::positional(std::string_view name) const {
  const auto found = given_positionals.find(name);
  if (found == given_positionals.end()) return {};
  return found->second;
}

CliInvocation parse_cli(const CliSpec& spec, const std::vector<std::string>& arguments) {
  CliInvocation result;
  if (arguments.size() == 2 && arguments[0] == "--help" && arguments[1] == "exit-codes") {
    result.text_to_print = exit_code_table();
    return result;
  }
  std::vector<std::string> words = arguments;
  if (!spec.default_command.empty() && !names_command(spec, words)) {
    // Options of the default command may come first, so the command goes to the front.
    words.insert(words.begin(), spec.default_command);
  }

  CLI::App app(spec.summary, spec.program);
  app.set_version_flag("--version", std::string(spec.program) + " " PIPELINE_VERSION);
  app.fallthrough();
  app.require_subcommand(1);
  app.footer("`" + spec.program + " --help exit-codes` lists the exit codes.");
  std::deque<Bound> bound;
  std::deque<std::pair<std::string, std::string>> positionals;
  add_options(app, spec.options, bound);
  std::vector<std::pair<CLI::App*, const CliCommand*>> subcommands;
  for (const auto& command : spec.commands) {
    auto* sub = app.add_subcommand(command.name, command.help);
    sub->fallthrough();
    add_options(*sub, command.options, bound);
    for (const auto& positional : command.positionals) {
      auto& target = positionals.emplace_back(positional.name, "");
      auto* option = sub->add_option(positional.name, target.second, positional.help);
      if (positional.needed == CliPositional::Needed::required) option->required();
    }
    subcommands.emplace_back(sub, &command);
  }

  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    const auto parsed = app.get_subcommands();
    result.text_to_print = parsed.empty() ? app.help() : parsed.front()->help();
    return result;
  } catch (const CLI::CallForVersion& version) {
    result.text_to_print = std::string(version.what()) + "\n";
    return result;
  } catch (const CLI::ExtrasError&) {
    const auto extras = app.remaining(true);
    throw Error(ErrorKind::config_invalid,
                unknown_word(spec, extras.empty() ? "" : extras.front()));
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}; `{} --help` lists what can be asked", error.what(), spec.program));
  }

  for (const auto& [sub, command] : subcommands) {
    if (sub->parsed()) result.command = command->name;
  }
  for (const auto& option : bound) {
    if (option.flag) result.given[option.name] = {};
    if (!option.values.empty()) result.given[option.name] = option.values;
  }
  for (const auto& [name, value] : positionals) {
    if (!value.empty()) result.given_positionals[name] = value;
  }
  return result;
}

}  // namespace pipeline
