// Makes a TemplateError out of a place in a source text: line, column, excerpt, caret, macro stack.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/transform/jinja/environment.h"

namespace pipeline::jinja {

/// Bytes [begin, end) of a template's source.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// A macro that was open when something failed.
struct StackEntry {
  std::string macro;
  /// Empty template name: the program made the call, not a template.
  Location called_at;
};

/// Frames that an error prints from the innermost and from the outermost end; those between are
/// counted only.
inline constexpr std::size_t stack_entries_printed = 8;

Location locate(const std::string& template_name, std::string_view source, Span span);

TemplateError make_error(ErrorKind kind, std::string_view what, const std::string& template_name,
                         std::string_view source, Span span,
                         const std::vector<StackEntry>& stack = {});

}  // namespace pipeline::jinja
