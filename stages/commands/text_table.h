// Tables for people on a terminal: columns as wide as what stands in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

/// The columns that `text` takes on a terminal: two for each wide character (Japanese), one for
/// each other.
std::size_t shown_width(std::string_view text);

/// `text` without what would move the cursor or change the terminal: control characters as \xNN.
std::string printable(std::string_view text);

/// Prints lines of cells on standard output, columns as wide as their widest cell, with two blanks
/// between; cells are made printable.
void print_columns(const std::vector<std::vector<std::string>>& lines);

}  // namespace pipeline
