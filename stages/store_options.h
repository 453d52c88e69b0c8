// How a stage reaches the store of the dumps: source.* of pipeline.yaml as options.
#pragma once

#include "common/identity/pipeline_aws.h"
#include "common/object_store/s3_store.h"
#include "common/stage/pipeline_config.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// For a store s3://...; the defaults for a folder. Keys are fetched with the first request, and
/// again when the service says that their token has expired; with aws.account they are fetched
/// now, and config_invalid is thrown for those of another account.
S3Options store_options(const PipelineConfig& config);
/// The same as `aws`, which must live as long as the keys are used.
S3Options store_options(const PipelineConfig& config, PipelineAws& aws);

/// The same without keys: nobody is asked for any.
S3Options store_place(const PipelineConfig& config);

/// Where its dumps lie, and how they are called.
DumpPlaces dump_places(const PipelineConfig& config);

}  // namespace pipeline
