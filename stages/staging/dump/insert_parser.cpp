#include "stages/staging/dump/insert_parser.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/staging/dump/find_any.h"
#include "stages/staging/dump/sql_lexer.h"

// A row is scanned by a machine of states that stops wherever the window's text ends and goes on
// when more has come. While a row is read its values are kept as offsets, since the window may
// move; they become views when the row is complete. The rows before are dropped from the window, so
// that memory is bounded by one row and not by the statement, which may be 1 GB.

namespace pipeline::dump {
namespace {

constexpr std::size_t head_bytes_max = 1U << 20U;

bool is_blank(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}
constexpr auto ends_word = [] {
  std::array<bool, 256> ends{};
  for (const char byte : std::string_view(",) \n\r\t('\"")) {
    ends[static_cast<unsigned char>(byte)] = true;
  }
  return ends;
}();

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

std::string_view skip_digits(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  return text.substr(static_cast<std::size_t>(end - text.begin()));
}

// [sign] digits [. digits] [e [sign] digits], with a digit before or behind the point.
bool is_number(std::string_view word) {
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  const std::size_t before = word.size();
  word = skip_digits(word);
  std::size_t digits = before - word.size();
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    const std::size_t fraction = word.size();
    word = skip_digits(word);
    digits += fraction - word.size();
  }
  if (digits == 0) return false;
  if (word.starts_with('e') || word.starts_with('E')) {
    word.remove_prefix(1);
    if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
    if (word.empty()) return false;
    word = skip_digits(word);
  }
  return word.empty();
}

bool is_null(std::string_view word) {
  return word.size() == 4 && (word == "NULL" || to_lower(word) == "null");
}

bool is_text(Field::Kind kind) {
  return kind == Field::Kind::text || kind == Field::Kind::binary_text;
}

bool all_of(std::string_view digits, std::string_view allowed) {
  return digits.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";
constexpr std::string_view bit_digits = "01";

// Reads one token of the head and remembers whether more text could change it.
class HeadReader {
 public:
  HeadReader(std::string_view text, More more) : reader_(text), size_(text.size()), more_(more) {}
  /// Kind::end also when the token may be cut off; then incomplete() is true.
  Token next() {
    Token token = reader_.next();
    if (token.kind == Token::Kind::end || token.end_offset() == size_) {
      incomplete_ = more_ == More::may_follow;
      if (incomplete_) return Token{};
    }
    end_offset_ = token.end_offset();
    if (token.conditional == Token::Conditional::yes) conditional_ = true;
    return token;
  }
  bool incomplete() const { return incomplete_; }
  /// Whether a token stood inside of a conditional comment, which some servers would not read.
  bool conditional() const { return conditional_; }
  /// Behind the last token.
  std::size_t end_offset() const { return end_offset_; }

 private:
  TokenReader reader_;
  std::size_t size_;
  More more_;
  bool incomplete_ = false;
  bool conditional_ = false;
  std::size_t end_offset_ = 0;
};

// What reading a head came to: nullopt means that the grammar was broken or the text was cut.
std::optional<InsertHead> read_head(HeadReader& tokens) {
  InsertHead head;
  Token token = tokens.next();
  head.verb = token.is("REPLACE") ? InsertHead::Verb::replace : InsertHead::Verb::insert;
  token = tokens.next();
  while (token.is("LOW_PRIORITY") || token.is("DELAYED") || token.is("IGNORE")) {
    if (token.is("IGNORE")) head.verb = InsertHead::Verb::insert_ignore;
    token = tokens.next();
  }
  if (!token.is("INTO")) return {};
  token = tokens.next();
  if (!token.names_something()) return {};
  head.table = unquote_name(token);
  token = tokens.next();
  if (token.is('(')) {
    do {
      token = tokens.next();
      if (!token.names_something()) return {};
      head.columns.push_back(unquote_name(token));
      token = tokens.next();
    } while (token.is(','));
    if (!token.is(')')) return {};
    token = tokens.next();
  }
  if (!token.is("VALUES") && !token.is("VALUE")) return {};
  return head;
}

}  // namespace

InsertHead InsertParser::begin() {
  table_.clear();
  for (;;) {
    const std::string_view text = window_.text();
    HeadReader tokens(text, window_.at_end() ? More::none : More::may_follow);
    if (auto head = read_head(tokens)) {
      const std::size_t end = tokens.end_offset();
      if (tokens.conditional()) {
        refuse(fmt::format("has a conditional comment inside the beginning of an INSERT into {}",
                           head->table));
      }
      head->place = window_.place();
      table_ = head->table;
      window_.consume(end);
      state_ = State::before_first_row;
      at_ = row_begin_ = 0;
      return *std::move(head);
    }
    if (!tokens.incomplete() || text.size() > head_bytes_max) {
      if (window_.at_end())
        throw corrupt_at(window_.place(), "ends inside an INSERT that begins here");
      refuse(fmt::format("has a statement that a dump may not hold ({})",
                         statement_head(text.substr(0, tokens.end_offset()))));
    }
    window_.extend();
  }
}

std::optional<Row> InsertParser::next() {
  window_.consume(std::exchange(at_, 0));
  row_begin_ = 0;
  spans_.clear();
  if (state_ == State::row_complete) state_ = State::after_row;
  for (;;) {
    scan(window_.text());
    if (state_ == State::row_complete) return row(window_.text());
    if (state_ == State::statement_complete) {
      window_.consume(std::exchange(at_, 0));
      return {};
    }
    if (window_.text().size() > row_bytes_max) {
      refuse(fmt::format("has a row of more than {} bytes", row_bytes_max));
    }
    if (!window_.extend()) {
      const bool in_string = state_ == State::in_text || state_ == State::after_backslash;
      throw corrupt_at(window_.place(at_),
                       in_string ? "ends inside a string of an INSERT" : "ends inside an INSERT");
    }
  }
}

void InsertParser::scan(std::string_view text) {
  while (at_ < text.size()) {
    switch (state_) {
      case State::before_first_row:
      case State::before_row:
      case State::after_row:
        step_between_rows(text[at_]);
        break;
      case State::before_value:
      case State::before_prefixed_text:
      case State::after_value:
        step_before_value(text[at_]);
        break;
      case State::in_text:
        scan_text(text);
        break;
      case State::after_backslash:
        ++at_;
        state_ = State::in_text;
        break;
      case State::after_quote:
        if (text[at_] == quote_) {
          escapes_ = Field::Escapes::some;
          ++at_;
          state_ = State::in_text;
        } else {
          finish_text(text);
        }
        break;
      case State::in_word:
        scan_word(text);
        break;
      case State::row_complete:
      case State::statement_complete:
        return;
    }
  }
}

void InsertParser::step_between_rows(char byte) {
  if (!is_blank(byte)) {
    if (byte == '(' && state_ != State::after_row) {
      state_ = State::before_value;
      row_begin_ = at_;
    } else if (byte == ',' && state_ == State::after_row) {
      state_ = State::before_row;
    } else if (byte == ';' && state_ == State::after_row) {
      state_ = State::statement_complete;
    } else {
      refuse("has something other than rows in an INSERT");
    }
  }
  ++at_;
}

void InsertParser::step_before_value(char byte) {
  if (is_blank(byte)) {
    ++at_;
  } else if (state_ == State::after_value) {
    if (byte != ',' && byte != ')') refuse("has a value that is no literal");
    state_ = byte == ',' ? State::before_value : State::row_complete;
    ++at_;
  } else if (byte == '\'' || byte == '"') {
    if (state_ == State::before_value) text_kind_ = Field::Kind::text;
    open_text(byte);
  } else if (state_ == State::before_value) {
    begin_ = at_;
    state_ = State::in_word;
  } else {
    refuse("has a value that is no literal");
  }
}

void InsertParser::open_text(char quote) {
  quote_ = quote;
  escapes_ = Field::Escapes::none;
  ++at_;
  begin_ = at_;
  state_ = State::in_text;
}

// The hot loop: most bytes of a dump pass here.
void InsertParser::scan_text(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* const byte = find_any(text.data() + at_, end, std::array{quote_, '\\'});
  at_ = static_cast<std::size_t>(byte - text.data());
  if (byte == end) return;
  if (*byte == '\\') {
    escapes_ = Field::Escapes::some;
    state_ = State::after_backslash;
  } else {
    state_ = State::after_quote;
  }
  ++at_;
}

void InsertParser::finish_text(std::string_view text) {
  const std::string_view body = text.substr(begin_, at_ - 1 - begin_);
  if (!is_text(text_kind_)) {
    const bool hex = text_kind_ == Field::Kind::quoted_hex;
    if (!all_of(body, hex ? hex_digits : bit_digits)) {
      refuse("has a hex or bit literal with other characters");
    }
    if (hex && body.size() % 2 != 0) refuse("has a hex literal of half a byte");
  }
  push({.kind = text_kind_, .begin = begin_, .end = at_ - 1, .quote = quote_, .escapes = escapes_});
  state_ = State::after_value;
}

void InsertParser::scan_word(std::string_view text) {
  while (at_ < text.size() && !ends_word[static_cast<unsigned char>(text[at_])]) ++at_;
  if (at_ == text.size()) return;
  finish_word(text.substr(begin_, at_ - begin_), text);
}

void InsertParser::finish_word(std::string_view word, std::string_view text) {
  state_ = State::after_value;
  if (is_null(word)) return push({.kind = Field::Kind::null, .begin = begin_, .end = at_});
  if (is_number(word)) return push({.kind = Field::Kind::number, .begin = begin_, .end = at_});
  if (to_lower(word) == "default") {
    return push({.kind = Field::Kind::default_value, .begin = begin_, .end = at_});
  }
  const auto digits = word.substr(std::min<std::size_t>(2, word.size()));
  if (word.starts_with("0x") && !digits.empty() && all_of(digits, hex_digits)) {
    return push({.kind = Field::Kind::hex, .begin = begin_ + 2, .end = at_});
  }
  if (word.starts_with("0b") && !digits.empty() && all_of(digits, bit_digits)) {
    return push({.kind = Field::Kind::bits, .begin = begin_ + 2, .end = at_});
  }
  const bool quote_follows = text[at_] == '\'' || text[at_] == '"';
  const std::string prefix = to_lower(word);
  if (prefix == "_binary") {
    text_kind_ = Field::Kind::binary_text;
    state_ = State::before_prefixed_text;
  } else if (quote_follows && (prefix == "x" || prefix == "b")) {
    text_kind_ = prefix == "x" ? Field::Kind::quoted_hex : Field::Kind::bits;
    state_ = State::before_prefixed_text;
  } else {
    refuse("has a value that is no literal");
  }
}

void InsertParser::push(Span span) {
  if (spans_.size() == fields_max)
    refuse(fmt::format("has a row of more than {} values", fields_max));
  spans_.push_back(span);
}

void InsertParser::refuse(std::string_view what) const {
  throw refused_at(window_.place(at_), table_.empty()
                                           ? std::string(what)
                                           : fmt::format("{} (rows of {})", what, table_));
}

Row InsertParser::row(std::string_view text) {
  fields_.clear();
  for (const auto& span : spans_) {
    fields_.push_back({.kind = span.kind,
                       .body = text.substr(span.begin, span.end - span.begin),
                       .quote = span.quote,
                       .escapes = span.escapes});
  }
  return fields_;
}

}  // namespace pipeline::dump
