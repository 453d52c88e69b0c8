#include "orchestrator/alerts/webhook_body.h"

#include "orchestrator/alerts/outgoing.h"

namespace pipeline {
namespace {

bool begins_a_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// How one byte is written.
std::string_view escaped(const char& byte) {
  switch (byte) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      return {&byte, 1};
  }
}

/// How many bytes from the begin of `text` fit into so many escaped characters.
std::size_t fitting_bytes(std::string_view text, std::size_t characters_max) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!begins_a_character(text[at])) continue;
    characters += escaped(text[at]).size();
    if (characters > characters_max) return at;
  }
  return text.size();
}

}  // namespace

std::string webhook_body(const AlertMessage& message) {
  AlertMessage fitting = message;
  // Escapes make a text longer, six times at worst.
  for (std::size_t bytes = webhook_bytes_max / 2;; bytes /= 2) {
    std::string body = fitting.to_json().dump();
    if (body.size() <= webhook_bytes_max || bytes == 0) return body;
    fitting.text = shortened(message.text, bytes, message.run_id);
    fitting.cause = shortened(message.cause, bytes, message.run_id);
  }
}

std::string slack_body(const AlertMessage& message) {
  std::string whole = message.subject + "\n" + message.text;
  if (fitting_bytes(whole, slack_characters_max) < whole.size()) {
    const std::size_t line = cut_line(whole.size(), message.run_id).size();
    const std::size_t bytes = fitting_bytes(whole, slack_characters_max - line);
    whole = whole.substr(0, bytes) + cut_line(whole.size() - bytes, message.run_id);
  }
  std::string text;
  for (const char& byte : whole) text += escaped(byte);
  Json body = Json::object();
  body.set("text", text);
  body.set("mrkdwn", false);
  return body.dump();
}

}  // namespace pipeline
