// What templates hold in their hands: relations, columns, query results, times.
#pragma once

#include <chrono>
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
  explicit RelationValue(Relation relation, std::optional<RelationKind> kind = std::nullopt)
      : relation_(std::move(relation)), kind_(kind) {}

  const Relation& relation() const { return relation_; }

  std::string type_name() const override { return "Relation"; }
  std::optional<jinja::Value> get_attr(std::string_view name) const override;
  jinja::Value call_method(jinja::CallContext& context, std::string_view name,
                           const jinja::Arguments& arguments) override;
  std::string str() const override { return relation_.render(); }
  std::string repr() const override;
  bool equals(const Object& other) const override;
  std::size_t hash() const override;

 private:
  Relation relation_;
  std::optional<RelationKind> kind_;
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

/// What run_query() gives: rows, columns and column_names as an agate table has them.
jinja::Value table_value(const QueryResult& result);

/// A point in time as Python's datetime: prints as "2026-02-01 07:00:00+00:00"; strftime(),
/// isoformat(), date(), year ... second.
jinja::Value datetime_value(std::chrono::system_clock::time_point instant);

}  // namespace pipeline::dbt
