#include "stages/staging/dump/sql_lexer.h"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dump {
namespace {

constexpr std::size_t tokens_max = 1'000'000;
constexpr std::size_t head_bytes_max = 80;
// "/*M!999999" is the longest text that must be seen whole to know what begins.
constexpr std::size_t lookahead_bytes = 10;

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f' ||
         byte == '\v';
}

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

bool is_word_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return std::isalnum(value) != 0 || byte == '_' || byte == '$' || value >= 0x80;
}

// Length of the quoted text that begins at `at`, closing quote included if there is one.
std::size_t quoted_length(std::string_view text, std::size_t at) {
  const char quote = text[at];
  std::size_t end = at + 1;
  while (end < text.size()) {
    if (text[end] == '\\' && quote != '`') {
      end = std::min(end + 2, text.size());
    } else if (text[end] != quote) {
      ++end;
    } else if (end + 1 < text.size() && text[end + 1] == quote) {
      end += 2;
    } else {
      return end + 1 - at;
    }
  }
  return end - at;
}

std::string masked(const Token& token) {
  if (token.kind == Token::Kind::text) return "'...'";
  if (token.kind == Token::Kind::word && is_digit(token.text[0])) return "?";
  return head(token.text, head_bytes_max);
}

// mariadb-dump opens with /*M!999999\- enable the sandbox mode */: a version that no server has.
bool never_run(std::string_view text, std::size_t at) {
  return text.substr(at, 10) == "/*M!999999" || text.substr(at, 9) == "/*!999999";
}

std::size_t comment_length(std::string_view text, std::size_t at) {
  const bool block = text.substr(at, 2) == "/*";
  const auto end = block ? text.find("*/", at + 2) : text.find('\n', at);
  if (end == std::string_view::npos) return text.size() - at;
  return end + (block ? 2 : 1) - at;
}

}  // namespace

std::size_t conditional_opening(std::string_view text, std::size_t at) {
  if (never_run(text, at)) return 0;
  std::size_t length = 0;
  if (text.substr(at, 3) == "/*!") length = 3;
  if (text.substr(at, 4) == "/*M!") length = 4;
  if (length == 0) return 0;
  constexpr std::size_t version_digits_max = 6;
  std::size_t digits = 0;
  while (digits < version_digits_max && at + length + digits < text.size() &&
         is_digit(text[at + length + digits])) {
    ++digits;
  }
  // Servers read five or six digits as a version; fewer are part of the code.
  return digits >= 5 ? length + digits : length;
}

bool begins_comment(std::string_view text, std::size_t at) {
  if (text[at] == '#') return true;
  if (text.substr(at, 2) == "/*") {
    return (text.substr(at, 3) != "/*!" && text.substr(at, 4) != "/*M!") || never_run(text, at);
  }
  // "--" needs a blank or control character behind it, since 5--1 is an expression.
  return text.substr(at, 2) == "--" &&
         (at + 2 == text.size() || static_cast<unsigned char>(text[at + 2]) <= 0x20);
}

StatementScanner::Found StatementScanner::find_end(std::string_view text,
                                                   std::string_view delimiter, More more) {
  while (at_ < text.size()) {
    Step step = Step::on;
    switch (state_) {
      case State::code: {
        const std::string_view here = text.substr(at_, delimiter.size());
        if (here == delimiter) {
          return conditional_depth_ == 0 ? Found::end : Found::delimiter_in_conditional;
        }
        if (here.size() < delimiter.size() && delimiter.starts_with(here) &&
            more == More::may_follow) {
          return Found::need_more;
        }
        step = step_in_code(text, more);
        break;
      }
      case State::single_quoted:
        step = step_in_quotes(text, '\'', more);
        break;
      case State::double_quoted:
        step = step_in_quotes(text, '"', more);
        break;
      case State::backticked:
        step = step_in_quotes(text, '`', more);
        break;
      case State::line_comment:
      case State::block_comment:
        step = step_in_comment(text, more);
        break;
    }
    if (step == Step::stop_need_more) break;
  }
  return Found::need_more;
}

void StatementScanner::enter(State state, std::size_t opening_bytes) {
  state_ = state;
  opened_at_ = at_;
  at_ += opening_bytes;
}

StatementScanner::Step StatementScanner::step_in_code(std::string_view text, More more) {
  const char byte = text[at_];
  const bool may_open = byte == '-' || byte == '/' || byte == '*';
  if (may_open && text.size() - at_ < lookahead_bytes && more == More::may_follow) {
    return Step::stop_need_more;
  }
  if (byte == '\'') {
    enter(State::single_quoted, 1);
  } else if (byte == '"') {
    enter(State::double_quoted, 1);
  } else if (byte == '`') {
    enter(State::backticked, 1);
  } else if (begins_comment(text, at_)) {
    const bool block = byte == '/';
    enter(block ? State::block_comment : State::line_comment, byte == '#' ? 1 : 2);
  } else if (const auto opening = conditional_opening(text, at_)) {
    if (conditional_depth_++ == 0) conditional_opened_at_ = at_;
    at_ += opening;
  } else if (conditional_depth_ > 0 && text.substr(at_, 2) == "*/") {
    --conditional_depth_;
    at_ += 2;
  } else {
    ++at_;
  }
  return Step::on;
}

