// Filters over lists and dicts.
#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/jinja/builtins.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

// --- what items are looked at by: an attribute path, perhaps without regard to case

// "a.b.0" as the steps from an item to what is meant.
class AttributePath {
 public:
  AttributePath() = default;
  explicit AttributePath(const Value& attribute) {
    if (attribute.is_none()) return;
    if (!attribute.is_string()) {
      steps_.push_back(attribute);
      return;
    }
    for (const std::string& step : split(attribute.as_string(), '.')) {
      const bool number = !step.empty() && std::all_of(step.begin(), step.end(), [](char byte) {
        return byte >= '0' && byte <= '9';
      });
      steps_.push_back(number && step.size() < 10 ? Value(std::stoi(step)) : Value(step));
    }
  }

  Value of(const Value& item, UndefinedPolicy policy) const {
    Value value = item;
    for (const Value& step : steps_) value = get_item(value, step, policy);
    return value;
  }

 private:
  std::vector<Value> steps_;
};

enum class Case { sensitive, ignored };

Value folded(Value value, Case how) {
  if (how == Case::ignored && value.is_string()) return python::lower(value.as_string());
  return value;
}

Case case_of(const Bound& bound) {
  return bound.boolean_or("case_sensitive", false) ? Case::sensitive : Case::ignored;
}

struct Keyed {
  Value key;
  Value item;
};

std::vector<Keyed> keyed(CallContext& context, const Value& iterable, const AttributePath& path,
                         Case how) {
  std::vector<Keyed> result;
  for (Value& item : iterate(iterable)) {
    Value key = folded(path.of(item, context.context()->member_policy()), how);
    result.push_back({std::move(key), std::move(item)});
  }
  return result;
}

void sort_by_key(std::vector<Keyed>& items, bool reverse) {
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& left, const Keyed& right) {
    return reverse ? less(right.key, left.key) : less(left.key, right.key);
  });
}

// --- picking and changing items

Arguments tail(const Arguments& arguments, std::size_t skipped) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            skipped, arguments.positional.size())),
                         arguments.positional.end());
  rest.keyword = arguments.keyword;
  return rest;
}

const Value& subject_of(std::string_view filter, const Arguments& arguments) {
  if (arguments.positional.empty()) fail(fmt::format("{} needs a value", filter));
  return arguments.positional[0];
}

Value apply(const NativeFunction& function, CallContext& context, const Value& item,
            const Arguments& rest) {
  Arguments arguments = rest;
  arguments.positional.insert(arguments.positional.begin(), item);
  return function(context, arguments);
}

const NativeFunction& named(const NativeFunction* found, std::string_view kind,
                            std::string_view name) {
  if (found == nullptr) fail(fmt::format("unknown {} '{}'", kind, name));
  return *found;
}

Value map(CallContext& context, const Arguments& arguments) {
  const List items = iterate(subject_of("map", arguments));
  List result;
  if (const Value* attribute = arguments.find_keyword("attribute")) {
    const AttributePath path(*attribute);
    const Value* fallback = arguments.find_keyword("default");
    for (const Value& item : items) {
      Value value = path.of(item, context.context()->member_policy());
      if (value.is_undefined() && fallback != nullptr) value = *fallback;
      result.push_back(std::move(value));
    }
    return Value::list(std::move(result));
  }
  if (arguments.positional.size() < 2) fail("map needs the name of a filter or attribute=");
  const std::string& name = arguments.positional[1].as_string();
  const NativeFunction& filter = named(context.environment().find_filter(name), "filter", name);
  const Arguments rest = tail(arguments, 2);
  for (const Value& item : items) result.push_back(apply(filter, context, item, rest));
  return Value::list(std::move(result));
}

enum class Keep { passing, failing };
enum class Look { item, attribute };

