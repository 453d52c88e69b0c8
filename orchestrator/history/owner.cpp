#include "orchestrator/history/owner.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string boot_id() {
  return std::string(trim(contents("/proc/sys/kernel/random/boot_id")));
}

// proc(5): field 2 is the program's name in parentheses and may itself hold blanks and
// parentheses, so the fields are counted from the last one. 0 if there is no such process.
std::int64_t start_ticks(std::int64_t pid) {
  const std::string stat = contents(fmt::format("/proc/{}/stat", pid));
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return 0;
  const auto fields = split(std::string_view(stat).substr(name_end + 2), ' ');
  constexpr std::size_t start_field = 22 - 3;  // the first piece is field 3
  std::int64_t ticks = 0;
  if (fields.size() > start_field) {
    const std::string& digits = fields[start_field];
    std::from_chars(digits.data(), digits.data() + digits.size(), ticks);
  }
  return ticks;
}

}  // namespace

Owner this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return {.host = host.data(),
          .pid = ::getpid(),
          .boot_id = boot_id(),
          .start_ticks = start_ticks(::getpid())};
}

bool is_alive(const Owner& owner) {
  if (owner.pid <= 0 || owner.boot_id != boot_id()) return false;
  return start_ticks(owner.pid) == owner.start_ticks && owner.start_ticks != 0;
}

}  // namespace pipeline
