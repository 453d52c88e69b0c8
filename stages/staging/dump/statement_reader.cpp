#include "stages/staging/dump/statement_reader.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/staging/dump/sql_lexer.h"

namespace pipeline::dump {
namespace {

constexpr std::string_view completed_comment = "-- Dump completed";
constexpr std::size_t delimiter_line_bytes_max = 64;
constexpr std::size_t keyword_bytes_max = 16;  // longer than any word looked for at a beginning
constexpr std::size_t comment_opening_bytes_max = 10;  // "/*M!999999"

struct ForeignFormat {
  std::string_view magic;
  std::string_view what;
};

using namespace std::string_view_literals;
constexpr std::array foreign_formats{
    ForeignFormat{"\xff\xfe"sv, "UTF-16 text"},
    ForeignFormat{"\xfe\xff"sv, "UTF-16 text"},
    ForeignFormat{"\x1f\x8b"sv, "gzip in gzip, or gzip under a name without .gz"},
    ForeignFormat{"PK\x03\x04"sv, "a zip archive"},
    ForeignFormat{"\x28\xb5\x2f\xfd"sv, "zstd in zstd, or zstd under a name without .zst"},
    ForeignFormat{"\xfd"
                  "7zXZ"sv,
                  "xz"},
    ForeignFormat{"BZh"sv, "bzip2"},
    ForeignFormat{"PGDMP"sv, "a PostgreSQL archive"},
};

bool is_blank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

std::string_view first_word(std::string_view text) {
  const auto end =
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789$");
  return text.substr(0, end);
}

bool is_word(std::string_view word, std::string_view lower_case_word) {
  return word.size() == lower_case_word.size() && to_lower(word) == lower_case_word;
}

}  // namespace

std::optional<Statement> StatementReader::next() {
  window_.consume(std::exchange(unconsumed_, 0));
  if (!begun_) check_beginning();
  begun_ = true;
  while (skip_to_statement()) {
    have(keyword_bytes_max);
    const std::string_view word = first_word(window_.text().substr(0, keyword_bytes_max));
    if (is_word(word, "delimiter") && take_delimiter_line()) continue;
    completed_ = false;
    if (is_word(word, "insert") || is_word(word, "replace")) {
      return Statement{.kind = Statement::Kind::rows, .text = {}, .place = window_.place()};
    }
    return read_statement();
  }
  return {};
}

bool StatementReader::begins_with(std::string_view text) {
  if (!begun_) check_beginning();
  begun_ = true;
  have(text.size());
  return window_.text().starts_with(text);
}

void StatementReader::check_beginning() {
  have(keyword_bytes_max);
  if (window_.text().starts_with("\xef\xbb\xbf")) window_.consume(3);  // UTF-8 byte order mark
  const std::string_view text = window_.text();
  for (const auto& format : foreign_formats) {
    if (text.starts_with(format.magic)) {
      throw refused_at(window_.place(), fmt::format("is no SQL text but {}", format.what));
    }
  }
  if (text.substr(0, 2).find('\0') != std::string_view::npos) {
    throw refused_at(window_.place(), "is no SQL text but binary");
  }
}

void StatementReader::have(std::size_t count) {
  while (window_.text().size() < count && window_.extend()) {
  }
}

// False at the end of the dump.
bool StatementReader::skip_to_statement() {
  for (;;) {
    have(std::max(comment_opening_bytes_max, delimiter_.size()));
    const std::string_view text = window_.text();
    if (text.empty()) return false;
    if (is_blank(text[0])) {
      const auto blanks = std::ranges::find_if_not(text, is_blank) - text.begin();
      window_.consume(static_cast<std::size_t>(blanks));
    } else if (text.starts_with(delimiter_)) {
      window_.consume(delimiter_.size());
    } else if (!begins_comment(text, 0)) {
      return true;
    } else if (text[0] == '/') {
      skip_block_comment();
    } else {
      skip_line_comment();
    }
  }
}

void StatementReader::skip_line_comment() {
  have(completed_comment.size());
  if (window_.text().starts_with(completed_comment)) completed_ = true;
  for (;;) {
    const auto end = window_.text().find('\n');
    if (end != std::string_view::npos) return window_.consume(end + 1);
    window_.consume(window_.text().size());
    if (!window_.extend()) return;
  }
}

void StatementReader::skip_block_comment() {
  const Place opened = window_.place();
  window_.consume(2);
  for (;;) {
    const auto end = window_.text().find("*/");
    if (end != std::string_view::npos) return window_.consume(end + 2);
    // Keep a "*" whose "/" may come with the next piece.
    if (!window_.text().empty()) window_.consume(window_.text().size() - 1);
    if (!window_.extend()) throw corrupt_at(opened, "ends inside a comment that begins here");
  }
}

// DELIMITER is the client's own command: it ends with its line. False if it is something else.
bool StatementReader::take_delimiter_line() {
  constexpr std::size_t word_bytes = 9;
  std::size_t end = std::string_view::npos;
  while ((end = window_.text().find('\n')) == std::string_view::npos &&
         window_.text().size() < delimiter_line_bytes_max && window_.extend()) {
  }
  const std::string_view line = window_.text().substr(0, end);
  const std::string_view wanted = trim(line.substr(word_bytes));
  if (line.size() == word_bytes || !is_blank(line[word_bytes])) return false;
  if (wanted.empty() || line.size() >= delimiter_line_bytes_max ||
      wanted.find_first_of(" \t'\"`\\") != std::string_view::npos) {
    throw refused_at(window_.place(), "sets a delimiter that cannot be one");
  }
  delimiter_ = wanted;
  window_.consume(std::min(window_.text().size(), line.size() + 1));
  return true;
}

Statement StatementReader::read_statement() {
  StatementScanner scanner;
  for (;;) {
    const More more = window_.at_end() ? More::none : More::may_follow;
    switch (scanner.find_end(window_.text(), delimiter_, more)) {
      case StatementScanner::Found::end:
        unconsumed_ = scanner.offset() + delimiter_.size();
        return {.kind = Statement::Kind::other,
                .text = window_.text().substr(0, scanner.offset()),
                .place = window_.place()};
      case StatementScanner::Found::delimiter_in_conditional:
        throw refused_at(window_.place(scanner.offset()),
                         "has a statement's end inside a conditional comment");
      case StatementScanner::Found::need_more:
        break;
    }
    if (window_.text().size() > statement_bytes_max) {
      throw refused_at(window_.place(), fmt::format("has a statement of more than {} bytes ({})",
                                                    statement_bytes_max,
                                                    statement_head(window_.text().substr(0, 200))));
    }
    if (more == More::none) {
      throw corrupt_at(window_.place(scanner.open_since().value_or(0)),
                       fmt::format("ends inside {} that begins here", scanner.inside()));
    }
    window_.extend();
  }
}

}  // namespace pipeline::dump
