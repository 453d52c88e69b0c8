#include "stages/transform/jinja/value.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "common/base/error.h"
#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

// Dicts of this size and below are searched from end to end.
constexpr std::size_t index_from_entries = 9;
// Containers that destroy each other directly before the rest is put off.
constexpr int release_depth_max = 100;

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

void check_depth(int depth) {
  if (depth > value_depth_max) {
    fail(fmt::format("a value nests deeper than {} levels", value_depth_max));
  }
}

// Frees a chain of containers without recursing once for every link: beyond a depth, values are
// put aside and freed by the outermost container. Plain pointers, since values may outlive the
// thread's destructors.
thread_local int release_depth = 0;
thread_local std::vector<Value>* put_off = nullptr;

void release(List& items) {
  if (release_depth >= release_depth_max) {
    if (put_off == nullptr) put_off = new std::vector<Value>();
    for (Value& item : items) put_off->push_back(std::move(item));
    return;
  }
  ++release_depth;
  items.clear();
  if (release_depth == 1 && put_off != nullptr) {
    while (!put_off->empty()) {
      const Value last = std::move(put_off->back());
      put_off->pop_back();
    }
    delete put_off;
    put_off = nullptr;
  }
  --release_depth;
}

class FunctionObject final : public Object {
 public:
  FunctionObject(std::string name, NativeFunction function)
      : name_(std::move(name)), function_(std::move(function)) {}
  std::string type_name() const override { return "function"; }
  bool is_callable() const override { return true; }
  Value call(CallContext& context, const Arguments& arguments) override {
    return function_(context, arguments);
  }
  std::string str() const override { return "<function " + name_ + ">"; }

 private:
  std::string name_;
  NativeFunction function_;
};

bool equal(const Value& left, const Value& right, int depth);

bool equal_items(const List& left, const List& right, int depth) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](const Value& a, const Value& b) { return equal(a, b, depth); });
}

bool equal_dicts(const Dict& left, const Dict& right, int depth) {
  if (left.size() != right.size()) return false;
  return std::all_of(left.begin(), left.end(), [&](const Dict::Entry& entry) {
    const Value* other = right.find(entry.first);
    return other != nullptr && equal(entry.second, *other, depth);
  });
}

bool equal(const Value& left, const Value& right, int depth) {
  check_depth(depth);
  if (left.is_number() && right.is_number()) {
    if (!left.is_float() && !right.is_float()) return left.as_int() == right.as_int();
    return left.as_double() == right.as_double();
  }
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::string:
      return left.as_string() == right.as_string();
    case Kind::list:
    case Kind::tuple:
      return &left.as_items() == &right.as_items() ||
             equal_items(left.as_items(), right.as_items(), depth + 1);
    case Kind::dict:
      return &left.as_dict() == &right.as_dict() ||
             equal_dicts(left.as_dict(), right.as_dict(), depth + 1);
    case Kind::object:
      return &left.as_object() == &right.as_object() || left.as_object().equals(right.as_object());
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      break;
  }
  return false;
}

std::size_t hash_of(const Value& value, int depth) {
  check_depth(depth);
  switch (value.kind()) {
    case Kind::none:
      return 0x6e6f6e65;
    case Kind::boolean:
    case Kind::integer:
      return std::hash<double>{}(value.as_double());
    case Kind::floating:
      return std::hash<double>{}(value.as_double());
    case Kind::string:
      return std::hash<std::string>{}(value.as_string());
    case Kind::tuple: {
      std::size_t hash = 0x7475706c;
      for (const Value& item : value.as_items()) {
        hash = hash * 1'000'003U ^ hash_of(item, depth + 1);
      }
      return hash;
    }
    case Kind::object:
      return value.as_object().hash();
    case Kind::undefined:
      fail(value.undefined_description());
    case Kind::list:
    case Kind::dict:
      break;
  }
  fail(fmt::format("unhashable type: '{}' cannot be a key", value.type_name()));
}

// Prints nested values; containers that are already open print as "[...]".
class Printer {
 public:
  std::string text;

  void repr(const Value& value) {
    switch (value.kind()) {
      case Kind::undefined:
        text += "Undefined";
        return;
      case Kind::string:
        text += python::repr(value.as_string());
        return;
      case Kind::object:
        text += value.as_object().repr();
        return;
      case Kind::list:
        return nested(&value.as_items(), "[...]", [&] { items(value.as_items(), "[", "]"); });
      case Kind::tuple:
        return nested(&value.as_items(), "(...)", [&] {
          items(value.as_items(), "(", value.as_items().size() == 1 ? ",)" : ")");
        });
      case Kind::dict:
        return nested(&value.as_dict(), "{...}", [&] { entries(value.as_dict()); });
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::floating:
        text += value.str();
        return;
    }
  }