// A doubled quote closes the string and opens it again: the same end is found.
StatementScanner::Step StatementScanner::step_in_quotes(std::string_view text, char quote,
                                                        More more) {
  const char stops[] = {quote, quote == '`' ? quote : '\\'};
  const auto stop = text.find_first_of(std::string_view(stops, 2), at_);
  if (stop == std::string_view::npos) {
    at_ = text.size();
    return Step::on;
  }
  at_ = stop;
  if (text[stop] == quote) {
    state_ = State::code;
    ++at_;
  } else if (stop + 1 < text.size()) {
    at_ += 2;
  } else {
    if (more == More::may_follow) return Step::stop_need_more;
    ++at_;
  }
  return Step::on;
}

StatementScanner::Step StatementScanner::step_in_comment(std::string_view text, More more) {
  const std::string_view closing = state_ == State::line_comment ? "\n" : "*/";
  const auto end = text.find(closing, at_);
  if (end != std::string_view::npos) {
    at_ = end + closing.size();
    state_ = State::code;
    return Step::on;
  }
  if (more == More::none) {
    at_ = text.size();
    return Step::on;
  }
  // Keep a "*" that the next piece may complete.
  at_ = std::max(at_, text.size() - (closing.size() - 1));
  return Step::stop_need_more;
}

std::optional<std::size_t> StatementScanner::open_since() const {
  if (state_ != State::code && state_ != State::line_comment) return opened_at_;
  if (conditional_depth_ > 0) return conditional_opened_at_;
  return {};
}

std::string_view StatementScanner::inside() const {
  switch (state_) {
    case State::code:
      return conditional_depth_ > 0 ? "a comment" : "a statement";
    case State::single_quoted:
    case State::double_quoted:
      return "a string";
    case State::backticked:
      return "a name";
    case State::line_comment:
      return "a statement";
    case State::block_comment:
      return "a comment";
  }
  return "a statement";
}

bool Token::is(std::string_view upper_case_word) const {
  return kind == Kind::word && std::ranges::equal(text, upper_case_word, {}, [](char byte) {
           return static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
         });
}

void TokenReader::skip_blanks_and_comments() {
  while (at_ < text_.size()) {
    if (is_blank(text_[at_])) {
      ++at_;
    } else if (const auto opening = conditional_opening(text_, at_)) {
      ++conditional_depth_;
      at_ += opening;
    } else if (conditional_depth_ > 0 && text_.substr(at_, 2) == "*/") {
      --conditional_depth_;
      at_ += 2;
    } else if (begins_comment(text_, at_)) {
      at_ += comment_length(text_, at_);
    } else {
      return;
    }
  }
}

Token TokenReader::take(Token::Kind kind, std::size_t length) {
  Token token{
      .kind = kind,
      .text = text_.substr(at_, length),
      .offset = at_,
      .conditional = conditional_depth_ > 0 ? Token::Conditional::yes : Token::Conditional::no};
  at_ += length;
  return token;
}

Token TokenReader::next() {
  skip_blanks_and_comments();
  if (at_ == text_.size()) return take(Token::Kind::end, 0);
  const char byte = text_[at_];
  if (byte == '`') return take(Token::Kind::name, quoted_length(text_, at_));
  if (byte == '\'' || byte == '"') return take(Token::Kind::text, quoted_length(text_, at_));
  std::size_t length = 0;
  while (at_ + length < text_.size() && is_word_byte(text_[at_ + length])) ++length;
  if (length > 0) return take(Token::Kind::word, length);
  return take(Token::Kind::symbol, 1);
}

std::vector<Token> tokenize(std::string_view statement) {
  std::vector<Token> tokens;
  TokenReader reader(statement);
  for (Token token = reader.next(); token.kind != Token::Kind::end; token = reader.next()) {
    if (tokens.size() == tokens_max) {
      throw Error(ErrorKind::dump_refused, "a statement of the dump has more than a million words");
    }
    tokens.push_back(token);
  }
  return tokens;
}

std::string unquote_name(const Token& token) {
  if (token.kind != Token::Kind::name) return std::string(token.text);
  std::string_view inner = token.text.substr(1);
  if (inner.ends_with('`')) inner.remove_suffix(1);
  return replace_all(inner, "``", "`");
}

// MySQL manual, "String Literals": \0 \b \n \r \t \Z have a meaning, \% and \_ keep the backslash,
// before any other character it is dropped.
std::string unquote_text(std::string_view quoted) {
  std::string bytes;
  if (quoted.size() < 2) return bytes;
  const char quote = quoted[0];
  for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
    const char byte = quoted[at];
    if (byte == quote) {
      ++at;  // the second of a doubled quote
      bytes += quote;
    } else if (byte == '\\') {
      const char escaped = quoted[++at];
      switch (escaped) {
        case '0':
          bytes += '\0';
          break;
        case 'b':
          bytes += '\b';
          break;
        case 'n':
          bytes += '\n';
          break;
        case 'r':
          bytes += '\r';
          break;
        case 't':
          bytes += '\t';
          break;
        case 'Z':
          bytes += '\x1a';
          break;
        case '%':
        case '_':
          bytes.append({'\\', escaped});
          break;
        default:
          bytes += escaped;
      }
    } else {
      bytes += byte;
    }
  }
  return bytes;
}

std::string statement_head(std::string_view statement) {
  std::string text;
  TokenReader reader(statement);
  for (Token token = reader.next(); token.kind != Token::Kind::end && text.size() < head_bytes_max;
       token = reader.next()) {
    if (!text.empty()) text += ' ';
    text += masked(token);
  }
  std::ranges::replace_if(
      text, [](char byte) { return static_cast<unsigned char>(byte) < 0x20; }, '?');
  return head(text, head_bytes_max);
}

}  // namespace pipeline::dump
