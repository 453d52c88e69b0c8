// The name of a table or view, and what a template may ask the server about it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pipeline::dbt {

/// Candidates of schema S are built in S + shadow_suffix.
inline constexpr const char* shadow_suffix = "__next";

struct Relation {
  std::string schema;
  std::string identifier;

  /// `schema`.`identifier`, with backticks inside names doubled: as dbt-mysql prints it.
  std::string render() const;
  /// The same relation in the shadow schema.
  Relation shadow() const;
  auto operator<=>(const Relation&) const = default;
};

enum class RelationKind { table, view };

struct ColumnInfo {
  std::string name;
  std::string data_type;  // with its size: varchar(20), int(11) unsigned, decimal(10,2)
};

struct QueryResult {
  using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Rows that run_query() may bring into a template.
inline constexpr std::size_t query_rows_max = 100'000;

/// The questions that templates ask the server. Declared here, answered by the room that holds
/// sessions. Called by the thread that compiles. Failures of the server are thrown as Error
/// (sql_rejected, unavailable ...); the template engine adds the place of the call.
class WarehouseQueries {
 public:
  virtual ~WarehouseQueries() = default;

  /// The kind of a relation that exists now; nullopt if there is none.
  virtual std::optional<RelationKind> find(const Relation& relation) = 0;
  /// In the order of the table; empty if there is no such relation.
  virtual std::vector<ColumnInfo> columns(const Relation& relation) = 0;
  /// Runs one statement in the session of the model. A statement without a result gives no
  /// columns. More than query_rows_max rows are an Error resource_exhausted.
  virtual QueryResult run_query(const std::string& sql) = 0;
};

}  // namespace pipeline::dbt
