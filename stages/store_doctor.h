// Whether the store of the dumps can be listed, read and written, and what its clock shows.
#pragma once

#include "common/identity/pipeline_aws.h"
#include "common/stage/finding.h"
#include "common/stage/stage_main.h"

namespace pipeline {

/// The group "store", and of a folder its free space. Writes a probe where loaded and refused dumps
/// are moved to, reads it back and removes it. Once the store has not answered, nobody else waits
/// for it.
void tell_store(const StageContext& context, PipelineAws& aws, const Tell& tell);

}  // namespace pipeline
