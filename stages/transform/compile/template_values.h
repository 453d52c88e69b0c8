// What templates hold in their hands: relations, columns, query results, times.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/transform/compile/relation.h"
#include "stages/transform/jinja/value.h"

namespace pipeline::dbt {

/// dbt's Relation: prints as `schema`.`identifier`.
class RelationValue : public jinja::Object {
 public:
  enum class Part { included, left_out };
  enum class Quotes { no, yes };
  /// How the name is printed: what include() and quote() change.
  struct Look {
    Part schema = Part::included;
    Part identifier = Part::included;
    Quotes schema_quotes = Quotes::yes;
    Quotes identifier_quotes = Quotes::yes;
  };

  explicit RelationValue(Relation relation, std::optional<RelationKind> kind = std::nullopt)
      : relation_(std::move(relation)), kind_(kind) {}
  RelationValue(Relation relation, std::optional<RelationKind> kind, Look look)
      : relation_(std::move(relation)), kind_(kind), look_(look) {}

  const Relation& relation() const { return relation_; }

  std::string type_name() const override { return "Relation"; }
  std::optional<jinja::Value> get_attr(std::string_view name) const override;
  jinja::Value call_method(jinja::CallContext& context, std::string_view name,
                           const jinja::Arguments& arguments) override;
  std::string str() const override;
  std::string repr() const override;
  bool equals(const Object& other) const override;
  std::size_t hash() const override;

 private:
  Relation relation_;
  std::optional<RelationKind> kind_;
  Look look_;
};

/// dbt's Column: name, column, quoted, dtype, data_type, is_string() ...
class ColumnValue : public jinja::Object {
 public:
  explicit ColumnValue(ColumnInfo column) : column_(std::move(column)) {}

  std::string type_name() const override { return "Column"; }
  std::optional<jinja::Value> get_attr(std::string_view name) const override;
  jinja::Value call_method(jinja::CallContext& context, std::string_view name,
                           const jinja::Arguments& arguments) override;
  std::string str() const override;

 private:
  ColumnInfo column_;
};

/// A dict of dbt's whose other members are not there yet: asking for one is refused by name.
class KnownMembers : public jinja::Object {
 public:
  KnownMembers(std::string name, jinja::Dict members)
      : name_(std::move(name)), members_(jinja::Value::dict(std::move(members))) {}

  std::string type_name() const override { return "dict"; }
  /// Throws config_invalid for a name that is no member.
  std::optional<jinja::Value> get_attr(std::string_view name) const override;
  jinja::Value call_method(jinja::CallContext& context, std::string_view name,
                           const jinja::Arguments& arguments) override;
  std::optional<jinja::List> items() const override;
  bool is_mapping() const override { return true; }
  std::string str() const override { return members_.str(); }

 private:
  std::string name_;  // "flags"
  jinja::Value members_;
};

/// What run_query() gives: rows, columns and column_names as an agate table has them.
jinja::Value table_value(const QueryResult& result);

}  // namespace pipeline::dbt
