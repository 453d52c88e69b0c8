// The primary key of a dump's row as bytes that sort as the server sorts the key.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/insert_parser.h"
#include "stages/staging/dump/table_definition.h"

namespace pipeline::delta {

/// Keys of integers only: of two texts a server may say that they are one key although their bytes
/// differ, and the other way round.
class RowKey {
 public:
  /// nullopt if the table has no primary key, one of more than 16 columns, one with a column that
  /// is no integer, or one with a column that is not among `columns`, those of a row's values.
  static std::optional<RowKey> of(const dump::TableDefinition& table,
                                  std::span<const std::string> columns);

  /// Of every key.
  std::size_t bytes() const { return at_.size() * bytes_of_column; }

  /// Appends the row's key to `out`. False, and nothing appended, if a value is not written as a
  /// server writes integers (quoted, hex, 007, more than 64 bits): nobody knows then what it
  /// becomes.
  bool append(dump::Row row, std::string& out) const;

  /// How many keys make a condition that is no burden to a server.
  std::size_t keys_per_condition() const;

  /// SQL that is true for the rows of these keys, one behind the other in `keys`, and for no other:
  /// "`id` IN (1,2)", "(`a` = 1 AND `b` = 2) OR ...".
  std::string condition(std::string_view keys) const;

 private:
  /// A sign and 64 bits, the highest first.
  static constexpr std::size_t bytes_of_column = 9;

  std::vector<std::size_t> at_;     // of the key's columns, in a row
  std::vector<std::string> names_;  // quoted
};

}  // namespace pipeline::delta
