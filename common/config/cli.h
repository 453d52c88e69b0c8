// Command lines: subcommands, flags and help from one table a program.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

enum class OptionKind { flag, value, repeated };

struct CliOption {
  std::string name;  // "--business-date"
  OptionKind kind = OptionKind::value;
  std::string value_name = {};  // "DATE"
  std::string help = {};
};

struct CliPositional {
  std::string name;
  std::string help = {};
  enum class Needed { required, optional } needed = Needed::required;
};

struct CliCommand {
  std::string name;
  std::string help = {};
  std::vector<CliOption> options = {};
  std::vector<CliPositional> positionals = {};
};

struct CliSpec {
  std::string program;
  std::string summary;
  std::vector<CliOption> options = {};  // known to every command
  std::vector<CliCommand> commands = {};
  std::string default_command = {};  // used when no command is named; empty: a command is required
};

/// What was asked for.
class CliInvocation {
 public:
  std::string command;
  bool has(std::string_view option) const;
  /// The last value given, nullopt if the option is absent.
  std::optional<std::string> value(std::string_view option) const;
  std::vector<std::string> values(std::string_view option) const;
  std::optional<std::string> positional(std::string_view name) const;

  std::map<std::string, std::vector<std::string>, std::less<>> given;  // by "--name"
  std::map<std::string, std::string, std::less<>> given_positionals;
  /// Set when --help, --version or "--help exit-codes" was asked: print it on stdout and exit 0.
  std::optional<std::string> text_to_print;
};

/// Throws config_invalid that names the unknown option or command and the nearest known one.
CliInvocation parse_cli(const CliSpec& spec, const std::vector<std::string>& arguments);

}  // namespace pipeline
