// The lexical grammar of a dump: where strings, names and comments begin and end, and the tokens
// between.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline::dump {

/// Whether more bytes may follow the text at hand.
enum class More { may_follow, none };

/// Finds the end of one statement in text that arrives piece by piece. Knows 'strings' and
/// "strings" with backslash escapes and doubled quotes, `names`, the comments "-- ", # and /* */,
/// and the conditional comments /*! */ and /*M! */, whose inside is code. Holds its place between
/// calls, so that the text is looked at once, wherever its pieces are cut.
class StatementScanner {
 public:
  enum class Found {
    end,                       // offset() is where the delimiter begins
    need_more,                 // call again with more text behind the same beginning
    delimiter_in_conditional,  // the client would cut the statement here, a server would not
  };
  /// `text` begins at the statement's first byte and has only grown since the last call.
  Found find_end(std::string_view text, std::string_view delimiter, More more);
  std::size_t offset() const { return at_; }

  /// Where the string, name or comment began that is still open, or nullopt.
  std::optional<std::size_t> open_since() const;
  /// "a string", "a name", "a comment" or "a statement": inside what the text ends so far.
  std::string_view inside() const;

 private:
  enum class State { code, single_quoted, double_quoted, backticked, line_comment, block_comment };
  enum class Step { on, stop_need_more };
  Step step_in_code(std::string_view text, More more);
  Step step_in_quotes(std::string_view text, char quote, More more);
  Step step_in_comment(std::string_view text, More more);
  void enter(State state, std::size_t opening_bytes);

  State state_ = State::code;
  std::size_t at_ = 0;
  std::size_t opened_at_ = 0;
  std::size_t conditional_depth_ = 0;
  std::size_t conditional_opened_at_ = 0;
};

struct Token {
  enum class Kind {
    end,
    word,    // SELECT, utf8mb4, 12, 0x1F: letters, digits, _ $ and bytes above 127
    name,    // `quoted`
    text,    // 'quoted' or "quoted"
    symbol,  // one byte
  } kind = Kind::end;
  std::string_view text;   // the source, quotes included
  std::size_t offset = 0;  // of its first byte in the statement
  enum class Conditional { no, yes } conditional = Conditional::no;  // inside /*! */ or /*M! */

  std::size_t end_offset() const { return offset + text.size(); }
  /// A word equal to `upper_case_word` in whatever case.
  bool is(std::string_view upper_case_word) const;
  bool is(char symbol) const { return kind == Kind::symbol && text[0] == symbol; }
  bool names_something() const { return kind == Kind::name || kind == Kind::word; }
};

/// Reads the tokens of a complete statement. Comments are skipped; the inside of conditional
/// comments is read, marked as such, without the version number: what any server of either dialect
/// may run.
class TokenReader {
 public:
  explicit TokenReader(std::string_view statement) : text_(statement) {}
  /// Kind::end at the end, again and again. A quote that is never closed ends with the text.
  Token next();

 private:
  void skip_blanks_and_comments();
  Token take(Token::Kind kind, std::size_t length);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t conditional_depth_ = 0;
};

/// All tokens without the last Kind::end. Throws dump_refused above a million.
std::vector<Token> tokenize(std::string_view statement);

/// The name without backticks, doubled ones halved; a word as it is.
std::string unquote_name(const Token& token);
/// The bytes that a string literal stands for.
std::string unquote_text(std::string_view quoted);

/// Whether the text at `at` begins "-- ", "#" or "/*" but no conditional comment. The version
/// 999999 makes a comment of a conditional one: no server runs it.
bool begins_comment(std::string_view text, std::size_t at);
/// Length of "/*!", "/*M!" with the version number behind it if the text at `at` begins so, else 0.
std::size_t conditional_opening(std::string_view text, std::size_t at);

/// The first words of a statement for a message, its literals masked: a field's value must not
/// show.
std::string statement_head(std::string_view statement);

}  // namespace pipeline::dump
