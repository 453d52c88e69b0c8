// Jinja's global functions: range, dict, namespace and their like.
#include <algorithm>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/builtins.h"
#include "stages/transform/jinja/operators.h"

namespace pipeline::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

Value range(CallContext&, const Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"});
  std::int64_t begin = 0;
  std::int64_t end = bound.integer("start");
  if (bound.has("stop")) {
    begin = end;
    end = bound.integer("stop");
  }
  const std::int64_t step = bound.integer_or("step", 1);
  if (step == 0) fail("range() with the step zero");
  List items;
  for (std::int64_t at = begin; step > 0 ? at < end : at > end;) {
    if (static_cast<std::int64_t>(items.size()) >= range_items_max) {
      fail(fmt::format("range() gives more than {} items", range_items_max));
    }
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return Value::list(std::move(items));
}

Dict dict_from(std::string_view function, const Arguments& arguments) {
  Dict entries;
  if (arguments.positional.size() > 1) {
    fail(fmt::format("{}() takes at most one positional argument", function));
  }
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is_dict()) {
      entries = source.as_dict();
    } else {
      for (const Value& pair : iterate(source)) {
        const List parts = iterate(pair);
        if (parts.size() != 2) fail(fmt::format("{}() needs a dict or pairs", function));
        entries.set(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.keyword) entries.set(name, value);
  return entries;
}

Value dict(CallContext&, const Arguments& arguments) {
  return Value::dict(dict_from("dict", arguments));
}

// The one object whose attributes a template may set: {% set ns.x = 1 %}.
class Namespace final : public Object {
 public:
  explicit Namespace(Dict attributes) : attributes_(std::move(attributes)) {}
  std::string type_name() const override { return "Namespace"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    const Value* found = attributes_.find(Value(name));
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  bool set_attr(std::string_view name, const Value& value) override {
    attributes_.set(Value(name), value);
    return true;
  }
  std::string str() const override { return "<Namespace " + Value::dict(attributes_).repr() + ">"; }

 private:
  Dict attributes_;
};

Value make_namespace(CallContext&, const Arguments& arguments) {
  return Value(std::make_shared<Namespace>(dict_from("namespace", arguments)));
}

class Cycler final : public Object {
 public:
  explicit Cycler(List items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "current") return items_[at_];
    return std::nullopt;
  }
  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "next") {
      Value value = items_[at_];
      at_ = (at_ + 1) % items_.size();
      return value;
    }
    if (name == "reset") {
      at_ = 0;
      return {};
    }
    return Object::call_method(context, name, arguments);
  }

 private:
  List items_;
  std::size_t at_ = 0;
};

Value cycler(CallContext&, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("cycler() needs at least one item");
  return Value(std::make_shared<Cycler>(arguments.positional));
}

// Empty text at its first call, the separator at every later one.
class Joiner final : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(CallContext&, const Arguments&) override {
    return std::exchange(used_, true) ? separator_ : std::string();
  }

 private:
  std::string separator_;
  bool used_ = false;
};

Value joiner(CallContext&, const Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  return Value(std::make_shared<Joiner>(bound.string_or("sep", ", ")));
}

constexpr Builtin builtin_table[] = {
    {"range", range},   {"dict", dict},     {"namespace", make_namespace},
    {"cycler", cycler}, {"joiner", joiner},
};

}  // namespace

std::span<const Builtin> builtin_globals() {
  return builtin_table;
}

}  // namespace pipeline::jinja
