// Tells the rows of the tables that the models read, from the world.
#pragma once

#include <string_view>

#include "bench/sample_source/options.h"
#include "bench/sample_source/row.h"
#include "bench/sample_source/world.h"

namespace pipeline::source {

/// One of the tables whose FromStory columns are told.
struct Story {
  std::string_view table;
  /// The last id given out until the end of a day.
  Id (*last_id)(const World& world, int day);
  /// Fills the cells and the dates of the row with that id; false if it has been deleted. `row`
  /// comes with id, key and day. Called for ids up to the last one.
  bool (*tell)(const World& world, const SourceOptions& options, Row& row, ToldCells& cells);
};

/// The story of a table, or nullptr if its rows are drawn one by one.
const Story* story_of(std::string_view table);

/// How a tenant's name, status and contract type stand in the source, for tables that repeat them.
void tell_tenant(const World& world, const SourceOptions& options, Row& row, ToldCells& cells);
void tell_apartment(const World& world, const SourceOptions& options, Row& row, ToldCells& cells);

}  // namespace pipeline::source
