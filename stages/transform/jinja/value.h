// The values that templates compute with: Python's kinds, printed, compared and shared as Python
// does.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/json.h"

namespace pipeline::jinja {

class Arguments;
class CallContext;
class Dict;
class Object;
class Value;

using List = std::vector<Value>;

/// Code that a template can call. Throws Error with one clear line; the engine adds the place in
/// the template and the macro stack. May also throw ReturnValue.
using NativeFunction = std::function<Value(CallContext&, const Arguments&)>;

enum class Kind {
  undefined,
  none,
  boolean,
  integer,
  floating,
  string,
  list,
  tuple,
  dict,
  object,  // everything else, callables included
};

/// What a name that nobody knows may still do. It always prints as empty text, is false, is equal
/// only to another undefined value, and takes `is defined`, `default` and `~`.
enum class UndefinedPolicy {
  strict,     // iteration, length, attributes, calls and arithmetic are errors that name it
  iterable,   // Jinja's default: as strict, but it iterates as an empty list
  chainable,  // as iterable, and attributes, subscripts and calls give undefined again
};

/// One value. Copying is cheap. Lists, dicts and objects are shared by their copies, as in
/// Python: what is appended through one name is seen through the other. Not thread-safe for
/// values that are shared between threads and changed. Cycles are printed ("[...]") but not freed.
class Value {
 public:
  Value() = default;  // none
  template <std::same_as<bool> T>
  Value(T value) : value_(value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) Value(T value)
      : value_(static_cast<std::int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : Value(std::string(value)) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(std::string value);
  /// A null pointer gives none.
  template <std::derived_from<Object> T>
  Value(std::shared_ptr<T> object) : Value(ObjectTag{}, std::move(object)) {}

  static Value list(List items = {});
  static Value tuple(List items = {});
  static Value dict(Dict entries);
  static Value dict();
  /// `description` is the whole reason, such as "'x' is undefined".
  static Value undefined(std::string description, UndefinedPolicy policy = UndefinedPolicy::strict);
  /// `name` is shown in errors and by repr.
  static Value function(std::string name, NativeFunction function);
  static Value from_json(const Json& json);

  Kind kind() const;
  bool is_undefined() const { return kind() == Kind::undefined; }
  bool is_none() const { return kind() == Kind::none; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_int() const { return kind() == Kind::integer; }
  bool is_float() const { return kind() == Kind::floating; }
  /// int, float or bool: Python's bool is a number.
  bool is_number() const { return is_int() || is_float() || is_bool(); }
  bool is_string() const { return kind() == Kind::string; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_tuple() const { return kind() == Kind::tuple; }
  bool is_dict() const { return kind() == Kind::dict; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_callable() const;

  // Each throws Error config_invalid that names both kinds if the value is of another kind.
  bool as_bool() const;
  /// Of an int or a bool.
  std::int64_t as_int() const;
  /// Of any number.
  double as_double() const;
  const std::string& as_string() const;
  /// Of a list or a tuple. The reference lives as long as any copy of this value.
  const List& as_items() const;
  /// Of a list; changes are seen by all copies. const, since the list is shared and not part of
  /// this value.
  List& as_list() const;
  Dict& as_dict() const;
  Object& as_object() const;
  const std::shared_ptr<Object>& as_object_ptr() const;
  /// The object as a T, or nullptr if it is none or the value is no object.
  template <std::derived_from<Object> T>
  std::shared_ptr<T> as() const {
    return is_object() ? std::dynamic_pointer_cast<T>(as_object_ptr()) : nullptr;
  }
  /// Why the value is undefined: "'x' is undefined".
  const std::string& undefined_description() const;
  UndefinedPolicy undefined_policy() const;

  /// Python's bool(value).
  bool truth() const;
  /// Python's str(value): what {{ }} writes. Undefined gives empty text.
  std::string str() const;
  /// Python's repr(value): str with quotes and escapes, as inside printed lists.
  std::string repr() const;
  /// Python's name of the type ("int", "NoneType"), or the object's own.
  std::string type_name() const;
  /// Lists and tuples become arrays, dict keys their str(), objects and undefined their str().
  /// Throws config_invalid for what nests deeper than value_depth_max.
  Json to_json() const;

  /// Python's ==: 1 == 1.0 == true; lists and dicts by content; objects by Object::equals.
  bool operator==(const Value& other) const;

 private:
  struct ObjectTag {};
  struct UndefinedInfo {
    std::string description;
    UndefinedPolicy policy;
  };
  struct Items {
    List items;
    ~Items();
  };
  struct ListItems : Items {};
  struct TupleItems : Items {};
  Value(ObjectTag tag, std::shared_ptr<Object> object);

  std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<ListItems>, std::shared_ptr<TupleItems>, std::shared_ptr<Dict>,
               std::shared_ptr<Object>, std::shared_ptr<const UndefinedInfo>>
      value_;
};

/// Depth at which comparing, hashing or printing nested values gives up with an Error.
inline constexpr int value_depth_max = 200;
/// Bytes of one string, and items of one list times 16, that an operation may make.
inline constexpr std::size_t value_bytes_max = 64u << 20;

/// Keys and values in the order of insertion; any hashable value is a key. Lists, dicts and
/// undefined values are no keys: looking one up or setting one throws Error config_invalid.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  Dict() = default;
  Dict(std::initializer_list<Entry> entries);
  Dict(const Dict& other) = default;
  Dict& operator=(const Dict& other) = default;
  Dict(Dict&& other) noexcept = default;
  Dict& operator=(Dict&& other) noexcept = default;
  ~Dict();

  /// The value, or nullptr. Valid until the dict changes.
  const Value* find(const Value& key) const;
  bool contains(const Value& key) const { return find(key) != nullptr; }
  /// The value, or `fallback` if the key is absent.
  Value get(const Value& key, Value fallback = {}) const;
  /// Replaces the value, keeping the key's place, or appends.
  void set(Value key, Value value);
  /// Removes the key and gives its value; nullopt if it is absent.
  std::optional<Value> remove(const Value& key);
  void clear();

  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::optional<std::size_t> position(const Value& key) const;

  std::vector<Entry> entries_;
  // Hash of a key -> its places. Kept only above a handful of entries.
  std::multimap<std::size_t, std::size_t> index_;
};

/// What a call passes: values by position and values by name.
class Arguments {
 public:
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keyword;

  bool empty() const { return positional.empty() && keyword.empty(); }
  /// The value passed as `name`, or nullptr.
  const Value* find_keyword(std::string_view name) const;
};

/// Arguments matched to the parameters of a native function, with errors like Python's:
/// "ref() got an unexpected keyword argument 'x'".
///
///   const Bound bound("var", arguments, {"name", "default"});
///   return lookup(bound.string("name"), bound.value_or("default", Value()));
class Bound {
 public:
  /// Throws config_invalid for too many arguments, unknown names and names given twice.
  /// `function` must outlive this object.
  Bound(std::string_view function, const Arguments& arguments,
        std::initializer_list<std::string_view> parameters);

  bool has(std::string_view parameter) const;
  /// Each throws config_invalid if the argument is missing or of another kind.
  const Value& value(std::string_view parameter) const&;
  const std::string& string(std::string_view parameter) const&;
  // Of a Bound that ends with the statement.
  Value value(std::string_view parameter) const&& { return value(parameter); }
  std::string string(std::string_view parameter) const&& { return string(parameter); }
  std::int64_t integer(std::string_view parameter) const;
  bool boolean(std::string_view parameter) const;
  /// The argument, or `fallback` if it was not passed.
  Value value_or(std::string_view parameter, Value fallback) const;
  std::string string_or(std::string_view parameter, std::string fallback) const;
  std::int64_t integer_or(std::string_view parameter, std::int64_t fallback) const;
  bool boolean_or(std::string_view parameter, bool fallback) const;

 private:
  std::string_view function_;
  std::vector<std::pair<std::string_view, std::optional<Value>>> bound_;
};

/// A value of the host program. Derive from it for everything that has attributes or methods of
/// its own. Methods are called by the thread that renders. All have defaults but type_name().
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  /// "Relation"; stands in errors.
  virtual std::string type_name() const = 0;

  /// object.name, and object['name'] if get_item gives nothing; nullopt if there is no such
  /// attribute (the template then sees an undefined value).
  virtual std::optional<Value> get_attr(std::string_view name) const;
  /// object[key]; nullopt falls back to get_attr for string keys.
  virtual std::optional<Value> get_item(const Value& key) const;
  /// {% set object.name = value %}; false if the object does not allow that.
  virtual bool set_attr(std::string_view name, const Value& value);
  /// object.name(...). The default calls what get_attr gives and throws config_invalid
  /// ("'Relation' has no method 'x'") if there is none. Override it to spare one Value a method.
  virtual Value call_method(CallContext& context, std::string_view name,
                            const Arguments& arguments);

  /// object(...). Override both or none.
  virtual bool is_callable() const;
  virtual Value call(CallContext& context, const Arguments& arguments);

  virtual std::string str() const;
  virtual std::string repr() const;
  virtual bool truth() const;
  /// What a loop, `in`, `length` and list() walk over; nullopt if it does not iterate.
  virtual std::optional<List> items() const;
  /// True makes `is mapping` true; items() then gives the keys.
  virtual bool is_mapping() const;
  /// Only for objects that mean the same; override hash() with it.
  virtual bool equals(const Object& other) const;
  virtual std::size_t hash() const;
};

/// Thrown by a native function to end the macro that called it, through any nesting of loops,
/// ifs and call blocks: the macro's value is then `value` and its text is dropped. Outside a macro
/// it is an error.
struct ReturnValue {
  Value value;
};

}  // namespace pipeline::jinja
