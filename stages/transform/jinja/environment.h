// The face of the template engine: parse a text once, render it often, call its macros.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "stages/transform/jinja/value.h"

namespace pipeline::jinja {

/// Calls of macros that may be open at once on one thread; natives that render again count too.
inline constexpr int call_depth_max = 200;
/// Bytes of the thread's stack that rendering may use before it gives up. Threads that render need
/// a stack of 8 MiB, which is what Linux gives by default.
inline constexpr std::size_t stack_bytes_max = 5u << 20;
/// Bytes that one rendering may write.
inline constexpr std::size_t output_bytes_max = 64u << 20;
/// Statements, rounds of loops and expressions that one rendering may run, those of its macros
/// included. Loops inside loops would else keep a stage busy for ever.
inline constexpr std::int64_t steps_max = 100'000'000;
/// Items that range() may give.
inline constexpr std::int64_t range_items_max = 100'000;

/// A place in a template. Line and column count from 1; the column counts characters.
struct Location {
  std::string template_name;
  int line = 0;
  int column = 0;
};

/// Every failure of a template: kind config_invalid, unless a native function threw another kind,
/// which stays. message() reads
///
///   'x' is undefined at models/a.sql:3:12
///     3 | select {{ x.y }}
///       |           ^
///     in macro 'inner', called at macros/b.sql:5:3
///     in macro 'outer', called at models/a.sql:1:4
class TemplateError : public Error {
 public:
  TemplateError(ErrorKind kind, std::string what, Location location, std::string message);

  /// The first line without the place.
  const std::string& what_line() const { return what_line_; }
  const Location& location() const { return location_; }

 private:
  std::string what_line_;
  Location location_;
};

/// Gives the value of a name that neither the template nor the context's variables know, nullopt
/// if nobody knows it. Asked before the environment's globals.
using Resolver = std::function<std::optional<Value>(std::string_view name)>;

/// What one rendering can see beside the template's own names. Macros keep their context alive.
struct Context {
  std::map<std::string, Value, std::less<>> variables;
  Resolver resolve;
  UndefinedPolicy undefined = UndefinedPolicy::strict;
  /// Of what is missing in a value that is there: an attribute, an item, the first of nothing.
  /// nullopt: as a name that nobody knows.
  std::optional<UndefinedPolicy> undefined_member = {};

  UndefinedPolicy member_policy() const { return undefined_member.value_or(undefined); }
};

using ContextPtr = std::shared_ptr<const Context>;

/// A macro as it stands in a file.
struct MacroInfo {
  /// With the prefix of its block: `{% test positive(model) %}` gives "test_positive".
  std::string name;
  /// "macro", "test" ...: the tag of the block.
  std::string tag;
  std::vector<std::string> parameters;
  int line = 0;
  /// The whole block in Template::source(), from "{%" to "%}".
  std::size_t begin_byte = 0;
  std::size_t end_byte = 0;
};

struct TemplateData;

/// A parsed template. Immutable, cheap to copy, safe to share between threads.
class Template {
 public:
  explicit Template(std::shared_ptr<const TemplateData> data) : data_(std::move(data)) {}

  const std::string& name() const;
  const std::string& source() const;
  /// The macros that stand at the top level of the text (also inside if, not inside other macros),
  /// in the order of the text.
  const std::vector<MacroInfo>& macros() const;
  const TemplateData& data() const { return *data_; }
  const std::shared_ptr<const TemplateData>& data_ptr() const { return data_; }

 private:
  std::shared_ptr<const TemplateData> data_;
};

/// A block that defines a macro: `{% tag name(parameters) %} ... {% end_tag %}`.
struct MacroTag {
  std::string tag;
  std::string end_tag;
  /// Stands before the name that the block gives to its macro.
  std::string name_prefix;
};

class Environment {
 public:
  /// With Jinja's filters, tests and globals, and the block `macro`.
  Environment();
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Setting up: before the first use and from one thread. All else is const and thread-safe.

  void add_global(std::string name, Value value);
  /// The subject is the first positional argument. Replaces a filter of the same name.
  void add_filter(std::string name, NativeFunction filter);
  /// The truth of the result counts.
  void add_test(std::string name, NativeFunction test);
  void add_macro_tag(MacroTag tag);
  /// In place of steps_max.
  void limit_steps(std::int64_t steps) { steps_limit_ = steps; }

  /// Throws TemplateError for a text that is no template; `name` is what errors call it.
  Template parse(std::string name, std::string source) const;

  /// The text. The environment must outlive all values that come out of it.
  std::string render(const Template& text, const ContextPtr& context) const;
  std::string render(std::string_view source, const ContextPtr& context,
                     std::string name = "<template>") const;

  /// A template that is nothing but one {{ expression }} gives the expression's own value, any
  /// other its text: what configuration files need.
  Value render_native(const Template& text, const ContextPtr& context) const;

  /// The value of an expression, as it would stand between {{ and }}.
  Value evaluate(std::string_view expression, const ContextPtr& context,
                 std::string name = "<expression>") const;

  /// A macro of the file as a callable value that sees `context` when called; the file's own
  /// top-level text is not rendered, so a macro finds its neighbours through context->resolve.
  /// Throws config_invalid if the file has no such macro. `macro_name` as in MacroInfo::name.
  Value macro(const Template& text, std::string_view macro_name, const ContextPtr& context) const;

  /// Calls a callable value from outside any template. `context` is what natives then see.
  Value call(const Value& callable, const Arguments& arguments, const ContextPtr& context) const;

  // For the engine's own rooms.
  const Value* find_global(std::string_view name) const;
  const NativeFunction* find_filter(std::string_view name) const;
  const NativeFunction* find_test(std::string_view name) const;
  const std::vector<MacroTag>& macro_tags() const { return macro_tags_; }
  std::int64_t steps_limit() const { return steps_limit_; }
  std::vector<std::string_view> filter_names() const;
  std::vector<std::string_view> test_names() const;

 private:
  std::map<std::string, Value, std::less<>> globals_;
  std::map<std::string, NativeFunction, std::less<>> filters_;
  std::map<std::string, NativeFunction, std::less<>> tests_;
  std::vector<MacroTag> macro_tags_;
  std::int64_t steps_limit_ = steps_max;
};

/// What a native function can ask of the rendering that called it. Valid during the call only.
class CallContext {
 public:
  virtual ~CallContext() = default;

  virtual const Environment& environment() const = 0;
  /// The context of the template or macro that makes the call.
  virtual const ContextPtr& context() const = 0;
  /// Calls a callable value, such as the `caller` that a call block passes as a keyword argument.
  virtual Value call(const Value& callable, const Arguments& arguments) = 0;
  /// What the name means at the place of the call, local names included; nullopt if nothing.
  virtual std::optional<Value> resolve(std::string_view name) = 0;
  /// Where the call stands.
  virtual Location location() const = 0;
  /// The names of the open macros, innermost first.
  virtual std::vector<std::string> macro_stack() const = 0;
};

}  // namespace pipeline::jinja
