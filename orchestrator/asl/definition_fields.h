// The fields of every object of a definition: those that are read, and those refused by name.
#pragma once

#include <string_view>
#include <vector>

#include "orchestrator/asl/finding_list.h"

namespace pipeline::asl {

extern const Fields machine_fields;
extern const Fields branch_fields;
extern const Fields processor_fields;
extern const Fields processor_config_fields;
extern const Fields task_fields;
extern const Fields pass_fields;
extern const Fields choice_fields;
extern const Fields wait_fields;
extern const Fields parallel_fields;
extern const Fields map_fields;
extern const Fields succeed_fields;
extern const Fields fail_fields;
extern const Fields retrier_fields;
extern const Fields catcher_fields;

/// The words of Type.
extern const std::vector<std::string_view> types;

}  // namespace pipeline::asl
