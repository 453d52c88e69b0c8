#include "bench/e2e/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline::bench {
namespace {

template <typename Figure>
double median(const Series& series, Figure figure) {
  std::vector<double> values;
  for (const auto& run : series.runs) values.push_back(figure(run));
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double wall(const Cost& cost) {
  return cost.wall_s;
}

/// Standard output of a command, without the last line break.
std::string output_of(const char* command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), ::pclose);
  std::string text;
  std::array<char, 256> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
    text += buffer.data();
  }
  return std::string(trim(text));
}

std::string cpu_model() {
  for (const auto& line : split(read_file("/proc/cpuinfo"), '\n')) {
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  }
  return "unknown processor";
}

}  // namespace

std::string table_of(const std::vector<Series>& all) {
  std::string text =
      "| what | runs | wall s (median) | all runs | client CPU s | server CPU s | client peak MiB "
      "| speed |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const auto& series : all) {
    std::vector<std::string> walls;
    for (const auto& run : series.runs) walls.push_back(fmt::format("{:.1f}", run.wall_s));
    text += fmt::format(
        "| {} | {} | {:.1f} | {} | {:.1f} | {:.1f} | {:.0f} | {:.2f} |\n", series.name,
        series.runs.size(), median(series, wall), join(walls, ", "),
        median(series, [](const Cost& cost) { return cost.client_cpu_s; }),
        median(series, [](const Cost& cost) { return cost.server_cpu_s; }),
        median(series,
               [](const Cost& cost) { return static_cast<double>(cost.client_peak_kib) / 1024; }),
        median(all.front(), wall) / median(series, wall));
  }
  return text;
}

std::string circumstances(const std::string& server_version) {
  utsname kernel{};
  ::uname(&kernel);
  const double memory_gib = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<double>(::sysconf(_SC_PAGE_SIZE)) / (1024.0 * 1024 * 1024);
  return fmt::format(
      "{}, {} cores, {:.0f} GiB, Linux {}, MariaDB {}; client and server on the same cores; commit "
      "{}, {:%Y-%m-%d}",
      cpu_model(), std::thread::hardware_concurrency(), memory_gib, kernel.release, server_version,
      output_of("git -C " PIPELINE_SOURCE_DIR " describe --always --dirty"),
      fmt::gmtime(std::time(nullptr)));
}

void write_section(const std::string& title, const std::string& text) {
  const std::string path = PIPELINE_SOURCE_DIR "/bench/RESULTS.md";
  std::string all = read_file(path);
  const std::string heading = "## " + title + "\n";
  const std::string section = heading + "\n" + text;
  const std::size_t begin = all.find(heading);
  if (begin == std::string::npos) {
    all += "\n" + section;
  } else {
    const std::size_t next = all.find("\n## ", begin);
    const bool last = next == std::string::npos;
    all.replace(begin, (last ? all.size() : next) - begin, section);
  }
  replace_file(path, all);
}

}  // namespace pipeline::bench
