// Answers of the warehouse, recorded in one rendering of a template and given again in another.
#pragma once

#include <deque>
#include <utility>
#include <variant>

#include "stages/transform/compile/relation.h"

namespace pipeline::dbt {

/// A view is tested under its shadow names and published under its live ones. Both renderings must
/// get the same answers, those about the candidates, or what goes live is not what was tested; the
/// live relations are still yesterday's. So the shadow rendering records, the live one replays.
class RecordedQueries : public WarehouseQueries {
 public:
  explicit RecordedQueries(WarehouseQueries& warehouse) : warehouse_(warehouse) {}

  std::optional<RelationKind> find(const Relation& relation) override;
  std::vector<ColumnInfo> columns(const Relation& relation) override;
  QueryResult run_query(const std::string& sql) override;

 private:
  friend class ReplayedQueries;
  using Answer = std::variant<std::optional<RelationKind>, std::vector<ColumnInfo>, QueryResult>;

  WarehouseQueries& warehouse_;
  std::deque<Answer> answers_;
};

/// Gives the answers in the order in which they were recorded. A question that was not asked then,
/// or of another kind, is a config_invalid: the template looks at its own names.
class ReplayedQueries : public WarehouseQueries {
 public:
  explicit ReplayedQueries(RecordedQueries recorded) : answers_(std::move(recorded.answers_)) {}

  std::optional<RelationKind> find(const Relation& relation) override;
  std::vector<ColumnInfo> columns(const Relation& relation) override;
  QueryResult run_query(const std::string& sql) override;

 private:
  template <typename Kind>
  Kind next();

  std::deque<RecordedQueries::Answer> answers_;
};

}  // namespace pipeline::dbt
