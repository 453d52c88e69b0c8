#include "stages/transform/run/node_sql.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/transform/run/candidate_copy.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t hash_characters = 8;
// Three such columns of four-byte characters fit InnoDB's 3072 bytes a key.
constexpr int index_prefix_characters = 255;
constexpr std::string_view scratch_suffix = "__dbt_tmp";

/// `name` cut to `bytes_max` with a hash of the whole, at a character's start.
std::string shortened(std::string_view name, std::size_t bytes_max) {
  if (name.size() <= bytes_max) return std::string(name);
  std::size_t cut = bytes_max - hash_characters - 1;
  while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0U) == 0x80U) --cut;
  return fmt::format("{}_{}", name.substr(0, cut), sha256_hex(name).substr(0, hash_characters));
}

std::string index_sql(const IndexConfig& index, const LongColumns& long_columns) {
  std::vector<std::string> columns;
  for (const auto& column : index.columns) {
    const bool cut = !index.unique && long_columns.contains(to_lower(column));
    columns.push_back(quote_name(column) +
                      (cut ? fmt::format("({})", index_prefix_characters) : ""));
  }
  const std::string name =
      index.name.empty() ? shortened(join(index.columns, "_"), name_bytes_max) : index.name;
  const bool fulltext = to_lower(index.type) == "fulltext";
  const std::string kind = index.unique ? "UNIQUE INDEX" : fulltext ? "FULLTEXT INDEX" : "INDEX";
  const std::string use =
      index.type.empty() || fulltext ? "" : fmt::format(" USING {}", index.type);
  return fmt::format("ADD {} {} ({}){}", kind, quote_name(name), join(columns, ", "), use);
}

}  // namespace

std::string create_table_as(const TableName& table, std::string_view table_options,
                            std::string_view sql) {
  return fmt::format("CREATE TABLE {} {} AS\n{}", table.quoted(), table_options, sql);
}

std::string create_view_as(const TableName& view, std::string_view sql) {
  return fmt::format("CREATE SQL SECURITY INVOKER VIEW {} AS\n{}", view.quoted(), sql);
}

std::string add_indexes(const TableName& table, const std::vector<IndexConfig>& indexes,
                        const LongColumns& long_columns) {
  std::vector<std::string> changes;
  for (const auto& index : indexes) changes.push_back(index_sql(index, long_columns));
  return fmt::format("ALTER TABLE {} {}", table.quoted(), join(changes, ", "));
}

std::string delete_matching(const TableName& candidate, const TableName& scratch,
                            const std::vector<std::string>& unique_key) {
  // Without aliases, which a DELETE looks up in the session's database, and there may be none.
  const std::string target = candidate.quoted();
  const std::string source = scratch.quoted();
  std::vector<std::string> equal;
  for (const auto& column : unique_key) {
    equal.push_back(fmt::format("{0}.{2} <=> {1}.{2}", target, source, quote_name(column)));
  }
  return fmt::format("DELETE FROM {0} USING {0} JOIN {1} ON {2}", target, source,
                     join(equal, " AND "));
}

std::string insert_from(const TableName& candidate, const TableName& scratch,
                        const std::vector<std::string>& columns) {
  const std::string list = column_list(columns);
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", candidate.quoted(), list, list,
                     scratch.quoted());
}

TableName scratch_table(const TableName& candidate) {
  return {
      candidate.schema,
      shortened(candidate.table, name_bytes_max - scratch_suffix.size()).append(scratch_suffix)};
}

}  // namespace pipeline::dbt
