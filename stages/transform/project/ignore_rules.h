// .dbtignore: files of the project that dbt shall not see, in the words of .gitignore.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline::dbt {

class IgnoreRules {
 public:
  /// One pattern a line; "#" begins a comment, "!" takes back, a "/" at the end means folders, one
  /// elsewhere ties the pattern to the project's folder; "**" spans folders.
  explicit IgnoreRules(std::string_view text);

  /// `path` from the project's folder. The last pattern that matches it or a folder of it decides;
  /// a file in an ignored folder cannot be taken back.
  bool ignores(std::string_view path) const;

 private:
  struct Rule {
    std::string pattern;  // without "!" and the slashes at both ends
    bool takes_back = false;
    bool folders_only = false;
    bool from_root = false;
  };
  static bool matches(const Rule& rule, std::string_view path);

  std::vector<Rule> rules_;
};

}  // namespace pipeline::dbt