// select, reject, selectattr and rejectattr: the test comes after the attribute if there is one.
template <Keep keep, Look look>
Value pick(CallContext& context, const Arguments& arguments) {
  const Value& subject = subject_of("select", arguments);
  std::size_t next = 1;
  AttributePath path;
  if (look == Look::attribute) {
    if (arguments.positional.size() < 2) fail("selectattr and rejectattr need an attribute");
    path = AttributePath(arguments.positional[next++]);
  }
  const NativeFunction* test = nullptr;
  if (arguments.positional.size() > next) {
    const std::string& name = arguments.positional[next++].as_string();
    test = &named(context.environment().find_test(name), "test", name);
  }
  const Arguments rest = tail(arguments, next);
  List result;
  for (const Value& item : iterate(subject)) {
    const Value looked_at = path.of(item, context.context()->member_policy());
    const bool passes =
        (test != nullptr ? apply(*test, context, looked_at, rest) : looked_at).truth();
    if (passes == (keep == Keep::passing)) result.push_back(item);
  }
  return Value::list(std::move(result));
}

Value sort(CallContext& context, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"value", "reverse", "case_sensitive", "attribute"});
  const Case how = case_of(bound);
  const Value attribute = bound.value_or("attribute", {});
  std::vector<Keyed> items;
  if (attribute.is_string() && attribute.as_string().find(',') != std::string::npos) {
    // "a,b" sorts by a, then by b.
    std::vector<AttributePath> paths;
    for (const std::string& part : split(attribute.as_string(), ',')) {
      paths.emplace_back(Value(trim(part)));
    }
    for (const Value& item : iterate(bound.value("value"))) {
      List keys;
      for (const AttributePath& path : paths) {
        keys.push_back(folded(path.of(item, context.context()->member_policy()), how));
      }
      items.push_back({Value::tuple(std::move(keys)), item});
    }
  } else {
    items = keyed(context, bound.value("value"), AttributePath(attribute), how);
  }
  sort_by_key(items, bound.value_or("reverse", false).truth());
  List result;
  for (Keyed& item : items) result.push_back(std::move(item.item));
  return Value::list(std::move(result));
}

Value unique(CallContext& context, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"value", "case_sensitive", "attribute"});
  Dict seen;
  List result;
  for (Keyed& one : keyed(context, bound.value("value"),
                          AttributePath(bound.value_or("attribute", {})), case_of(bound))) {
    if (seen.contains(one.key)) continue;
    seen.set(std::move(one.key), {});
    result.push_back(std::move(one.item));
  }
  return Value::list(std::move(result));
}

// (grouper, list), as a pair and by name.
class Group final : public Object {
 public:
  Group(Value grouper, List members)
      : grouper_(std::move(grouper)), members_(Value::list(std::move(members))) {}
  std::string type_name() const override { return "group"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "grouper") return grouper_;
    if (name == "list") return members_;
    return std::nullopt;
  }
  std::optional<Value> get_item(const Value& key) const override {
    if (key == Value(0) || key == Value(-2)) return grouper_;
    if (key == Value(1) || key == Value(-1)) return members_;
    return std::nullopt;
  }
  std::optional<List> items() const override { return List{grouper_, members_}; }
  std::string str() const override { return Value::tuple({grouper_, members_}).repr(); }

 private:
  Value grouper_;
  Value members_;
};

Value groupby(CallContext& context, const Arguments& arguments) {
  const Bound bound("groupby", arguments, {"value", "attribute", "default", "case_sensitive"});
  const AttributePath path(bound.value("attribute"));
  const Value fallback = bound.value_or("default", {});
  const Case how = case_of(bound);
  std::vector<Keyed> items;
  for (const Value& item : iterate(bound.value("value"))) {
    Value key = path.of(item, context.context()->member_policy());
    if (key.is_undefined() && bound.has("default")) key = fallback;
    items.push_back({folded(std::move(key), how), item});
  }
  sort_by_key(items, false);
  List groups;
  for (std::size_t at = 0; at < items.size();) {
    List members;
    const Value key = items[at].key;
    // The group is called as its first member spells it.
    Value shown = path.of(items[at].item, context.context()->member_policy());
    if (shown.is_undefined() && bound.has("default")) shown = fallback;
    for (; at < items.size() && items[at].key == key; ++at) members.push_back(items[at].item);
    groups.emplace_back(std::make_shared<Group>(std::move(shown), std::move(members)));
  }
  return Value::list(std::move(groups));
}

