#include "orchestrator/alerts/outgoing.h"

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::size_t subject_bytes_max = 500;

enum class Lines { one, many };

/// The redactor comes first: what is cut or changed before it might hide a secret from it.
std::string clean(std::string_view text, Lines lines) {
  // The writer of JSON puts U+FFFD where bytes are no UTF-8.
  const std::string result = Json::parse(Json(redact(text)).dump()).as_string();
  return blank_controls(replace_all(result, "\r\n", "\n"), lines == Lines::many ? "\n\t" : "");
}

}  // namespace

AlertMessage outgoing(const AlertMessage& message) {
  AlertMessage clean_message{.subject = head(clean(message.subject, Lines::one), subject_bytes_max),
                             .text = clean(message.text, Lines::many),
                             .run_id = clean(message.run_id, Lines::one),
                             .business_date = message.business_date,
                             .state = clean(message.state, Lines::one),
                             .error = clean(message.error, Lines::one),
                             .cause = clean(message.cause, Lines::many),
                             .command = clean(message.command, Lines::one),
                             .log_path = clean(message.log_path, Lines::one)};
  return clean_message;
}

std::string cut_line(std::size_t bytes, std::string_view run_id) {
  return fmt::format(
      "\n[{} bytes are cut here; the whole stands in the history: orchestrator show {}]\n", bytes,
      run_id.empty() ? "last" : head(run_id, 100));
}

std::string_view whole_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string shortened(std::string_view text, std::size_t bytes_max, std::string_view run_id) {
  if (text.size() <= bytes_max) return std::string(text);
  // The number in the line is never longer than that of the whole.
  const std::size_t line_bytes = cut_line(text.size(), run_id).size();
  const auto begin = whole_characters(text, bytes_max > line_bytes ? bytes_max - line_bytes : 0);
  return std::string(begin) + cut_line(text.size() - begin.size(), run_id);
}

}  // namespace pipeline
