#include "stages/transform/compile/template_values.h"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

using jinja::Arguments;
using jinja::Bound;
using jinja::CallContext;
using jinja::Dict;
using jinja::List;
using jinja::Value;

/// Something with named parts in an order, as agate's rows, columns and tables have them.
class NamedList : public jinja::Object {
 public:
  NamedList(std::string type, std::vector<std::string> names, List values)
      : type_(std::move(type)), names_(std::move(names)), values_(std::move(values)) {}

  std::string type_name() const override { return type_; }

  std::optional<Value> get_attr(std::string_view name) const override {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return std::nullopt;
    return values_[static_cast<std::size_t>(found - names_.begin())];
  }

  std::optional<Value> get_item(const Value& key) const override {
    if (!key.is_int()) return std::nullopt;
    const auto count = static_cast<std::int64_t>(values_.size());
    const std::int64_t at = key.as_int() < 0 ? key.as_int() + count : key.as_int();
    if (at < 0 || at >= count) return std::nullopt;
    return values_[static_cast<std::size_t>(at)];
  }

  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "values") return Value::list(values_);
    if (name == "keys") return keys();
    if (name == "items" || name == "dict") {
      Dict dict;
      List pairs;
      for (std::size_t i = 0; i < values_.size() && i < names_.size(); ++i) {
        dict.set(names_[i], values_[i]);
        pairs.push_back(Value::tuple({Value(names_[i]), values_[i]}));
      }
      return name == "dict" ? Value::dict(std::move(dict)) : Value::list(std::move(pairs));
    }
    if (name == "get") {
      const Bound bound("get", arguments, {"key", "default"});
      return get_attr(bound.string("key")).value_or(bound.value_or("default", Value()));
    }
    return Object::call_method(context, name, arguments);
  }

  bool truth() const override { return !values_.empty(); }
  std::optional<List> items() const override { return values_; }
  std::string str() const override { return Value::list(values_).str(); }

 protected:
  Value keys() const {
    List list(names_.begin(), names_.end());
    return Value::list(std::move(list));
  }

 private:
  std::string type_;
  std::vector<std::string> names_;
  List values_;
};

/// One column of a result: its values, and a name.
class ResultColumn : public NamedList {
 public:
  ResultColumn(std::string name, List values)
      : NamedList("Column", {}, std::move(values)), name_(std::move(name)) {}
  std::optional<Value> get_attr(std::string_view attribute) const override {
    if (attribute == "name") return Value(name_);
    return std::nullopt;
  }

 private:
  std::string name_;
};

class TableValue : public jinja::Object {
 public:
  TableValue(Value rows, Value columns, Value names)
      : rows_(std::move(rows)), columns_(std::move(columns)), names_(std::move(names)) {}

  std::string type_name() const override { return "Table"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "rows") return rows_;
    if (name == "columns") return columns_;
    if (name == "column_names") return names_;
    return std::nullopt;
  }
  std::optional<Value> get_item(const Value& key) const override {
    return rows_.as_object().get_item(key);
  }
  std::optional<List> items() const override { return rows_.as_object().items(); }
  bool truth() const override { return true; }

 private:
  Value rows_;
  Value columns_;
  Value names_;
};

Value cell_value(const QueryResult::Cell& cell) {
  return std::visit(
      [](const auto& held) -> Value {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return {};
        } else {
          return held;
        }
      },
      cell);
}

bool starts_with_any(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.starts_with(word); });
}

}  // namespace

std::optional<Value> KnownMembers::get_attr(std::string_view name) const {
  if (const Value* member = members_.as_dict().find(Value(name))) return *member;
  throw Error(ErrorKind::config_invalid, fmt::format("not supported yet: {}.{}", name_, name));
}

Value KnownMembers::call_method(CallContext& context, std::string_view name,
                                const Arguments& arguments) {
  if (name == "get") {
    const Bound bound("get", arguments, {"key", "default"});
    return get_attr(bound.string("key")).value_or(bound.value_or("default", Value()));
  }
  List list;
  for (const auto& [key, value] : members_.as_dict()) {
    if (name == "keys") list.push_back(key);
    if (name == "values") list.push_back(value);
    if (name == "items") list.push_back(Value::tuple({key, value}));
  }
  if (!list.empty()) return Value::list(std::move(list));
  return Object::call_method(context, name, arguments);
}

std::optional<List> KnownMembers::items() const {
  List keys;
  for (const auto& [key, value] : members_.as_dict()) keys.push_back(key);
  return keys;
}

namespace {

/// Which parts of its name a relation prints, or quotes; dbt-mysql has no database above a schema.
Value parts_of_name(bool schema, bool identifier) {
  return Value::dict({{"database", false}, {"schema", schema}, {"identifier", identifier}});
}

std::string printed(const std::string& name, bool quoted) {
  return quoted ? "`" + replace_all(name, "`", "``") + "`" : name;
}

}  // namespace

