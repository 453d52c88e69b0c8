// What of this host a run needs: programs, folders, disk, clock, time zones, permissions.
#pragma once

#include <sys/types.h>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/stage/finding.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// "staging_loader 0.1.0" of `argv --version`.
struct VersionAnswer {
  std::optional<std::string> output;  // nullopt: it could not be started or did not succeed
  std::string why_not;
};
Finding judge_program(const std::string& name, const VersionAnswer& theirs,
                      const std::string& own_version);

struct ProgramToAsk {
  std::string name;
  std::vector<std::string> argv;
};
/// Asks each for its version. `own` is the running binary, which knows its version itself.
std::vector<Finding> look_at_programs(const std::string& own,
                                      const std::vector<ProgramToAsk>& programs,
                                      const std::vector<std::string>& environment,
                                      const std::stop_token& stop);

/// Whether pipeline.yaml can be written, or a file with a secret be read, by every user.
enum class Holds { settings, a_secret };
Finding judge_permissions(const std::string& path, mode_t mode, Holds holds);
std::vector<Finding> look_at_permissions(const PipelineConfig& config);

/// Writes and removes a file in it; makes nothing.
Finding look_at_state_folder(const std::string& folder);

/// What adjtimex() says.
enum class KernelClock { kept, not_kept, unknown };
Finding judge_kernel_clock(KernelClock clock);
KernelClock kernel_clock();

/// `database` is the folder of the time zone database.
Finding look_at_time_zone(const std::string& database);

/// All of this host for `config`, but for permissions and programs; without a configuration what
/// needs none.
std::vector<Finding> look_at_host(const PipelineConfig* config);

}  // namespace pipeline
