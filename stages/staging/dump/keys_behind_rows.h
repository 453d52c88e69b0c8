// Keys that a dump adds to its tables by ALTER TABLE behind their rows, as phpMyAdmin writes them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipeline::dump {

/// What one or more ALTER TABLEs add to the definition of a table; all texts as the dump has them.
struct KeysBehindRows {
  /// "PRIMARY KEY (`id`)", "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `b` (`id`)".
  std::vector<std::string> items;
  /// The new definition of columns, by name: "`id` int(11) NOT NULL AUTO_INCREMENT".
  std::vector<std::pair<std::string, std::string>> columns;
  std::optional<std::string> auto_increment;  // the next number
  bool operator==(const KeysBehindRows&) const = default;
};

/// By table.
using KeysByTable = std::map<std::string, KeysBehindRows, std::less<>>;

/// Adds what an ALTER TABLE says to `keys`. Returns the table's name, or nullopt and nothing added
/// if it is anything else than ADD of keys and foreign keys, MODIFY of a column to AUTO_INCREMENT,
/// and AUTO_INCREMENT = n.
std::optional<std::string> add_keys_behind_rows(std::string_view statement, KeysByTable& keys);

/// The CREATE TABLE `statement` as it would be with `keys` in it from the beginning: all of it is
/// still to be judged. Throws dump_refused, without a place, if a column is not there.
std::string with_keys(std::string_view statement, const KeysBehindRows& keys);

}  // namespace pipeline::dump
