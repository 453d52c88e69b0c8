// The statements that make candidates, as text.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/identifier.h"
#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

/// Statements that hold a model's SQL have it begin on this line, so that a line that the server
/// names can be found in the model.
inline constexpr int model_sql_line = 2;

/// `table_options` stand behind the name: "ENGINE=InnoDB ...".
std::string create_table_as(const TableName& table, std::string_view table_options,
                            std::string_view sql);
std::string create_view_as(const TableName& view, std::string_view sql);

/// Columns of a table that cannot be in an index as a whole (text, long varchar), by their name in
/// small letters.
using LongColumns = std::set<std::string>;

/// One ALTER TABLE for all of `indexes`. A long column gets a prefix, except in a unique index,
/// which must see all of it. An index without a name is called after its columns.
std::string add_indexes(const TableName& table, const std::vector<IndexConfig>& indexes,
                        const LongColumns& long_columns);

/// Deletes the rows of `candidate` whose key stands in `scratch`; NULL is equal to NULL.
std::string delete_matching(const TableName& candidate, const TableName& scratch,
                            const std::vector<std::string>& unique_key);
std::string insert_from(const TableName& candidate, const TableName& scratch,
                        const std::vector<std::string>& columns);

/// Where the increment of an incremental model is put: "<name>__dbt_tmp", the name shortened by a
/// hash where both do not fit.
TableName scratch_table(const TableName& candidate);

}  // namespace pipeline::dbt
