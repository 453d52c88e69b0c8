// The SQL that compares a row of one table with a row of another, NULL-safe and byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// A column as information_schema tells it.
struct TableColumn {
  std::string name;
  std::string data_type;    // varchar
  std::string column_type;  // varchar(40)
  std::string charset;      // of texts; empty otherwise
  std::string collation;
  enum class Nullable { no, yes } nullable = Nullable::yes;

  bool operator==(const TableColumn&) const = default;
};

/// In the table's order; none if it does not exist, as far as the account may see.
std::vector<TableColumn> columns_of(Connection& connection, const TableName& table);

/// The column of this name in any letter case, as the server finds it; nullptr if there is none.
const TableColumn* find_column(const std::vector<TableColumn>& columns, std::string_view name);

/// SQL: the value of `column`, read by the expression `value`, as text in UTF-8 with all its
/// digits, or as its own bytes where it is no text. Equal values give equal bytes, other values
/// others.
std::string as_text_bytes(const TableColumn& column, const std::string& value);

/// A primary or unique key over whole columns.
struct UniqueKey {
  std::vector<std::string> columns;
  bool nullable = false;  // rows with NULL in it may stand twice
};

/// The primary key first, the others by name; keys over prefixes or expressions are left out.
std::vector<UniqueKey> unique_keys_of(Connection& connection, const TableName& table);

/// "`a`, `b`", each behind `prefix`.
std::string name_list(const std::vector<std::string>& names, std::string_view prefix = "");

/// Two tables' columns side by side, and the SQL over their rows. `left` and `right` are aliases.
class RowComparison {
 public:
  /// Throws config_invalid for a key column that one side does not have.
  RowComparison(const std::vector<TableColumn>& before, const std::vector<TableColumn>& after,
                const std::vector<std::string>& key);

  struct Pair {
    TableColumn before;
    TableColumn after;
  };
  const std::vector<Pair>& key() const { return key_; }
  /// Those that both sides have, the key's too, in the order of before.
  const std::vector<Pair>& shared() const { return shared_; }
  const std::vector<std::string>& only_before() const { return only_before_; }
  const std::vector<std::string>& only_after() const { return only_after_; }

  /// True for two rows with the same key. Where both sides have the key columns in one collation
  /// it is that collation which says so, as in a unique key; otherwise it is the bytes.
  std::string same_key(std::string_view left, std::string_view right) const;
  /// The key's columns of one side, as same_key() compares them: to group by.
  std::string grouping(std::string_view alias) const;
  /// True if a row of the right side was joined; behind LEFT JOIN ... ON same_key().
  std::string joined(std::string_view right) const;
  /// True if every shared column has the same bytes: 'a' and 'A' differ, NULL is like NULL, 0 and
  /// -0 differ. A column whose type differs between the sides is compared as text.
  std::string same_row(std::string_view left, std::string_view right) const;
  static std::string same_column(const Pair& pair, std::string_view left, std::string_view right);

 private:
  std::vector<Pair> key_;
  std::vector<Pair> shared_;
  std::vector<std::string> only_before_;
  std::vector<std::string> only_after_;
};

/// The column's value for people, without loss for all but texts over 200 characters and bytes over
/// 100, which are cut: bytes as 0x..., numbers with all their digits.
std::string shown_value(const TableColumn& column, std::string_view alias);

/// The column's value as bytes, equal for equal values and different for different ones, as long as
/// the session's time zone stays. NULL is NULL.
std::string text_bytes(const TableColumn& column, std::string_view alias);

/// Whether `column` holds bytes that are no text: blobs, binary, bits, geometry.
bool is_bytes(const TableColumn& column);
/// float or double
bool is_floating(const TableColumn& column);

/// Whether the server finds the rows of a key by an index: over all its columns, or a unique one
/// over some of them.
bool has_index_for(Connection& connection, const TableName& table,
                   const std::vector<std::string>& key);

/// The join settings of a session for rows that no index finds, put back at the end: MariaDB hashes
/// one side in blocks instead of comparing every row with every row. Where an index is there they
/// would make it slower. MySQL 8 does all this by itself.
class JoinSettings {
 public:
  explicit JoinSettings(Connection& session);
  ~JoinSettings();
  JoinSettings(const JoinSettings&) = delete;
  JoinSettings& operator=(const JoinSettings&) = delete;

 private:
  struct Setting {
    std::string_view name;
    std::int64_t value;
    std::string before;
  };
  Connection& session_;
  std::vector<Setting> settings_;
};

}  // namespace pipeline::publish
