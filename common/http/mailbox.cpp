#include "common/http/mailbox.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::http {
namespace {

constexpr std::size_t address_bytes_max = 254;  // RFC 5321, the path
constexpr std::size_t name_bytes_max = 200;

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

bool is_letter_or_digit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9');
}

/// RFC 5322 atext and the dots between; quoted local parts are not taken.
bool is_local_byte(char byte) {
  return is_letter_or_digit(byte) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(byte) != std::string_view::npos;
}

bool is_domain_byte(char byte) {
  return is_letter_or_digit(byte) || byte == '-' || byte == '.';
}

bool is_dotted(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

std::string checked_address(std::string_view text) {
  const auto at = text.rfind('@');
  const auto local = text.substr(0, at);
  const auto domain = at == std::string_view::npos ? "" : text.substr(at + 1);
  if (text.size() > address_bytes_max || !is_dotted(local) || !is_dotted(domain) ||
      !std::ranges::all_of(local, is_local_byte) || !std::ranges::all_of(domain, is_domain_byte)) {
    refuse(fmt::format("\"{}\" is no mail address such as night@example.com", head(text, 80)));
  }
  return std::string(text);
}

std::string checked_name(std::string_view text) {
  const bool quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
  if (quoted) text = text.substr(1, text.size() - 2);
  if (text.size() > name_bytes_max) refuse("the name beside a mail address is too long");
  if (text.find_first_of("\"\\<>") != std::string_view::npos) {
    refuse(
        fmt::format("the name \"{}\" beside a mail address holds a quote, a backslash or an "
                    "angle bracket",
                    text));
  }
  return std::string(text);
}

}  // namespace

Mailbox parse_mailbox(std::string_view text) {
  if (std::ranges::any_of(text, is_control)) {
    refuse("a mail address holds a line break or another control character");
  }
  if (find_no_text(text)) refuse("a mail address is not written in UTF-8");
  text = trim(text);
  const auto open = text.rfind('<');
  if (open == std::string_view::npos || !text.ends_with('>')) {
    return {.name = {}, .address = checked_address(text)};
  }
  return {.name = checked_name(trim(text.substr(0, open))),
          .address = checked_address(text.substr(open + 1, text.size() - open - 2))};
}

}  // namespace pipeline::http
