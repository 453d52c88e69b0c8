// JSONPath as Step Functions takes it: one text, parsed once, then asked of many documents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json.h"

namespace pipeline::asl {

struct PathFilter;

/// What one step takes of a value.
namespace step {
struct Members {
  std::vector<std::string> names;  // .a ['a'] ['a','b']
};
struct Elements {
  std::vector<std::int64_t> indexes;  // [0] [-1] [0,2]; negative counts from the end
};
struct Slice {
  std::optional<std::int64_t> from;  // [1:] [:2] [-2:] [::2]
  std::optional<std::int64_t> to;
  std::int64_t stride = 1;  // never below 1
};
struct Everything {};  // .* [*]
struct Filtered {
  std::shared_ptr<const PathFilter> filter;  // [?(@.a == 1)], never null
};
}  // namespace step

struct PathStep {
  /// `descendants`: the value itself and everything below it (..).
  enum class From { value, descendants } from = From::value;
  std::variant<step::Members, step::Elements, step::Slice, step::Everything, step::Filtered> take;
};

/// The two documents that a path may begin at.
struct PathRoots {
  const Json& input;    // $
  const Json& context;  // $$
};

/// A path that was not parsed is "$".
class JsonPath {
 public:
  /// Throws config_invalid that says what is wrong with `text`.
  static JsonPath parse(std::string_view text);
  /// Reads the path at the beginning of `text` and takes it off; for paths inside other texts.
  static JsonPath parse_prefix(std::string_view& text);

  const std::string& text() const { return text_; }
  /// Whether the path names one value at most; others give a list.
  bool is_definite() const;
  /// Whether it begins with $$.
  bool is_of_context() const { return of_context_; }
  const std::vector<PathStep>& steps() const { return steps_; }

  /// A definite path: the value, nullopt if there is none. Any other: the list of what matches,
  /// which may be empty. Throws config_invalid past 100,000 matches, or a million values in
  /// them.
  std::optional<Json> find(const PathRoots& roots) const;

 private:
  friend class PathParser;
  std::string text_ = "$";
  bool of_context_ = false;
  std::vector<PathStep> steps_;
};

/// Whether two values are the same: objects in any order of members, 1 the same as 1.0.
bool is_same(const Json& left, const Json& right);

}  // namespace pipeline::asl
