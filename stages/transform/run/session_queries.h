// Answers the questions of templates in the session of the models.
#pragma once

#include "common/mariadb/connection.h"
#include "stages/transform/compile/relation.h"

namespace pipeline::dbt {

/// One thread at a time, as its session.
class SessionQueries : public WarehouseQueries {
 public:
  /// questions_only: a template that runs anything else is refused (config_invalid).
  enum class Statements { any, questions_only };
  /// `scratch_schema` is one in which the session may make temporary tables.
  SessionQueries(Connection& session, std::string scratch_schema,
                 Statements statements = Statements::any)
      : session_(session), scratch_schema_(std::move(scratch_schema)), statements_(statements) {}

  std::optional<RelationKind> find(const Relation& relation) override;
  std::vector<ColumnInfo> columns(const Relation& relation) override;
  /// Integer and floating columns come as numbers, everything else, decimals included, as text.
  QueryResult run_query(const std::string& sql) override;

  /// Whether a template ran something else than a question, which may have left anything in the
  /// session.
  bool ran_statements() const { return ran_statements_; }

 private:
  std::vector<std::string> column_types(const std::string& sql);

  Connection& session_;
  std::string scratch_schema_;
  const Statements statements_;
  bool ran_statements_ = false;
};

}  // namespace pipeline::dbt
