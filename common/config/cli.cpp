// First the words are sorted into options and arguments, with the options of all commands in mind:
// only then is it known which command is meant, and what it allows. So a slip is told from a thing
// that belongs to another command, and no forgotten value can swallow the option behind it.
#include "common/config/cli.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/version.h"
#include "common/config/cli_help.h"

namespace pipeline {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::config_invalid, message);
}

const CliOption* find_option(const std::vector<CliOption>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &CliOption::name);
  return found == options.end() ? nullptr : &*found;
}

const CliCommand* find_command(const CliSpec& spec, std::string_view name) {
  const auto found = std::ranges::find(spec.commands, name, &CliCommand::name);
  return found == spec.commands.end() ? nullptr : &*found;
}

/// Of any command: options of one name are of one kind in all of them.
const CliOption* find_anywhere(const CliSpec& spec, std::string_view name) {
  if (const auto* option = find_option(spec.options, name)) return option;
  for (const auto& command : spec.commands) {
    if (const auto* option = find_option(command.options, name)) return option;
  }
  return nullptr;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const auto meant = nearest(word, known);
  return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
}

std::string see_help(const CliSpec& spec, const CliCommand& command) {
  return fmt::format("; `{} {} --help` shows how", spec.program, command.name);
}

/// The words of a command line, sorted, before it is known which command they are for.
struct Sorted {
  struct Given {
    const CliOption* option;
    std::vector<std::string> values;  // none for a flag
  };
  std::vector<Given> options;
  std::vector<std::string> unknown;    // what looks like an option and is none
  std::vector<std::string> arguments;  // all the rest, the command's name among them
  bool help = false;
  bool version = false;
};

class Sorter {
 public:
  Sorter(const CliSpec& spec, const std::vector<std::string>& words) : spec_(spec), words_(words) {}

  Sorted sort() {
    while (at_ < words_.size()) take(words_[at_++]);
    return std::move(sorted_);
  }

 private:
  void take(const std::string& word) {
    if (all_arguments_ || word.size() < 2 || word.front() != '-') {
      sorted_.arguments.push_back(word);
    } else if (word == "--") {
      all_arguments_ = true;
    } else if (word == "--help" || word == "-h") {
      sorted_.help = true;
    } else if (word == "--version") {
      sorted_.version = true;
    } else {
      take_option(word);
    }
  }

  void take_option(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CliOption* option = find_anywhere(spec_, name);
    if (option == nullptr) {
      sorted_.unknown.push_back(name);
      return;
    }
    sorted_.options.push_back({.option = option, .values = {}});
    auto& values = sorted_.options.back().values;
    if (equals != std::string::npos) values.push_back(word.substr(equals + 1));
    if (option->kind == OptionKind::flag) {
      if (!values.empty())
        refuse(fmt::format("{} takes no value, but is given one: {}", name, word));
      return;
    }
    if (!values.empty() && !values.front().empty()) return;
    if (!values.empty()) refuse_without_value(*option);
    take_values(*option, values);
  }

  void take_values(const CliOption& option, std::vector<std::string>& values) {
    const bool many = option.kind == OptionKind::repeated;
    while (at_ < words_.size() && !words_[at_].starts_with("--")) {
      // A short option such as -s ends a list; as the first word it can only be a value.
      if (!values.empty() && find_anywhere(spec_, words_[at_]) != nullptr) return;
      values.push_back(words_[at_++]);
      if (!many) return;
    }
    if (values.empty()) refuse_without_value(option);
  }

  [[noreturn]] void refuse_without_value(const CliOption& option) const {
    const std::string value =
        option.value_name.empty() ? "a value" : "a value, " + option.value_name;
    const std::string follows =
        at_ < words_.size() && words_[at_].starts_with("--")
            ? fmt::format(", but the option {} follows; if that is the value, write {}={}",
                          words_[at_], option.name, words_[at_])
            : "";
    refuse(fmt::format("{} needs {}{}", option.name, value, follows));
  }

  const CliSpec& spec_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  bool all_arguments_ = false;
  Sorted sorted_;
};

/// The command that is named, wherever it stands, else the default one; nullptr if neither.
const CliCommand* command_meant(const CliSpec& spec, const Sorted& sorted) {
  for (const auto& word : sorted.arguments) {
    if (const auto* command = find_command(spec, word)) return command;
  }
  return find_command(spec, spec.default_command);
}

[[noreturn]] void refuse_unknown_option(const CliSpec& spec, const Sorted& sorted) {
  const std::string& name = sorted.unknown.front();
  std::vector<std::string_view> known{"--help", "--version"};
  const auto add = [&](const std::vector<CliOption>& options) {
    for (const auto& option : options) known.emplace_back(option.name);
  };
  add(spec.options);
  if (const auto* command = command_meant(spec, sorted)) {
    add(command->options);
  } else {
    for (const auto& each : spec.commands) add(each.options);
  }
  refuse(fmt::format("unknown option {}{}", name, suggestion(name, known)));
}

