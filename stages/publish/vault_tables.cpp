#include "stages/publish/vault_tables.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/names.h"

namespace pipeline::publish {
namespace {

bool is_key_column(const VaultedTable& table, const TableColumn& column) {
  return std::ranges::any_of(
      table.key, [&](const auto& name) { return to_lower(name) == to_lower(column.name); });
}

bool same_names(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  return std::ranges::equal(
      one, other, [](const auto& a, const auto& b) { return to_lower(a) == to_lower(b); });
}

/// "bigint(20) unsigned" and "bigint(21) unsigned" hold the same; the number is for showing.
std::string without_display_width(const TableColumn& column) {
  if (!column.data_type.ends_with("int")) return column.column_type;
  const auto open = column.column_type.find('(');
  const auto close = column.column_type.find(')');
  if (open == std::string::npos || close == std::string::npos) return column.column_type;
  return column.column_type.substr(0, open) + column.column_type.substr(close + 1);
}

/// The n of varchar(n) and varbinary(n); -1 for other types.
int length_of(const TableColumn& column) {
  if (column.data_type != "varchar" && column.data_type != "varbinary") return -1;
  const auto open = column.column_type.find('(');
  int length = -1;
  if (open != std::string::npos) {
    const char* end = column.column_type.data() + column.column_type.size();
    std::from_chars(column.column_type.data() + open + 1, end, length);
  }
  return length;
}

/// Whether every value of `column` fits into `kept` unchanged.
bool holds(const TableColumn& kept, const TableColumn& column) {
  if (kept.charset != column.charset) return false;
  if (kept.data_type == column.data_type && length_of(column) >= 0) {
    return length_of(kept) >= length_of(column);
  }
  return without_display_width(kept) == without_display_width(column);
}

void refuse_unkeepable(const VaultedTable& table, const std::vector<TableColumn>& columns) {
  for (const auto& name : table.key) {
    const TableColumn* column = find_column(columns, name);
    if (column == nullptr) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{} has no column {} to find rows by", table.live.text(), name));
    }
    const std::string& type = column->data_type;
    if (type.ends_with("text") || type.ends_with("blob") || type == "json") {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("the key column {} of {} is of type {}, which no key can hold whole; "
                              "cast it to char(n) in the model",
                              name, table.live.text(), type));
    }
  }
  for (const auto own : {vault_batch_column, vault_op_column}) {
    if (find_column(columns, own) == nullptr) continue;
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} has a column {}, a name that the vault needs itself; rename it",
                            table.live.text(), own));
  }
}

std::string column_line(const VaultedTable& table, const TableColumn& column) {
  const auto nullable =
      is_key_column(table, column) ? TableColumn::Nullable::no : TableColumn::Nullable::yes;
  return quote_name(column.name) + " " + kept_definition(column, nullable);
}

std::string create_statement(const VaultedTable& table, const TableName& vault,
                             const std::vector<TableColumn>& columns) {
  std::string sql = fmt::format(
      "CREATE TABLE {} (\n  {} BIGINT UNSIGNED NOT NULL,\n  {} CHAR(1) CHARACTER SET ascii NOT "
      "NULL",
      vault.quoted(), quote_name(vault_batch_column), quote_name(vault_op_column));
  for (const auto& column : columns) sql += ",\n  " + column_line(table, column);
  const std::string key = name_list(table.key);
  return sql + fmt::format(
                   ",\n  PRIMARY KEY ({0}, {1}),\n  KEY by_key ({1}, {0})\n) ENGINE=InnoDB DEFAULT "
                   "CHARSET=utf8mb4 COMMENT={2}",
                   quote_name(vault_batch_column), key,
                   quote_text("every version of each row of " + table.live.text()));
}

}  // namespace

TableName vault_table(std::string_view vault_schema, const TableName& live) {
  return {std::string(vault_schema), with_suffix(live.schema + "__" + live.table, "")};
}

std::string kept_definition(const TableColumn& column, TableColumn::Nullable nullable) {
  std::string text = column.column_type;
  if (!column.charset.empty()) {
    text += fmt::format(" CHARACTER SET {} COLLATE {}", column.charset, column.collation);
  }
  // Said outright: a TIMESTAMP that says nothing would be NOT NULL and change by itself.
  return text + (nullable == TableColumn::Nullable::yes ? " NULL DEFAULT NULL" : " NOT NULL");
}

std::vector<std::string> vault_misfits(const VaultedTable& table, const TableName& vault,
                                       const std::vector<TableColumn>& columns,
                                       const std::vector<TableColumn>& kept,
                                       const std::vector<std::string>& kept_key,
                                       std::string_view init_command) {
  if (kept.empty()) {
    return {fmt::format("{} has no table {} in the vault; make it with: {}", table.live.text(),
                        vault.text(), init_command)};
  }
  std::vector<std::string> misfits;
  std::vector<std::string> key{std::string(vault_batch_column)};
  key.insert(key.end(), table.key.begin(), table.key.end());
  if (!same_names(key, kept_key)) {
    misfits.push_back(fmt::format(
        "{} keeps rows by ({}), but {} is protected by ({}); rename that table away, so that its "
        "versions stay, and make a new one with: {}",
        vault.text(), join(kept_key, ", "), table.live.text(), join(key, ", "), init_command));
  }
  std::vector<std::string> missing;
  for (const auto& column : columns) {
    const TableColumn* found = find_column(kept, column.name);
    if (found == nullptr) {
      missing.push_back(column.name);
      continue;
    }
    const bool in_key = is_key_column(table, column);
    if (holds(*found, column) && (!in_key || found->collation == column.collation)) continue;
    misfits.push_back(fmt::format(
        "{}.{} is {}{}, which {} may not hold ({}{}); as an administrator: ALTER TABLE {} MODIFY "
        "{}",
        table.live.text(), column.name, column.column_type,
        column.collation.empty() ? "" : " " + column.collation, vault.text(), found->column_type,
        found->collation.empty() ? "" : " " + found->collation, vault.quoted(),
        column_line(table, column)));
  }
  if (!missing.empty()) {
    misfits.push_back(fmt::format("{} lacks the column{} {} of {}; add with: {}", vault.text(),
                                  missing.size() == 1 ? "" : "s", join(missing, ", "),
                                  table.live.text(), init_command));
  }
  return misfits;
}

std::string vault_statement(const VaultedTable& table, const TableName& vault,
                            const std::vector<TableColumn>& columns,
                            const std::vector<TableColumn>& kept) {
  refuse_unkeepable(table, columns);
  if (kept.empty()) return create_statement(table, vault, columns);
  std::vector<std::string> added;
  for (const auto& column : columns) {
    if (find_column(kept, column.name) == nullptr) {
      added.push_back("ADD COLUMN " + column_line(table, column));
    }
  }
  if (added.empty()) return "";
  return fmt::format("ALTER TABLE {} {}", vault.quoted(), join(added, ", "));
}

}  // namespace pipeline::publish
