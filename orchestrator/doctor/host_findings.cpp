#include "orchestrator/doctor/host_findings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/base/unique_fd.h"
#include "common/base/version.h"
#include "common/io/file.h"
#include "common/process/child_process.h"
#include "common/stage/measures.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds version_limit{10};
constexpr const char* zone_database = "/usr/share/zoneinfo";

VersionAnswer ask_version(const std::vector<std::string>& argv,
                          const std::vector<std::string>& environment, std::stop_token stop) {
  ChildOptions child{.argv = argv,
                     .environment = environment,
                     .input = {},
                     .log_path = "",
                     .output = ChildOptions::Output::captured,
                     .time_limit = version_limit,
                     .grace = std::chrono::seconds(1)};
  child.argv.emplace_back("--version");
  const ChildResult ended = run_child(child, {}, std::move(stop));
  if (ended.stopped_by == ChildResult::StoppedBy::request) {
    throw Error(ErrorKind::cancelled, "stopped by a signal");
  }
  if (ended.end == ChildResult::End::start_failed) {
    return {.output = {}, .why_not = fmt::format("{} {}", argv.front(), ended.text())};
  }
  // What starts and tells no version is somebody's own program.
  return {.output = ended.succeeded() ? std::string(trim(ended.output)) : "", .why_not = ""};
}

/// "0.1.0" of "staging_loader 0.1.0"; empty for anything else.
std::string version_in(std::string_view output) {
  const auto words = split(output, ' ');
  const bool is_one =
      words.size() == 2 && !words[1].empty() && words[1][0] >= '0' && words[1][0] <= '9';
  return is_one ? words[1] : "";
}

/// The files in which pipeline.yaml says that secrets lie.
std::set<std::string> secret_files(const PipelineConfig& config) {
  using Source = SecretReference::Source;
  std::set<std::string> files;
  const auto add = [&](const SecretReference& place) {
    if (place.source == Source::file || place.source == Source::my_cnf) files.insert(place.name);
  };
  for (const auto& [name, account] : config.warehouse.accounts) add(account.password);
  if (config.source.s3 && config.source.s3->keys) {
    add(config.source.s3->keys->access_key_id);
    add(config.source.s3->keys->secret_access_key);
    add(config.source.s3->keys->session_token);
  }
  for (const auto& [name, channel] : config.alerts) {
    for (const auto& place : channel.secrets()) add(place);
  }
  return files;
}

std::string host_zone() {
  std::tm local{};
  const std::time_t now = std::time(nullptr);
  ::localtime_r(&now, &local);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables here
  const char* named = std::getenv("TZ");
  return fmt::format("{}{}", local.tm_zone, named != nullptr ? fmt::format(" (TZ={})", named) : "");
}

}  // namespace

Finding judge_program(const std::string& name, const VersionAnswer& theirs,
                      const std::string& own_version) {
  constexpr const char* install =
      "apt install ./nightly-pipeline_VERSION_amd64.deb puts all four "
      "side by side";
  if (!theirs.output) {
    return failure(Check::program, name, ErrorKind::config_invalid, theirs.why_not,
                   fmt::format("{}; or correct orchestrator.stages.{}", install, name));
  }
  const std::string version = version_in(*theirs.output);
  if (version.empty()) {
    return warning(
        Check::program, name, "it tells no version",
        fmt::format("if orchestrator.stages.{} is a program of your own, nothing", name));
  }
  if (version == own_version) return in_order(Check::program, name, version);
  return failure(Check::program, name, ErrorKind::config_invalid,
                 fmt::format("{}, and the orchestrator is {}", version, own_version), install);
}

std::vector<Finding> look_at_programs(const std::string& own,
                                      const std::vector<ProgramToAsk>& programs,
                                      const std::vector<std::string>& environment,
                                      const std::stop_token& stop) {
  const std::string own_version(program_version());
  std::vector<Finding> findings;
  findings.push_back(
      in_order(Check::program, "orchestrator", fmt::format("{} ({})", own_version, own)));
  for (const auto& program : programs) {
    findings.push_back(
        judge_program(program.name, ask_version(program.argv, environment, stop), own_version));
  }
  return findings;
}

Finding judge_permissions(const std::string& path, mode_t mode, Holds holds) {
  if (holds == Holds::a_secret && (mode & S_IROTH) != 0) {
    return warning(Check::config_permissions, path,
                   fmt::format("every user of this host can read it ({:03o})", mode & 0777U),
                   fmt::format("chmod o= {}", path));
  }
  if ((mode & S_IWOTH) != 0) {
    return warning(Check::config_permissions, path,
                   fmt::format("every user of this host can write it ({:03o})", mode & 0777U),
                   fmt::format("chmod o-w {}", path));
  }
  return in_order(Check::config_permissions, path, fmt::format("{:03o}", mode & 0777U));
}

