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
  /// any_number: none or many; only the last one of a command may be.
  enum class Needed { required, optional, any_number } needed = Needed::required;
};

struct CliCommand {
  std::string name;
  std::string help = {};
  std::vector<CliOption> options = {};
  std::vector<CliPositional> positionals = {};
  /// Options that exclude each other: of each group at most one may be given.
  std::vector<std::vector<std::string>> exclusive = {};
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
  /// The value given, nullopt if the option is absent.
  std::optional<std::string> value(std::string_view option) const;
  std::vector<std::string> values(std::string_view option) const;
  std::optional<std::string> positional(std::string_view name) const;
  /// All arguments that were given for one that may stand any number of times.
  std::vector<std::string> positionals(std::string_view name) const;

  std::map<std::string, std::vector<std::string>, std::less<>> given;  // by "--name"
  std::map<std::string, std::vector<std::string>, std::less<>> given_positionals;
  /// Set when --help, --version or "--help exit-codes" was asked: print it on stdout and exit 0.
  std::optional<std::string> text_to_print;
};

/// Options may stand anywhere, as "--name VALUE" or "--name=VALUE"; a repeated one takes every word
/// up to the next option. A word that begins with "--" is a value only behind "=", so a forgotten
/// value never swallows the option behind it. Behind a lone "--" every word is an argument.
///
/// Throws config_invalid that names what is wrong: an unknown option or command with the nearest
/// known one, an option of another command, a missing value, one option with two values, two that
/// exclude each other, an argument too few or too many.
CliInvocation parse_cli(const CliSpec& spec, const std::vector<std::string>& arguments);

/// The value of `option` in a command line that parse_cli() may have refused; nullopt if it stands
/// there without one. For where to write that it was refused.
std::optional<std::string> value_among(const std::vector<std::string>& arguments,
                                       std::string_view option);

}  // namespace pipeline
