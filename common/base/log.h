// Log lines on stderr: text for people on a terminal, JSON otherwise, always redacted.
#pragma once

#include <string_view>

#include <fmt/core.h>

namespace pipeline::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

/// Sets level and format of the process. Without a call: info, text on a terminal, JSON otherwise.
void configure(Level level, Format format);
Format default_format();

/// Writes one line with time (UTC), level, message and the pairs of Scope::current(). Thread-safe.
void write(Level level, std::string_view message);

/// Whether status() shows anything: lines are text, and stderr is a terminal.
bool shows_status();
/// Draws `line` of ASCII below all log lines, in place of the one before, cut to the terminal's
/// width; lines that are logged meanwhile come above it. Empty: takes it away. Thread-safe.
void status(std::string_view line);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace pipeline::log
