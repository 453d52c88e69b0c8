#include "bench/sample_source/table_spec.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/error.h"

namespace pipeline::source {
namespace {

struct TypeName {
  std::string_view mysql8;
  std::string_view mariadb;
};
// What MariaDB prints otherwise than MySQL 8, which has given up display widths.
constexpr std::array<TypeName, 8> type_names{{
    {"int unsigned", "int(10) unsigned"},
    {"int", "int(11)"},
    {"bigint unsigned", "bigint(20) unsigned"},
    {"bigint", "bigint(20)"},
    {"smallint", "smallint(6)"},
    {"tinyint", "tinyint(4)"},
    {"mediumint", "mediumint(9)"},
    {"json", "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
}};

bool has_no_default(std::string_view type) {
  return type == "text" || type == "mediumtext" || type == "longtext";
}

bool is_numeric(std::string_view type) {
  return type.find("int") != std::string_view::npos || type.starts_with("decimal") ||
         type == "double";
}

std::string_view type_name(const Column& column, Spelling spelling) {
  if (spelling == Spelling::mariadb) {
    for (const TypeName& type : type_names) {
      if (type.mysql8 == column.type) return type.mariadb;
    }
  }
  return column.type;
}

std::string presence(const Column& column, Spelling spelling) {
  const bool own_default = spelling == Spelling::mariadb || !has_no_default(column.type);
  if (column.presence == Column::Presence::nullable) {
    return fmt::format("{}{}", column.type == "timestamp" ? " NULL" : "",
                       own_default ? " DEFAULT NULL" : "");
  }
  if (std::holds_alternative<RowId>(column.content)) return " NOT NULL AUTO_INCREMENT";
  if (column.default_value.empty()) return " NOT NULL";
  const bool bare = spelling == Spelling::mariadb && is_numeric(column.type);
  return fmt::format(" NOT NULL DEFAULT {1}{0}{1}", column.default_value, bare ? "" : "'");
}

std::string definition(const Column& column, Spelling spelling) {
  const std::string type(type_name(column, spelling));
  if (const auto* computed = std::get_if<Computed>(&column.content)) {
    return fmt::format("{} GENERATED ALWAYS AS ({}) {}", type, computed->expression,
                       computed->storage == Computed::Storage::stored ? "STORED" : "VIRTUAL");
  }
  const bool checked = spelling == Spelling::mariadb && column.type == "json";
  return fmt::format("{}{}{}{}", type, presence(column, spelling),
                     column.comment.empty() ? "" : fmt::format(" COMMENT '{}'", column.comment),
                     checked ? fmt::format(" CHECK (json_valid(`{}`))", column.name) : "");
}

std::string quoted_list(const std::vector<std::string_view>& columns) {
  return fmt::format("`{}`", fmt::join(columns, "`,`"));
}

std::vector<std::string> key_lines(const TableSpec& table) {
  std::vector<std::string> lines;
  if (!table.primary.empty()) {
    lines.push_back(fmt::format("PRIMARY KEY ({})", quoted_list(table.primary)));
  }
  for (const auto& columns : table.unique) {
    lines.push_back(fmt::format("UNIQUE KEY `index_{}_on_{}` ({})", table.name,
                                fmt::join(columns, "_and_"), quoted_list(columns)));
  }
  for (const auto column : table.indexed) {
    lines.push_back(fmt::format("KEY `index_{0}_on_{1}` (`{1}`)", table.name, column));
  }
  lines.insert(lines.end(), table.other_keys.begin(), table.other_keys.end());
  return lines;
}

std::string partitions(const TableSpec& table) {
  std::vector<std::string> parts;
  for (const Partition& part : table.partitions) {
    parts.push_back(fmt::format("PARTITION `{}` VALUES LESS THAN {} ENGINE = InnoDB", part.name,
                                part.less_than));
  }
  return fmt::format("\n PARTITION BY RANGE (`{}`)\n({})", table.partitioned_by,
                     fmt::join(parts, ",\n "));
}

}  // namespace

Column Column::required(std::string_view default_text) && {
  presence = Presence::required;
  default_value = default_text;
  return std::move(*this);
}

Column Column::missing(unsigned permille) && {
  null_permille = permille;
  return std::move(*this);
}

Column Column::changing() && {
  changes = true;
  return std::move(*this);
}

Column Column::noted(std::string_view text) && {
  comment = text;
  return std::move(*this);
}

std::size_t column_index(const TableSpec& table, std::string_view column) {
  const auto found =
      std::find_if(table.columns.begin(), table.columns.end(),
                   [&](const Column& candidate) { return candidate.name == column; });
  require(found != table.columns.end(), "the column exists");
  return static_cast<std::size_t>(found - table.columns.begin());
}

std::string create_table(const TableSpec& table, Spelling spelling, std::int64_t auto_increment) {
  std::vector<std::string> lines;
  for (const Column& column : table.columns) {
    lines.push_back(fmt::format("`{}` {}", column.name, definition(column, spelling)));
  }
  for (std::string& key : key_lines(table)) lines.push_back(std::move(key));
  return fmt::format(
      "CREATE TABLE `{}` (\n  {}\n) ENGINE=InnoDB{} DEFAULT CHARSET=utf8mb4 "
      "COLLATE=utf8mb4_unicode_ci{}{}",
      table.name, fmt::join(lines, ",\n  "),
      auto_increment == 0 ? "" : fmt::format(" AUTO_INCREMENT={}", auto_increment),
      table.comment.empty() ? "" : fmt::format(" COMMENT='{}'", table.comment),
      table.partitions.empty() ? "" : partitions(table));
}

}  // namespace pipeline::source