enum class Extreme { least, greatest };

template <Extreme extreme>
Value extreme_of(CallContext& context, const Arguments& arguments) {
  const Bound bound(extreme == Extreme::least ? "min" : "max", arguments,
                    {"value", "case_sensitive", "attribute"});
  std::vector<Keyed> items = keyed(context, bound.value("value"),
                                   AttributePath(bound.value_or("attribute", {})), case_of(bound));
  if (items.empty()) {
    return Value::undefined("an empty sequence has no smallest or largest item",
                            context.context()->member_policy());
  }
  std::size_t best = 0;
  for (std::size_t at = 1; at < items.size(); ++at) {
    const bool better = extreme == Extreme::least ? less(items[at].key, items[best].key)
                                                  : less(items[best].key, items[at].key);
    if (better) best = at;
  }
  return items[best].item;
}

Value sum(CallContext& context, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"value", "attribute", "start"});
  const AttributePath path(bound.value_or("attribute", {}));
  Value total = bound.value_or("start", 0);
  for (const Value& item : iterate(bound.value("value"))) {
    total = binary(BinaryOperator::add, total, path.of(item, context.context()->member_policy()));
  }
  return total;
}

Value join(CallContext& context, const Arguments& arguments) {
  const Bound bound("join", arguments, {"value", "d", "attribute"});
  const AttributePath path(bound.value_or("attribute", {}));
  const std::string separator = bound.value_or("d", "").str();
  std::string text;
  bool first = true;
  for (const Value& item : iterate(bound.value("value"))) {
    if (!first) text += separator;
    text += path.of(item, context.context()->member_policy()).str();
    check_size(text.size());
    first = false;
  }
  return text;
}

Value first(CallContext& context, const Arguments& arguments) {
  const List items = iterate(Bound("first", arguments, {"value"}).value("value"));
  if (!items.empty()) return items.front();
  return Value::undefined("an empty sequence has no first item",
                          context.context()->member_policy());
}

Value last(CallContext& context, const Arguments& arguments) {
  const List items = iterate(Bound("last", arguments, {"value"}).value("value"));
  if (!items.empty()) return items.back();
  return Value::undefined("an empty sequence has no last item", context.context()->member_policy());
}

Value random_item(CallContext& context, const Arguments& arguments) {
  const List items = iterate(Bound("random", arguments, {"value"}).value("value"));
  if (items.empty()) {
    return Value::undefined("an empty sequence has no item", context.context()->member_policy());
  }
  static thread_local std::mt19937_64 generator(std::random_device{}());
  return items[std::uniform_int_distribution<std::size_t>(0, items.size() - 1)(generator)];
}

Value length_of(CallContext&, const Arguments& arguments) {
  const Value& value = Bound("length", arguments, {"value"}).value("value");
  const auto found = length(value);
  if (!found) fail(fmt::format("'{}' object has no length", value.type_name()));
  return *found;
}

Value list(CallContext&, const Arguments& arguments) {
  return Value::list(iterate(Bound("list", arguments, {"value"}).value("value")));
}

Value reverse(CallContext&, const Arguments& arguments) {
  const Value& value = Bound("reverse", arguments, {"value"}).value("value");
  List items = iterate(value);
  std::reverse(items.begin(), items.end());
  if (!value.is_string()) return Value::list(std::move(items));
  std::string text;
  for (const Value& character : items) text += character.as_string();
  return text;
}

std::size_t positive_count(const Bound& bound, std::string_view parameter) {
  const std::int64_t count = bound.integer(parameter);
  if (count < 1) fail(fmt::format("'{}' must be at least 1", parameter));
  return static_cast<std::size_t>(count);
}

