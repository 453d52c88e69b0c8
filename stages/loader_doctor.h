// What `staging_loader check --doctor` looks at: who the pipeline is to AWS, the store of the
// dumps, the server and the loader's accounts.
#pragma once

#include "common/stage/finding.h"
#include "common/stage/stage_main.h"

namespace pipeline {

/// "identity", "store" or "server": each is asked for alone, so that one that hangs takes no other
/// with it. Prints findings as lines; throws config_invalid for another part.
void loader_doctor(const StageContext& context, const std::string& part);

}  // namespace pipeline