std::optional<Value> RelationValue::get_attr(std::string_view name) const {
  if (name == "schema") return Value(relation_.schema);
  if (name == "identifier" || name == "name" || name == "table" || name == "alias") {
    return Value(relation_.identifier);
  }
  if (name == "database") return Value();
  if (name == "type") {
    if (!kind_) return Value();
    return Value(*kind_ == RelationKind::view ? "view" : "table");
  }
  if (name == "is_view") return kind_ == RelationKind::view;
  if (name == "is_table") return kind_ == RelationKind::table;
  if (name == "is_cte") return false;
  if (name == "path") {
    return Value::dict({{"database", Value()},
                        {"schema", relation_.schema},
                        {"identifier", relation_.identifier}});
  }
  if (name == "include_policy") {
    return parts_of_name(look_.schema == Part::included, look_.identifier == Part::included);
  }
  if (name == "quote_policy") {
    return parts_of_name(look_.schema_quotes == Quotes::yes,
                         look_.identifier_quotes == Quotes::yes);
  }
  return std::nullopt;
}

Value RelationValue::call_method(CallContext& context, std::string_view name,
                                 const Arguments& arguments) {
  if (name == "render") return str();
  if (name == "include" || name == "quote") {
    const Bound bound(name, arguments, {"database", "schema", "identifier"});
    if (name == "include" && bound.boolean_or("database", false)) {
      throw Error(ErrorKind::config_invalid, "a relation of MySQL has no database to include");
    }
    Look look = look_;
    for (const auto& [part, included, quotes] :
         {std::tuple{"schema", &look.schema, &look.schema_quotes},
          std::tuple{"identifier", &look.identifier, &look.identifier_quotes}}) {
      if (!bound.has(part)) continue;
      const bool wanted = bound.boolean(part);
      if (name == "include") {
        *included = wanted ? Part::included : Part::left_out;
      } else {
        *quotes = wanted ? Quotes::yes : Quotes::no;
      }
    }
    return std::make_shared<RelationValue>(relation_, kind_, look);
  }
  if (name == "without_identifier") {
    Look look = look_;
    look.identifier = Part::left_out;
    return std::make_shared<RelationValue>(relation_, kind_, look);
  }
  return Object::call_method(context, name, arguments);
}

std::string RelationValue::str() const {
  std::vector<std::string> parts;
  if (look_.schema == Part::included) {
    parts.push_back(printed(relation_.schema, look_.schema_quotes == Quotes::yes));
  }
  if (look_.identifier == Part::included) {
    parts.push_back(printed(relation_.identifier, look_.identifier_quotes == Quotes::yes));
  }
  return join(parts, ".");
}

std::string RelationValue::repr() const {
  return fmt::format("<Relation {}>", str());
}

bool RelationValue::equals(const Object& other) const {
  const auto* relation = dynamic_cast<const RelationValue*>(&other);
  return relation != nullptr && relation->relation_ == relation_;
}

std::size_t RelationValue::hash() const {
  return std::hash<std::string>{}(relation_.render());
}

std::optional<Value> ColumnValue::get_attr(std::string_view name) const {
  if (name == "name" || name == "column") return Value(column_.name);
  if (name == "quoted") return Value("`" + replace_all(column_.name, "`", "``") + "`");
  if (name == "data_type") return Value(column_.data_type);
  if (name == "dtype") return Value(column_.data_type.substr(0, column_.data_type.find('(')));
  return std::nullopt;
}

Value ColumnValue::call_method(CallContext& context, std::string_view name,
                               const Arguments& arguments) {
  const std::string type = to_lower(column_.data_type);
  const bool is_text = type.find("char") != std::string::npos ||
                       type.find("text") != std::string::npos ||
                       starts_with_any(type, {"enum", "set"});
  const bool is_integer = type.find("int") != std::string::npos;
  const bool is_numeric = starts_with_any(type, {"decimal", "numeric"});
  const bool is_float = starts_with_any(type, {"float", "double", "real"});
  if (name == "is_string") return is_text;
  if (name == "is_integer") return is_integer;
  if (name == "is_numeric") return is_numeric;
  if (name == "is_float") return is_float;
  if (name == "is_number") return is_integer || is_numeric || is_float;
  return Object::call_method(context, name, arguments);
}

std::string ColumnValue::str() const {
  return fmt::format("<Column {} ({})>", column_.name, column_.data_type);
}

Value table_value(const QueryResult& result) {
  List rows;
  std::vector<List> by_column(result.columns.size());
  for (const auto& row : result.rows) {
    List cells;
    for (std::size_t i = 0; i < row.size() && i < by_column.size(); ++i) {
      cells.push_back(cell_value(row[i]));
      by_column[i].push_back(cells.back());
    }
    rows.push_back(std::make_shared<NamedList>("Row", result.columns, std::move(cells)));
  }
  List columns;
  List names;
  for (std::size_t i = 0; i < by_column.size(); ++i) {
    columns.push_back(std::make_shared<ResultColumn>(result.columns[i], std::move(by_column[i])));
    names.emplace_back(result.columns[i]);
  }
  return std::make_shared<TableValue>(
      std::make_shared<NamedList>("Rows", std::vector<std::string>{}, std::move(rows)),
      std::make_shared<NamedList>("Columns", result.columns, std::move(columns)),
      Value::tuple(std::move(names)));
}

}  // namespace pipeline::dbt
