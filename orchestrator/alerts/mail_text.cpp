#include "orchestrator/alerts/mail_text.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/text.h"
#include "orchestrator/alerts/outgoing.h"

namespace pipeline {
namespace {

constexpr std::size_t line_characters_max = 76;
constexpr std::string_view word_begin = "=?UTF-8?B?";
constexpr std::string_view word_end = "?=";
constexpr std::chrono::hours japan{9};

bool is_plain(std::string_view text) {
  return text.find("=?") == std::string_view::npos &&
         std::ranges::all_of(text, [](char byte) { return byte >= 0x20 && byte < 0x7f; });
}

/// The text in encoded words, one a line; `column` characters stand before it on the first.
std::string encoded_words(std::string_view text, std::size_t column) {
  std::string result;
  while (!text.empty()) {
    const std::size_t room = line_characters_max - column - word_begin.size() - word_end.size();
    auto piece = whole_characters(text, room / 4 * 3);
    if (piece.empty()) piece = text.substr(0, room / 4 * 3);  // no UTF-8, which still must end
    if (!result.empty()) result += "\r\n ";
    result += fmt::format("{}{}{}", word_begin, base64(piece), word_end);
    text.remove_prefix(piece.size());
    column = 1;
  }
  return result;
}

std::string subject_header(std::string_view subject) {
  constexpr std::string_view name = "Subject: ";
  if (is_plain(subject) && name.size() + subject.size() <= line_characters_max) {
    return fmt::format("{}{}\r\n", name, subject);
  }
  return fmt::format("{}{}\r\n", name, encoded_words(subject, name.size()));
}

/// `column` characters stand before it.
std::string mailbox_text(const http::Mailbox& box, std::size_t column) {
  if (box.name.empty()) return box.address;
  const std::size_t quoted_size = column + box.name.size() + box.address.size() + 5;
  if (is_plain(box.name) && quoted_size <= line_characters_max) {
    return fmt::format("\"{}\" <{}>", box.name, box.address);
  }
  return fmt::format("{}\r\n <{}>", encoded_words(box.name, column), box.address);
}

std::string to_header(const std::vector<http::Mailbox>& boxes) {
  std::string header = "To: ";
  std::size_t column = header.size();
  for (const auto& box : boxes) {
    if (&box != &boxes.front()) {
      header += ",\r\n ";
      column = 1;
    }
    header += mailbox_text(box, column);
  }
  return header + "\r\n";
}

/// "Sun, 01 Feb 2026 07:12:03 +0900"
std::string date_text(std::chrono::system_clock::time_point date) {
  static constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto there = std::chrono::floor<std::chrono::seconds>(date + japan);
  const auto day = std::chrono::floor<std::chrono::days>(there);
  const std::chrono::year_month_day calendar(day);
  const std::chrono::hh_mm_ss time(there - day);
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0900", days.at(std::chrono::weekday(day).c_encoding()),
      static_cast<unsigned>(calendar.day()), months.at(static_cast<unsigned>(calendar.month()) - 1),
      static_cast<int>(calendar.year()), time.hours().count(), time.minutes().count(),
      time.seconds().count());
}

std::string body_of(const AlertMessage& message) {
  const std::string text = shortened(message.text, mail_text_bytes_max, message.run_id);
  const std::string encoded = base64(replace_all(text, "\n", "\r\n"));
  std::string body;
  for (std::size_t at = 0; at < encoded.size(); at += line_characters_max) {
    body += encoded.substr(at, line_characters_max) + "\r\n";
  }
  return body;
}

}  // namespace

std::string compose_mail(const MailHead& mail_head, const AlertMessage& message) {
  const std::string& from = mail_head.from.address;
  std::string mail;
  mail += fmt::format("Date: {}\r\n", date_text(mail_head.date));
  mail += fmt::format("From: {}\r\n", mailbox_text(mail_head.from, 6));
  mail += to_header(mail_head.to);
  mail += subject_header(message.subject);
  mail += fmt::format("Message-ID: <{}@{}>\r\n", mail_head.id, from.substr(from.rfind('@') + 1));
  mail += "Auto-Submitted: auto-generated\r\n";  // RFC 3834: no answer from who is on holiday
  mail += "MIME-Version: 1.0\r\n";
  mail += "Content-Type: text/plain; charset=utf-8\r\n";
  mail += "Content-Transfer-Encoding: base64\r\n\r\n";
  return mail + body_of(message);
}

}  // namespace pipeline