 private:
  template <typename Print>
  void nested(const void* container, std::string_view when_open, Print print) {
    if (std::find(open_.begin(), open_.end(), container) != open_.end()) {
      text += when_open;
      return;
    }
    check_depth(static_cast<int>(open_.size()));
    if (text.size() > value_bytes_max) fail("a value is too large to print");
    open_.push_back(container);
    print();
    open_.pop_back();
  }

  void items(const List& list, std::string_view begin, std::string_view end) {
    text += begin;
    std::string_view separator;
    for (const Value& item : list) {
      text += separator;
      repr(item);
      separator = ", ";
    }
    text += end;
  }

  void entries(const Dict& dict) {
    text += "{";
    std::string_view separator;
    for (const auto& [key, value] : dict) {
      text += separator;
      repr(key);
      text += ": ";
      repr(value);
      separator = ", ";
    }
    text += "}";
  }

  std::vector<const void*> open_;
};

Json json_of(const Value& value, int depth) {
  check_depth(depth);
  switch (value.kind()) {
    case Kind::none:
      return Json();
    case Kind::boolean:
      return Json(value.as_bool());
    case Kind::integer:
      return Json(value.as_int());
    case Kind::floating:
      return Json(value.as_double());
    case Kind::string:
      return Json(value.as_string());
    case Kind::list:
    case Kind::tuple: {
      Json array = Json::array();
      for (const Value& item : value.as_items()) array.push_back(json_of(item, depth + 1));
      return array;
    }
    case Kind::dict: {
      Json object = Json::object();
      for (const auto& [key, item] : value.as_dict()) {
        object.set(key.str(), json_of(item, depth + 1));
      }
      return object;
    }
    case Kind::undefined:
    case Kind::object:
      break;
  }
  return Json(value.str());
}

}  // namespace

Value::Items::~Items() {
  release(items);
}

Value::Value(std::string value) : value_(std::make_shared<const std::string>(std::move(value))) {}

Value::Value(ObjectTag, std::shared_ptr<Object> object) {
  if (object != nullptr) value_ = std::move(object);
}

Value Value::list(List items) {
  Value value;
  auto shared = std::make_shared<ListItems>();
  shared->items = std::move(items);
  value.value_ = std::move(shared);
  return value;
}

Value Value::tuple(List items) {
  Value value;
  auto shared = std::make_shared<TupleItems>();
  shared->items = std::move(items);
  value.value_ = std::move(shared);
  return value;
}

Value Value::dict(Dict entries) {
  Value value;
  value.value_ = std::make_shared<Dict>(std::move(entries));
  return value;
}

Value Value::dict() {
  return dict(Dict());
}

Value Value::undefined(std::string description, UndefinedPolicy policy) {
  Value value;
  value.value_ =
      std::make_shared<const UndefinedInfo>(UndefinedInfo{std::move(description), policy});
  return value;
}

Value Value::function(std::string name, NativeFunction function) {
  return Value(std::make_shared<FunctionObject>(std::move(name), std::move(function)));
}

Value Value::from_json(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_bool()) return json.as_bool();
  if (json.is_int()) return json.as_int();
  if (json.is_number()) return json.as_number();
  if (json.is_string()) return json.as_string();
  if (json.is_array()) {
    List items;
    for (const Json& item : json.as_array()) items.push_back(from_json(item));
    return list(std::move(items));
  }
  Dict entries;
  for (const auto& [key, item] : json.as_object()) entries.set(key, from_json(item));
  return dict(std::move(entries));
}

Kind Value::kind() const {
  static constexpr Kind kinds[] = {Kind::none,   Kind::boolean,  Kind::integer, Kind::floating,
                                   Kind::string, Kind::list,     Kind::tuple,   Kind::dict,
                                   Kind::object, Kind::undefined};
  return kinds[value_.index()];
}

bool Value::is_callable() const {
  return is_object() && as_object().is_callable();
}

namespace {

[[noreturn]] void fail_kind(const Value& value, std::string_view wanted) {
  if (value.is_undefined()) fail(value.undefined_description());
  fail(fmt::format("expected {}, got {}", wanted, value.type_name()));
}

}  // namespace

bool Value::as_bool() const {
  if (!is_bool()) fail_kind(*this, "bool");
  return std::get<bool>(value_);
}

std::int64_t Value::as_int() const {
  if (is_bool()) return std::get<bool>(value_) ? 1 : 0;
  if (!is_int()) fail_kind(*this, "int");
  return std::get<std::int64_t>(value_);
}

