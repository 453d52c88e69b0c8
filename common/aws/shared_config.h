// The files that AWS's tools share, ~/.aws/config and ~/.aws/credentials, as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline::aws {

/// Names in lower case -> values.
using Settings = std::map<std::string, std::string>;

/// The sections of one file in the dialect of AWS's tools: "[name]", "key = value" or "key: value",
/// whole-line comments after # or ;, indented lines go on with the value above. Throws
/// config_invalid with file:line for a line that is none of these and for a section or key that
/// stands twice; never a value, since values are keys.
std::map<std::string, Settings> parse_ini(std::string_view text, const std::string& file);

/// Both files together.
class SharedConfig {
 public:
  /// A text that is nullopt stands for a file that is not there. Paths are for messages.
  struct Files {
    std::string config_path;
    std::optional<std::string> config;
    std::string credentials_path;
    std::optional<std::string> credentials;
  };
  explicit SharedConfig(const Files& files);

  bool has(const std::string& profile) const;
  /// A setting of the profile; the credentials file goes first. nullopt: not there, or empty.
  std::optional<std::string> find(const std::string& profile, const std::string& key) const;
  /// Of one file alone.
  std::optional<std::string> in_config(const std::string& profile, const std::string& key) const;
  std::optional<std::string> in_credentials(const std::string& profile,
                                            const std::string& key) const;

  const std::string& config_path() const { return config_path_; }
  const std::string& credentials_path() const { return credentials_path_; }
  /// "/root/.aws/config (not there) and /root/.aws/credentials", for messages.
  std::string text() const;

 private:
  std::string config_path_;
  std::string credentials_path_;
  std::string text_;
  std::map<std::string, Settings> config_;
  std::map<std::string, Settings> credentials_;
};

/// A command line as words, by the shell's rules of blanks, quotes and backslashes and nothing more
/// of a shell; nullopt for an open quote.
std::optional<std::vector<std::string>> command_words(std::string_view text);

}  // namespace pipeline::aws
