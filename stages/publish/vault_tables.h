// The tables of the vault: their names, their columns, and whether they still fit what they keep.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/row_comparison.h"

namespace pipeline::publish {

/// A table whose every version the vault keeps.
struct VaultedTable {
  TableName live;
  std::vector<std::string> key;  // columns that name a row
};

/// Columns that stand before the image of a row.
inline constexpr std::string_view vault_batch_column = "vault_batch";
inline constexpr std::string_view vault_op_column = "vault_op";  // I U D

/// `vault`.`silver__tenant_status_history`; a name over 64 characters is shortened by a hash.
TableName vault_table(std::string_view vault_schema, const TableName& live);

/// What is wrong with keeping rows of these columns in this vault table, each with what to type;
/// empty: nothing. `kept` are the columns of the vault table, none if it does not exist;
/// `kept_key` its primary key. Columns that only the vault table has are fine: nothing is ever
/// dropped there. `init_command` is what a person types to have tables made and columns added.
std::vector<std::string> vault_misfits(const VaultedTable& table, const TableName& vault,
                                       const std::vector<TableColumn>& columns,
                                       const std::vector<TableColumn>& kept,
                                       const std::vector<std::string>& kept_key,
                                       std::string_view init_command);

/// The statement that makes the vault table or adds the columns that it lacks; empty if it needs
/// neither. Throws config_invalid for what a vault table cannot keep: a key column of a type
/// without an index of its whole, a column with a name of the vault's own.
std::string vault_statement(const VaultedTable& table, const TableName& vault,
                            const std::vector<TableColumn>& columns,
                            const std::vector<TableColumn>& kept);

/// The definition of `column` in a table that only keeps values: type, character set, collation,
/// and NULL or NOT NULL.
std::string kept_definition(const TableColumn& column, TableColumn::Nullable nullable);

}  // namespace pipeline::publish