double Value::as_double() const {
  if (is_float()) return std::get<double>(value_);
  if (!is_number()) fail_kind(*this, "number");
  return static_cast<double>(as_int());
}

const std::string& Value::as_string() const {
  if (!is_string()) fail_kind(*this, "str");
  return *std::get<std::shared_ptr<const std::string>>(value_);
}

const List& Value::as_items() const {
  if (is_tuple()) return std::get<std::shared_ptr<TupleItems>>(value_)->items;
  return as_list();
}

List& Value::as_list() const {
  if (!is_list()) fail_kind(*this, "list");
  return std::get<std::shared_ptr<ListItems>>(value_)->items;
}

Dict& Value::as_dict() const {
  if (!is_dict()) fail_kind(*this, "dict");
  return *std::get<std::shared_ptr<Dict>>(value_);
}

Object& Value::as_object() const {
  return *as_object_ptr();
}

const std::shared_ptr<Object>& Value::as_object_ptr() const {
  if (!is_object()) fail_kind(*this, "object");
  return std::get<std::shared_ptr<Object>>(value_);
}

const std::string& Value::undefined_description() const {
  require(is_undefined(), "only an undefined value has a reason");
  return std::get<std::shared_ptr<const UndefinedInfo>>(value_)->description;
}

UndefinedPolicy Value::undefined_policy() const {
  require(is_undefined(), "only an undefined value has a policy");
  return std::get<std::shared_ptr<const UndefinedInfo>>(value_)->policy;
}

bool Value::truth() const {
  switch (kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return as_bool();
    case Kind::integer:
      return as_int() != 0;
    case Kind::floating:
      return as_double() != 0.0;
    case Kind::string:
      return !as_string().empty();
    case Kind::list:
    case Kind::tuple:
      return !as_items().empty();
    case Kind::dict:
      return !as_dict().empty();
    case Kind::object:
      return as_object().truth();
  }
  return false;
}

std::string Value::str() const {
  switch (kind()) {
    case Kind::undefined:
      return {};
    case Kind::none:
      return "None";
    case Kind::boolean:
      return as_bool() ? "True" : "False";
    case Kind::integer:
      return std::to_string(as_int());
    case Kind::floating:
      return python::repr(as_double());
    case Kind::string:
      return as_string();
    case Kind::object:
      return as_object().str();
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
      break;
  }
  return repr();
}

std::string Value::repr() const {
  Printer printer;
  printer.repr(*this);
  return std::move(printer.text);
}

std::string Value::type_name() const {
  switch (kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::floating:
      return "float";
    case Kind::string:
      return "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::object:
      break;
  }
  return as_object().type_name();
}

Json Value::to_json() const {
  return json_of(*this, 0);
}

bool Value::operator==(const Value& other) const {
  return equal(*this, other, 0);
}

Dict::Dict(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) set(entry.first, entry.second);
}

Dict::~Dict() {
  List values;
  values.reserve(entries_.size());
  for (Entry& entry : entries_) values.push_back(std::move(entry.second));
  release(values);
}

std::optional<std::size_t> Dict::position(const Value& key) const {
  const std::size_t hash = hash_of(key, 0);
  if (index_.empty()) {
    for (std::size_t at = 0; at < entries_.size(); ++at) {
      if (entries_[at].first == key) return at;
    }
    return std::nullopt;
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto place = begin; place != end; ++place) {
    if (entries_[place->second].first == key) return place->second;
  }
  return std::nullopt;
}

const Value* Dict::find(const Value& key) const {
  const auto at = position(key);
  return at ? &entries_[*at].second : nullptr;
}

Value Dict::get(const Value& key, Value fallback) const {
  if (const Value* found = find(key)) return *found;
  return fallback;
}

void Dict::set(Value key, Value value) {
  if (const auto at = position(key)) {
    entries_[*at].second = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (!index_.empty()) {
    index_.emplace(hash_of(entries_.back().first, 0), entries_.size() - 1);
  } else if (entries_.size() >= index_from_entries) {
    for (std::size_t at = 0; at < entries_.size(); ++at) {
      index_.emplace(hash_of(entries_[at].first, 0), at);
    }
  }
}

std::optional<Value> Dict::remove(const Value& key) {
  const auto at = position(key);
  if (!at) return std::nullopt;
  Value value = std::move(entries_[*at].second);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*at));
  index_.clear();
  if (entries_.size() >= index_from_entries) {
    for (std::size_t place = 0; place < entries_.size(); ++place) {
      index_.emplace(hash_of(entries_[place].first, 0), place);
    }
  }
  return value;
}

