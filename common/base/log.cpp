#include "common/base/log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/base/json.h"
#include "common/base/scope.h"
#include "common/base/secret.h"

namespace pipeline::log {
namespace {

std::atomic<Format>& chosen_format() {
  static std::atomic<Format> format{default_format()};
  return format;
}

spdlog::logger& sink() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("pipeline",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    // The time is part of our own line, so that text and JSON carry the same one.
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view label(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

std::string as_json(Level level, std::string_view message) {
  Json line = Json::object();
  line.set("time", utc_now());
  line.set("level", std::string(label(level)));
  line.set("message", std::string(message));
  for (const auto& [key, value] : Scope::current()) line.set(key, value);
  return line.dump();
}

std::string as_text(Level level, std::string_view message) {
  std::string line = fmt::format("{} {:5} {}", utc_now(), label(level), message);
  for (const auto& [key, value] : Scope::current()) line += fmt::format(" {}={}", key, value);
  return line;
}

/// What stands below the log on a terminal, if anything does.
struct StatusLine {
  std::mutex mutex;
  std::string text;

  void erase() const {
    if (!text.empty()) put("\r\x1b[K");
  }
  /// A line that is as wide as the terminal would begin another one.
  void draw() const {
    if (text.empty()) return;
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    put(std::string_view(text).substr(0, known ? size.ws_col - 1U : columns_otherwise - 1));
  }

 private:
  static constexpr std::size_t columns_otherwise = 80;
  static void put(std::string_view bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stderr);
    std::fflush(stderr);
  }
};

StatusLine& status_line() {
  // Never destroyed: a thread may log while main's static objects go.
  static auto* instance = new StatusLine;
  return *instance;
}

}  // namespace

Format default_format() {
  return isatty(STDERR_FILENO) != 0 ? Format::text : Format::json;
}

void configure(Level level, Format format) {
  chosen_format() = format;
  sink().set_level(to_spdlog(level));
}

void write(Level level, std::string_view message) {
  if (!sink().should_log(to_spdlog(level))) return;
  const std::string line =
      chosen_format() == Format::json ? as_json(level, message) : as_text(level, message);
  StatusLine& shown = status_line();
  const std::lock_guard lock(shown.mutex);
  shown.erase();
  sink().log(to_spdlog(level), redact(line));
  shown.draw();
}

bool shows_status() {
  return chosen_format() == Format::text && isatty(STDERR_FILENO) != 0;
}

void status(std::string_view line) {
  if (!shows_status()) return;
  StatusLine& shown = status_line();
  const std::lock_guard lock(shown.mutex);
  shown.erase();
  shown.text = redact(line);
  shown.draw();
}

}  // namespace pipeline::log