std::vector<Finding> look_at_permissions(const PipelineConfig& config) {
  std::vector<Finding> findings;
  std::size_t fine = 0;
  const auto look = [&](const std::string& path, Holds holds) {
    struct stat status {};
    // A file that is not there is told by who needs it.
    if (::stat(path.c_str(), &status) != 0) return;
    Finding finding = judge_permissions(path, status.st_mode, holds);
    if (finding.verdict == Verdict::ok) {
      ++fine;
    } else {
      findings.push_back(std::move(finding));
    }
  };
  look(config.path, Holds::settings);
  for (const auto& path : secret_files(config)) look(path, Holds::a_secret);
  if (findings.empty()) {
    findings.push_back(in_order(
        Check::config_permissions, "",
        fmt::format(
            "no file can be written, none with a secret be read, by everybody; looked at: {}",
            fine)));
  }
  return findings;
}

Finding look_at_state_folder(const std::string& folder) {
  const std::string advice = fmt::format(
      "mkdir -p {0} && chown nightly-pipeline {0}, or correct orchestrator.state_dir", folder);
  std::error_code ignored;
  if (!std::filesystem::exists(folder, ignored)) {
    const std::string parent = nearest_there(folder);
    if (::access(parent.c_str(), W_OK) != 0) {
      return failure(Check::state_folder, "", file_error(errno, "make a folder in", parent),
                     advice);
    }
    return warning(Check::state_folder, "", folder + " is not there yet",
                   "nothing: the first `orchestrator run` makes it");
  }
  const std::string probe = fmt::format("{}/.doctor-probe.{}", folder, ::getpid());
  try {
    UniqueFd fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) throw file_error(errno, "write", probe);
    FileSink sink(std::move(fd), probe);
    sink.write("probe");
    sink.sync();
    ::unlink(probe.c_str());
    const std::string found = fmt::format("{} takes files of {}", folder, user_name(::geteuid()));
    return finding_of_owner(Check::state_folder, folder, found)
        .value_or(in_order(Check::state_folder, "", found));
  } catch (const Error& error) {
    ::unlink(probe.c_str());
    return failure(Check::state_folder, "", error, advice);
  }
}

Finding judge_kernel_clock(KernelClock clock) {
  constexpr const char* advice = "timedatectl set-ntp true, or install chrony";
  switch (clock) {
    case KernelClock::kept:
      return in_order(Check::host_clock, "", "the kernel says that it is kept right");
    case KernelClock::not_kept:
      return warning(Check::host_clock, "", "nothing keeps it right, says the kernel", advice);
    case KernelClock::unknown:
      return warning(Check::host_clock, "", "unknown: the kernel does not say",
                     "timedatectl timesync-status, or chronyc tracking, on the host");
  }
  return warning(Check::host_clock, "", "unknown", advice);
}

KernelClock kernel_clock() {
  timex asked{};
  const int state = ::adjtimex(&asked);
  if (state == -1) return KernelClock::unknown;
  return state == TIME_ERROR || (asked.status & STA_UNSYNC) != 0 ? KernelClock::not_kept
                                                                 : KernelClock::kept;
}

Finding look_at_time_zone(const std::string& database) {
  const std::string tokyo = database + "/Asia/Tokyo";
  std::error_code ignored;
  if (std::filesystem::exists(tokyo, ignored)) {
    return in_order(Check::host_time_zone, "",
                    fmt::format("{}; the database has Asia/Tokyo", host_zone()));
  }
  return warning(Check::host_time_zone, "",
                 fmt::format("{}; there is no {}, so systemd does not know the timer's zone",
                             host_zone(), tokyo),
                 "apt install tzdata");
}

std::vector<Finding> look_at_host(const PipelineConfig* config) {
  std::vector<Finding> findings;
  if (config != nullptr) {
    findings.push_back(look_at_state_folder(config->orchestrator.state_dir));
    findings.push_back(
        space_finding(Check::free_space, "the state folder", config->orchestrator.state_dir));
    const auto& transform = config->transform;
    findings.push_back(space_finding(
        Check::free_space, "the compiled SQL",
        transform.target_path.empty() ? transform.project_dir + "/target" : transform.target_path));
  }
  findings.push_back(judge_kernel_clock(kernel_clock()));
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables here
  const char* database = std::getenv("TZDIR");
  findings.push_back(look_at_time_zone(database != nullptr ? database : zone_database));
  return findings;
}

}  // namespace pipeline
