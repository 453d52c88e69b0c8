#include "bench/sample_source/sql_text.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "bench/sample_source/row_text.h"
#include "bench/sample_source/schema.h"
#include "bench/sample_source/story.h"

namespace pipeline::source {
namespace {

// Small enough that several INSERTs a table appear even in a small database.
constexpr std::size_t rows_per_insert = 500;

std::string name_list(const std::vector<std::string_view>& columns) {
  return fmt::format("`{}`", fmt::join(columns, "`,`"));
}

/// "INSERT ... VALUES (...), (...);" with so many rows each, one row a line.
class Inserts {
 public:
  Inserts(std::string_view table, const std::vector<std::string_view>& columns, const Sink& sink)
      : head_(fmt::format("INSERT INTO `{}` ({}) VALUES\n", table, name_list(columns))),
        sink_(sink) {}

  /// Appends "(...)" to the text that it is given.
  template <typename Append>
  void add(Append append) {
    text_ = rows_ % rows_per_insert == 0 ? (rows_ == 0 ? "" : ";\n") + head_ : ",\n";
    append(text_);
    sink_(text_);
    ++rows_;
  }

  void finish() {
    if (rows_ != 0) sink_(";\n");
  }

 private:
  std::string head_;
  const Sink& sink_;
  std::string text_;
  std::size_t rows_ = 0;
};

// ---- the tables in staging that do not come from the dump --------------------------------------

/// A table whose rows are all told, here and not by a story.
class ToldTable {
 public:
  ToldTable(const TableSpec& table, const Sink& sink)
      : table_(table), cells_(table), inserts_(table.name, names(table), sink) {
    sink(fmt::format("\n{};\n", create_table(table, Spelling::mysql8, 0)));
  }

  /// The cells of the next row, all NULL; it is written by the next call or by finish().
  ToldCells& next() {
    write();
    cells_.clear();
    cells_["id"] = number(++rows_);
    return cells_;
  }

  void finish() {
    write();
    inserts_.finish();
  }

 private:
  static std::vector<std::string_view> names(const TableSpec& table) {
    std::vector<std::string_view> all;
    for (const Column& column : table.columns) all.push_back(column.name);
    return all;
  }

  void write() {
    if (rows_ == 0) return;
    inserts_.add([&](std::string& out) {
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        out += i == 0 ? '(' : ',';
        out += cells_.at(i);
      }
      out += ')';
    });
  }

  const TableSpec& table_;
  ToldCells cells_;
  Inserts inserts_;
  std::int64_t rows_ = 0;
};

void copy(std::initializer_list<std::string_view> columns, ToldCells& from, ToldCells& to) {
  for (const std::string_view column : columns) to[column] = from[column];
}

/// The cells of a tenant or an apartment as they stand in the source.
class Told {
 public:
  explicit Told(const Source& source, std::string_view table)
      : source_(source), table_(table), cells_(source_table(table)) {}

  template <typename Tell>
  ToldCells& operator()(Id id, Tell tell) {
    Row row = keyed_row(source_.options(), table_, id);
    cells_.clear();
    tell(source_.world(), source_.options(), row, cells_);
    return cells_;
  }

 private:
  const Source& source_;
  std::string_view table_;
  ToldCells cells_;
};

void write_snapshots(const Source& source, const TableSpec& table, const Sink& sink) {
  const Date today = source.options().date;
  ToldTable snapshots(table, sink);
  Told tenants(source, "tenants");
  for (const Date day : {today - std::chrono::days(1), today}) {
    for (Id id = 1; id <= static_cast<Id>(source.world().tenants.size()); ++id) {
      ToldCells& row = snapshots.next();
      row["tenant_id"] = number(id);
      copy({"status", "contract_type", "full_name"}, tenants(id, tell_tenant), row);
      row["snapshot_date"] = date(day);
    }
  }
  snapshots.finish();
}

void write_enrichment(const Source& source, const TableSpec& table, const Sink& sink) {
  constexpr Id one_in = 20;
  ToldTable enrichment(table, sink);
  Told tenants(source, "tenants");
  for (Id id = 1; id <= static_cast<Id>(source.world().tenants.size()); id += one_in) {
    ToldCells& row = enrichment.next();
    row["tenant_id"] = number(id);
    copy({"full_name"}, tenants(id, tell_tenant), row);
    row["full_name_hash"] = text(fmt::format("{:064x}", id));
    row["llm_nationality"] = text("見本国001");
    row["llm_confidence"] = "0.875";
    row["enriched_at"] = date_time(
        {.day = source.options().date - std::chrono::days(30), .time = std::chrono::hours(3)});
    row["model_version"] = text("sample-model-1");
  }
  enrichment.finish();
}

void write_locations(const Source& source, const TableSpec& table, const Sink& sink) {
  ToldTable locations(table, sink);
  Told apartments(source, "apartments");
  for (Id id = 1; id <= static_cast<Id>(source.world().apartments.size()); ++id) {
    ToldCells& row = locations.next();
    ToldCells& apartment = apartments(id, tell_apartment);
    row["apartment_id"] = number(id);
    row["asset_id_hj"] = apartment["unique_number"];
    copy({"apartment_name", "full_address", "prefecture", "municipality"}, apartment, row);
    row["latitude"] = "35.7000000";
    row["longitude"] = "139.7000000";
    row["source_updated_at"] = apartment["updated_at"];
  }
  locations.finish();
}

}  // namespace

void write_sql(const Source& source, const std::vector<const TableSpec*>& tables,
               const Sink& sink) {
  sink(
      "SET NAMES utf8mb4;\n"
      "SET time_zone='+09:00';\n"
      "SET sql_mode='NO_AUTO_VALUE_ON_ZERO';\n"
      "SET foreign_key_checks=0;\n");
  for (const TableSpec* table : tables) {
    sink(fmt::format("\nDROP TABLE IF EXISTS `{}`;\n{};\n", table->name,
                     create_table(*table, Spelling::mysql8, 0)));
    const RowText rows(source, *table, TextFor::server);
    Inserts inserts(table->name, rows.columns(), sink);
    source.for_each_row(*table, [&](const Row& row, const ToldCells& cells) {
      inserts.add([&](std::string& out) { rows.append(row, cells, out); });
    });
    inserts.finish();
  }
  sink("\nSET foreign_key_checks=1;\n");
}

void write_staging_extras(const Source& source, const Sink& sink) {
  const auto& tables = staging_extra_tables();
  sink("SET NAMES utf8mb4;\nSET sql_mode='NO_AUTO_VALUE_ON_ZERO';\n");
  write_snapshots(source, tables[0], sink);
  write_enrichment(source, tables[1], sink);
  write_locations(source, tables[2], sink);
}

}  // namespace pipeline::source
