#include "common/stage/measures.h"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;
constexpr std::uint64_t warn_below_bytes = 5 * gib;
constexpr std::uint64_t fail_below_bytes = gib;
constexpr std::uint64_t warn_below_percent = 10;
constexpr std::chrono::seconds clock_warns_above{30};
constexpr std::chrono::minutes clock_fails_above{5};

std::string offset_text(std::chrono::milliseconds offset) {
  const double seconds = std::chrono::duration<double>(std::chrono::abs(offset)).count();
  return fmt::format("{:.1f} s {}", seconds, offset.count() < 0 ? "behind" : "ahead of");
}

}  // namespace

std::string nearest_there(const std::string& path) {
  std::filesystem::path there = path;
  std::error_code ignored;
  while (!std::filesystem::exists(there, ignored) && there.has_relative_path()) {
    there = there.parent_path();
  }
  return there.empty() ? "." : there.string();
}

Verdict verdict_of(const Space& space) {
  if (space.free_bytes < fail_below_bytes) return Verdict::fail;
  // In this order nothing overflows.
  const bool tight = space.free_bytes / warn_below_percent < space.total_bytes / 100;
  return space.free_bytes < warn_below_bytes || tight ? Verdict::warn : Verdict::ok;
}

Space space_at(const std::string& path) {
  const std::string there = nearest_there(path);
  struct statvfs status {};
  if (::statvfs(there.c_str(), &status) != 0) throw file_error(errno, "look at the disk of", there);
  return {.free_bytes = std::uint64_t{status.f_bavail} * status.f_frsize,
          .total_bytes = std::uint64_t{status.f_blocks} * status.f_frsize};
}

Finding space_finding(Check check, const std::string& about, const std::string& path) {
  const std::string look = fmt::format("df -h {}", nearest_there(path));
  try {
    const Space space = space_at(path);
    Finding finding{.check = check,
                    .about = about,
                    .verdict = verdict_of(space),
                    .found = fmt::format("{} of {} free at {}", human_bytes(space.free_bytes),
                                         human_bytes(space.total_bytes), path),
                    .advice = "",
                    .kind = {}};
    if (finding.verdict != Verdict::ok) {
      finding.advice = fmt::format("make room there, or move it to a larger disk: {}", look);
    }
    if (finding.verdict == Verdict::fail) finding.kind = ErrorKind::resource_exhausted;
    return finding;
  } catch (const Error& error) {
    return warning(check, about, error.message(), look);
  }
}

Verdict verdict_of(std::chrono::milliseconds offset) {
  const auto apart = std::chrono::abs(offset);
  if (apart > clock_fails_above) return Verdict::fail;
  return apart > clock_warns_above ? Verdict::warn : Verdict::ok;
}

Finding clock_finding(Check check, std::string_view whose, const ClockReading& reading) {
  const auto offset =
      std::chrono::duration_cast<std::chrono::milliseconds>(reading.there - reading.here);
  const auto beyond_doubt =
      std::max(std::chrono::abs(offset) - reading.doubt, std::chrono::milliseconds(0));
  Finding finding{.check = check,
                  .about = "",
                  .verdict = verdict_of(beyond_doubt),
                  .found = fmt::format("{} is {} this host's", whose, offset_text(offset)),
                  .advice = "",
                  .kind = {}};
  if (reading.doubt.count() > 0) {
    finding.found +=
        fmt::format(" (sure to {:.1f} s)", std::chrono::duration<double>(reading.doubt).count());
  }
  if (finding.verdict != Verdict::ok) {
    finding.advice =
        "find out which of the two is wrong (`timedatectl` here and there) and let NTP set it: "
        "timedatectl set-ntp true";
  }
  if (finding.verdict == Verdict::fail) finding.kind = ErrorKind::unavailable;
  return finding;
}

std::string user_name(uid_t user) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing else in this process asks for accounts
  const passwd* known = ::getpwuid(user);
  return known != nullptr ? known->pw_name : fmt::format("user {}", user);
}

std::optional<uid_t> owner_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return status.st_uid;
}

std::optional<Finding> finding_of_owner(Check check, const std::string& path,
                                        std::string_view found) {
  const auto owner = owner_of(path);
  const uid_t self = ::geteuid();
  if (!owner || *owner == self) return {};
  const std::string name = user_name(*owner);
  return warning(
      check, "",
      fmt::format("{}; but {} belongs to {}, and this was {}", found, path, name, user_name(self)),
      fmt::format("ask as the user that runs the pipeline: sudo -u {} orchestrator "
                  "doctor, or by systemd-run (docs/operating/install.md)",
                  name));
}

}  // namespace pipeline