Value batch(CallContext&, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"value", "linecount", "fill_with"});
  const std::size_t size = positive_count(bound, "linecount");
  const Value fill = bound.value_or("fill_with", {});
  check_size(fill.is_none() ? 0 : size * item_bytes);
  List batches;
  List current;
  for (Value& item : iterate(bound.value("value"))) {
    if (current.size() == size) batches.push_back(Value::list(std::exchange(current, {})));
    current.push_back(std::move(item));
  }
  if (!current.empty()) {
    while (!fill.is_none() && current.size() < size) current.push_back(fill);
    batches.push_back(Value::list(std::move(current)));
  }
  return Value::list(std::move(batches));
}

Value slice(CallContext&, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"value", "slices", "fill_with"});
  const List items = iterate(bound.value("value"));
  const std::size_t slices = positive_count(bound, "slices");
  check_size(slices * item_bytes);
  const Value fill = bound.value_or("fill_with", {});
  const std::size_t whole = items.size() / slices;
  const std::size_t longer = items.size() % slices;
  List result;
  std::size_t at = 0;
  for (std::size_t index = 0; index < slices; ++index) {
    const std::size_t size = whole + (index < longer ? 1 : 0);
    List part(items.begin() + static_cast<std::ptrdiff_t>(at),
              items.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (!fill.is_none() && index >= longer) part.push_back(fill);
    result.push_back(Value::list(std::move(part)));
  }
  return Value::list(std::move(result));
}

Value items_of(CallContext&, const Arguments& arguments) {
  const Value& value = Bound("items", arguments, {"value"}).value("value");
  if (value.is_undefined()) return Value::list();
  if (!value.is_dict()) fail("items needs a dict");
  List items;
  for (const auto& [key, item] : value.as_dict()) items.push_back(Value::tuple({key, item}));
  return Value::list(std::move(items));
}

Value dictsort(CallContext&, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"value", "case_sensitive", "by", "reverse"});
  const std::string by = bound.string_or("by", "key");
  if (by != "key" && by != "value") fail("dictsort sorts by 'key' or by 'value'");
  const Case how = case_of(bound);
  std::vector<Keyed> pairs;
  for (const auto& [key, item] : bound.value("value").as_dict()) {
    pairs.push_back({folded(by == "key" ? key : item, how), Value::tuple({key, item})});
  }
  sort_by_key(pairs, bound.boolean_or("reverse", false));
  List result;
  for (Keyed& pair : pairs) result.push_back(std::move(pair.item));
  return Value::list(std::move(result));
}

Value attr(CallContext& context, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"value", "name"});
  const Value& value = bound.value("value");
  // Unlike value.name, this never looks among the members of a dict.
  if (value.is_dict()) {
    return Value::undefined(
        fmt::format("'dict object' has no attribute '{}'", bound.string("name")),
        context.context()->member_policy());
  }
  return get_attribute(value, bound.string("name"), context.context()->member_policy());
}

Value default_value(CallContext&, const Arguments& arguments) {
  const Bound bound("default", arguments, {"value", "default_value", "boolean"});
  const Value& value = bound.value("value");
  const bool by_truth = bound.value_or("boolean", false).truth();
  if (value.is_undefined() || (by_truth && !value.truth())) {
    return bound.value_or("default_value", "");
  }
  return value;
}

constexpr Builtin list_filters[] = {
    {"attr", attr},
    {"batch", batch},
    {"count", length_of},
    {"d", default_value},
    {"default", default_value},
    {"dictsort", dictsort},
    {"first", first},
    {"groupby", groupby},
    {"items", items_of},
    {"join", join},
    {"last", last},
    {"length", length_of},
    {"list", list},
    {"map", map},
    {"max", extreme_of<Extreme::greatest>},
    {"min", extreme_of<Extreme::least>},
    {"random", random_item},
    {"reject", pick<Keep::failing, Look::item>},
    {"rejectattr", pick<Keep::failing, Look::attribute>},
    {"reverse", reverse},
    {"select", pick<Keep::passing, Look::item>},
    {"selectattr", pick<Keep::passing, Look::attribute>},
    {"slice", slice},
    {"sort", sort},
    {"sum", sum},
    {"unique", unique},
};

}  // namespace

std::span<const Builtin> builtin_list_filters() {
  return list_filters;
}

}  // namespace pipeline::jinja