void Dict::clear() {
  entries_.clear();
  index_.clear();
}

const Value* Arguments::find_keyword(std::string_view name) const {
  for (const auto& [key, value] : keyword) {
    if (key == name) return &value;
  }
  return nullptr;
}

Bound::Bound(std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> parameters)
    : function_(function) {
  if (arguments.positional.size() > parameters.size()) {
    fail(fmt::format("{}() takes at most {} argument{}, {} were given", function, parameters.size(),
                     parameters.size() == 1 ? "" : "s", arguments.positional.size()));
  }
  for (const std::string_view parameter : parameters) {
    const std::size_t at = bound_.size();
    bound_.emplace_back(parameter, std::nullopt);
    if (at < arguments.positional.size()) bound_.back().second = arguments.positional[at];
  }
  for (const auto& [name, value] : arguments.keyword) {
    const auto place =
        std::find_if(bound_.begin(), bound_.end(),
                     [&wanted = name](const auto& entry) { return entry.first == wanted; });
    if (place == bound_.end()) {
      fail(fmt::format("{}() got an unexpected keyword argument '{}'", function, name));
    }
    if (place->second) {
      fail(fmt::format("{}() got multiple values for argument '{}'", function, name));
    }
    place->second = value;
  }
}

bool Bound::has(std::string_view parameter) const {
  for (const auto& [name, value] : bound_) {
    if (name == parameter) return value.has_value();
  }
  require(false, "the parameter is one of those that Bound was made with");
  return false;
}

const Value& Bound::value(std::string_view parameter) const& {
  for (const auto& [name, value] : bound_) {
    if (name == parameter && value) return *value;
  }
  fail(fmt::format("{}() is missing the argument '{}'", function_, parameter));
}

namespace {

const Value& checked(std::string_view function, std::string_view parameter, const Value& value,
                     bool fits, std::string_view wanted) {
  if (fits) return value;
  if (value.is_undefined()) {
    fail(fmt::format("{}() wants {} as '{}', but {}", function, wanted, parameter,
                     value.undefined_description()));
  }
  fail(
      fmt::format("{}() wants {} as '{}', got {}", function, wanted, parameter, value.type_name()));
}

}  // namespace

const std::string& Bound::string(std::string_view parameter) const& {
  const Value& found = value(parameter);
  return checked(function_, parameter, found, found.is_string(), "str").as_string();
}

std::int64_t Bound::integer(std::string_view parameter) const {
  const Value& found = value(parameter);
  return checked(function_, parameter, found, found.is_int() || found.is_bool(), "int").as_int();
}

bool Bound::boolean(std::string_view parameter) const {
  const Value& found = value(parameter);
  return checked(function_, parameter, found, found.is_bool(), "bool").as_bool();
}

Value Bound::value_or(std::string_view parameter, Value fallback) const {
  if (has(parameter)) return value(parameter);
  return fallback;
}

std::string Bound::string_or(std::string_view parameter, std::string fallback) const {
  if (has(parameter)) return string(parameter);
  return fallback;
}

std::int64_t Bound::integer_or(std::string_view parameter, std::int64_t fallback) const {
  return has(parameter) ? integer(parameter) : fallback;
}

bool Bound::boolean_or(std::string_view parameter, bool fallback) const {
  return has(parameter) ? boolean(parameter) : fallback;
}

std::optional<Value> Object::get_attr(std::string_view) const {
  return std::nullopt;
}

std::optional<Value> Object::get_item(const Value&) const {
  return std::nullopt;
}

bool Object::set_attr(std::string_view, const Value&) {
  return false;
}

Value Object::call_method(CallContext& context, std::string_view name, const Arguments& arguments) {
  const std::optional<Value> method = get_attr(name);
  if (!method) fail(fmt::format("'{}' has no method '{}'", type_name(), name));
  if (!method->is_callable()) {
    fail(fmt::format("'{}' of '{}' is not callable: it is of type {}", name, type_name(),
                     method->type_name()));
  }
  return method->as_object().call(context, arguments);
}

bool Object::is_callable() const {
  return false;
}

Value Object::call(CallContext&, const Arguments&) {
  fail(fmt::format("'{}' object is not callable", type_name()));
}

std::string Object::str() const {
  return "<" + type_name() + ">";
}

std::string Object::repr() const {
  return str();
}

bool Object::truth() const {
  return true;
}

std::optional<List> Object::items() const {
  return std::nullopt;
}

bool Object::is_mapping() const {
  return false;
}

bool Object::equals(const Object& other) const {
  return this == &other;
}

std::size_t Object::hash() const {
  return std::hash<const void*>{}(this);
}

}  // namespace pipeline::jinja