/// The command, whose name is taken off the arguments.
const CliCommand& take_command(const CliSpec& spec, Sorted& sorted) {
  std::vector<std::string_view> known;
  std::vector<std::string> names;
  for (const auto& command : spec.commands) {
    known.emplace_back(command.name);
    names.push_back(command.name);
  }
  if (sorted.arguments.empty()) {
    if (const auto* command = find_command(spec, spec.default_command)) return *command;
    refuse(fmt::format("no command is named; {} knows {}", spec.program, join(names, ", ")));
  }
  const std::string word = sorted.arguments.front();
  sorted.arguments.erase(sorted.arguments.begin());
  if (const auto* command = find_command(spec, word)) return *command;
  const std::string meant = suggestion(word, known);
  refuse(fmt::format(
      "unknown command {}{}", word,
      meant.empty() ? fmt::format("; {} knows {}", spec.program, join(names, ", ")) : meant));
}

std::string owners_of(const CliSpec& spec, std::string_view option) {
  std::vector<std::string> owners;
  for (const auto& command : spec.commands) {
    if (find_option(command.options, option) != nullptr) owners.push_back(command.name);
  }
  return join(owners, " and ");
}

void take_options(const CliSpec& spec, const CliCommand& command, const Sorted& sorted,
                  CliInvocation& result) {
  for (const auto& [option, values] : sorted.options) {
    const std::string& name = option->name;
    if (find_option(spec.options, name) == nullptr &&
        find_option(command.options, name) == nullptr) {
      refuse(fmt::format("the command {} has no option {}; it belongs to {}", command.name, name,
                         owners_of(spec, name)));
    }
    auto& given = result.given[name];
    if (option->kind == OptionKind::repeated) {
      given.insert(given.end(), values.begin(), values.end());
    } else if (!given.empty() && given != values) {
      refuse(
          fmt::format("{} is given twice, as {} and as {}", name, given.front(), values.front()));
    } else {
      given = values;
    }
  }
  for (const auto& group : command.exclusive) {
    std::vector<std::string> present;
    for (const auto& name : group) {
      if (result.has(name)) present.push_back(name);
    }
    if (present.size() > 1)
      refuse(join(present, " and ") + " exclude each other; give one of them");
  }
}

void take_arguments(const CliSpec& spec, const CliCommand& command, const Sorted& sorted,
                    CliInvocation& result) {
  const auto& wanted = command.positionals;
  const bool many = !wanted.empty() && wanted.back().needed == CliPositional::Needed::any_number;
  for (std::size_t i = 0; i < sorted.arguments.size(); ++i) {
    const std::string& word = sorted.arguments[i];
    if (i < wanted.size() || many) {
      result.given_positionals[wanted[std::min(i, wanted.size() - 1)].name].push_back(word);
      continue;
    }
    if (find_command(spec, word) != nullptr && wanted.empty()) {
      refuse(
          fmt::format("two commands are named, {} and {}; give one of them", command.name, word));
    }
    refuse(fmt::format("the command {} takes {}, so \"{}\" is one too many{}", command.name,
                       wanted.empty()       ? "no argument"
                       : wanted.size() == 1 ? "one argument"
                                            : fmt::format("{} arguments", wanted.size()),
                       word, see_help(spec, command)));
  }
  for (std::size_t i = sorted.arguments.size(); i < wanted.size(); ++i) {
    if (wanted[i].needed != CliPositional::Needed::required) continue;
    refuse(fmt::format("the command {} needs {}: {}{}", command.name, wanted[i].name,
                       wanted[i].help, see_help(spec, command)));
  }
}

std::string help_text(const CliSpec& spec, const Sorted& sorted) {
  if (!sorted.arguments.empty() && sorted.arguments.front() == "exit-codes")
    return exit_code_help();
  for (const auto& word : sorted.arguments) {
    if (const auto* command = find_command(spec, word)) return command_help(spec, *command);
  }
  return program_help(spec);
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
  return found->second.front();
}

std::vector<std::string> CliInvocation::positionals(std::string_view name) const {
  const auto found = given_positionals.find(name);
  return found == given_positionals.end() ? std::vector<std::string>{} : found->second;
}

CliInvocation parse_cli(const CliSpec& spec, const std::vector<std::string>& arguments) {
  CliInvocation result;
  Sorted sorted = Sorter(spec, arguments).sort();
  if (sorted.help) {
    result.text_to_print = help_text(spec, sorted);
    return result;
  }
  if (sorted.version) {
    result.text_to_print = fmt::format("{} {}\n", spec.program, program_version());
    return result;
  }
  if (!sorted.unknown.empty()) refuse_unknown_option(spec, sorted);
  const CliCommand& command = take_command(spec, sorted);
  result.command = command.name;
  take_options(spec, command, sorted, result);
  take_arguments(spec, command, sorted, result);
  return result;
}

std::optional<std::string> value_among(const std::vector<std::string>& arguments,
                                       std::string_view option) {
  const std::string with_equals = std::string(option) + "=";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word.starts_with(with_equals) && word.size() > with_equals.size()) {
      return word.substr(with_equals.size());
    }
    const bool follows = i + 1 < arguments.size() && !arguments[i + 1].starts_with("--");
    if (word == option && follows) return arguments[i + 1];
  }
  return {};
}

}  // namespace pipeline
