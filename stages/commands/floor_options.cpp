#include "stages/commands/floor_options.h"

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {

TableName full_table_name(const PipelineConfig& config, const std::string& text,
                          const std::string& list) {
  const auto dot = text.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: {} names {}; write it as schema.table", config.path, list, text));
  }
  return {text.substr(0, dot), text.substr(dot + 1)};
}

std::vector<publish::Floor> floor_options(const PipelineConfig& config) {
  using Of = publish::Floor::Shrink::Of;
  std::vector<publish::Floor> floors;
  for (const auto& entry : config.protect_tables) {
    publish::Floor floor{.table = full_table_name(config, entry.table, "protect.tables"),
                         .min_rows = {},
                         .max_shrink = {}};
    if (entry.min_rows) floor.min_rows = static_cast<std::uint64_t>(*entry.min_rows);
    if (entry.max_shrink) {
      const bool percent = entry.max_shrink->of == FloorEntry::Shrink::Of::percent;
      floor.max_shrink = {.amount = static_cast<std::uint64_t>(entry.max_shrink->amount),
                          .of = percent ? Of::percent : Of::rows};
    }
    floors.push_back(std::move(floor));
  }
  return floors;
}

}  // namespace pipeline
