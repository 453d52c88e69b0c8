// What `check --doctor` of a transformer looks at: the accounts of its layer, or the dbt project.
#pragma once

#include <string>

#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

struct DoctorVisit {
  std::string program;  // of the two transformers
  /// "accounts" or "project": each is asked for alone, so that one that hangs takes no other with
  /// it.
  std::string part;
};

/// Prints findings as lines; `request` needs no accounts. Throws config_invalid for another part.
void layer_doctor(const StageContext& context, const dbt::LayerRunRequest& request,
                  const DoctorVisit& visit);

}  // namespace pipeline
