// The floors of tables that pipeline.yaml gives (protect.tables).
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/identifier.h"
#include "common/stage/pipeline_config.h"
#include "stages/publish/guard.h"

namespace pipeline {

/// `text`, which stands in `list` of the file, as schema and table. Throws config_invalid if it is
/// not written as schema.table.
TableName full_table_name(const PipelineConfig& config, const std::string& text,
                          const std::string& list);

/// All of them, of any schema.
std::vector<publish::Floor> floor_options(const PipelineConfig& config);

}  // namespace pipeline
