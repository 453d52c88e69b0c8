#include "stages/transform/jinja/source_error.h"

#include <algorithm>

#include <fmt/core.h>

#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

// Columns of a source line that an excerpt shows; longer lines are cut round the caret.
constexpr std::size_t excerpt_characters_max = 110;
constexpr std::size_t excerpt_characters_before = 70;

std::string_view line_at(std::string_view source, std::size_t at) {
  at = std::min(at, source.size());
  const std::size_t before = at == 0 ? std::string_view::npos : source.rfind('\n', at - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t end = std::min(source.find('\n', at), source.size());
  std::string_view line = source.substr(begin, end - begin);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::string excerpt(std::string_view source, Span span, const Location& location) {
  const std::string_view line = line_at(source, span.begin);
  const std::vector<std::string_view> characters = python::characters(line);
  const std::size_t caret =
      std::min(static_cast<std::size_t>(location.column) - 1, characters.size());
  const std::size_t first =
      characters.size() <= excerpt_characters_max || caret <= excerpt_characters_before
          ? 0
          : caret - excerpt_characters_before;
  const std::size_t last = std::min(characters.size(), first + excerpt_characters_max);
  const std::size_t span_end =
      span.begin + static_cast<std::size_t>(
                       std::max(1, static_cast<int>(span.end) - static_cast<int>(span.begin)));

  std::string shown = first > 0 ? "..." : "";
  std::string marks(shown.size(), ' ');
  for (std::size_t at = first; at < last; ++at) {
    shown += characters[at];
    std::string_view rest = characters[at];
    const char32_t character = python::take_character(rest);
    const auto byte = static_cast<std::size_t>(characters[at].data() - source.data());
    const bool marked = byte >= span.begin && byte < span_end;
    // A tab is repeated, so that the caret stands right whatever its width.
    if (character == '\t' && !marked) {
      marks += '\t';
    } else {
      marks.append(static_cast<std::size_t>(python::display_width(character)), marked ? '^' : ' ');
    }
  }
  if (last < characters.size()) shown += "...";
  if (marks.find('^') == std::string::npos) marks += '^';
  marks.erase(marks.find_last_of('^') + 1);
  const std::string number = std::to_string(location.line);
  return fmt::format("\n  {} | {}\n  {} | {}", number, shown, std::string(number.size(), ' '),
                     marks);
}

std::string stack_line(const StackEntry& entry) {
  if (entry.called_at.template_name.empty()) {
    return fmt::format("\n  in '{}'", entry.macro);
  }
  return fmt::format("\n  in '{}', called at {}:{}:{}", entry.macro, entry.called_at.template_name,
                     entry.called_at.line, entry.called_at.column);
}

std::string stack_text(const std::vector<StackEntry>& stack) {
  std::string text;
  for (std::size_t at = 0; at < stack.size(); ++at) {
    if (stack.size() > 2 * stack_entries_printed && at == stack_entries_printed) {
      const std::size_t skipped = stack.size() - 2 * stack_entries_printed;
      text += fmt::format("\n  ... {} more calls ...", skipped);
      at += skipped;
    }
    text += stack_line(stack[at]);
  }
  return text;
}

}  // namespace

Location locate(const std::string& template_name, std::string_view source, Span span) {
  const std::string_view before =
      source.substr(0, std::min<std::size_t>(span.begin, source.size()));
  const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t newline = before.rfind('\n');
  const std::string_view head =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {template_name, line, static_cast<int>(python::length(head)) + 1};
}

TemplateError make_error(ErrorKind kind, std::string_view what, const std::string& template_name,
                         std::string_view source, Span span, const std::vector<StackEntry>& stack) {
  Location location = locate(template_name, source, span);
  std::string message =
      fmt::format("{} at {}:{}:{}", what, template_name, location.line, location.column);
  message += excerpt(source, span, location);
  message += stack_text(stack);
  return TemplateError(kind, std::string(what), std::move(location), std::move(message));
}

}  // namespace pipeline::jinja
