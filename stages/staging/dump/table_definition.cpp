#include "stages/staging/dump/table_definition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/staging/dump/collation_stand_in.h"
#include "stages/staging/dump/sql_lexer.h"

// The statement is resolved for one dialect, cut into tokens, and read as items between top-level
// commas and options behind the closing parenthesis. The copy's text is the statement's own text
// minus the ranges that were taken off: nothing that stays is ever written anew, so whatever we do
// not understand of a column (collations, CHECKs, expressions) reaches the server as the source
// wrote it.

namespace pipeline::dump {
namespace {

using Tokens = std::span<const Token>;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::dump_refused, what);
}

struct TypeNames {
  Column::Kind kind;
  std::string_view words;
};

constexpr std::array type_names{
    TypeNames{Column::Kind::integer,
              "TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT BOOL BOOLEAN INT1 INT2 INT3 INT4 INT8 "
              "MIDDLEINT SERIAL"},
    TypeNames{Column::Kind::decimal, "DECIMAL NUMERIC DEC FIXED FLOAT DOUBLE REAL FLOAT4 FLOAT8"},
    TypeNames{Column::Kind::bit, "BIT"},
    TypeNames{Column::Kind::year, "YEAR"},
    TypeNames{Column::Kind::date_time, "DATE TIME DATETIME TIMESTAMP"},
    TypeNames{Column::Kind::text,
              "CHAR CHARACTER VARCHAR VARCHARACTER NCHAR NVARCHAR NATIONAL LONG TINYTEXT TEXT "
              "MEDIUMTEXT LONGTEXT"},
    TypeNames{Column::Kind::member, "ENUM SET"},
    TypeNames{Column::Kind::binary, "BINARY VARBINARY TINYBLOB BLOB MEDIUMBLOB LONGBLOB"},
    TypeNames{Column::Kind::json, "JSON"},
    TypeNames{Column::Kind::geometry,
              "GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON "
              "GEOMETRYCOLLECTION GEOMCOLLECTION"},
};

Column::Kind kind_of_type(const Token& word) {
  for (const auto& candidate : type_names) {
    const auto words = split(candidate.words, ' ');
    if (std::ranges::any_of(words, [&](const std::string& name) { return word.is(name); }))
      return candidate.kind;
  }
  return Column::Kind::other;
}

// Options behind the columns. The servers' manuals, CREATE TABLE, "Table Options".
enum class OptionRule { keep, take_off, with_engine, refuse };

struct OptionName {
  std::string_view words;  // upper case, one blank between
  OptionRule rule;
};

// The longest match counts, so that "DATA DIRECTORY" is not read as an unknown "DATA".
constexpr std::array option_names{
    OptionName{"ENGINE", OptionRule::keep},
    OptionName{"AUTO_INCREMENT", OptionRule::keep},
    OptionName{"AUTOEXTEND_SIZE", OptionRule::take_off},
    OptionName{"AVG_ROW_LENGTH", OptionRule::keep},
    OptionName{"DEFAULT CHARSET", OptionRule::keep},
    OptionName{"CHARSET", OptionRule::keep},
    OptionName{"DEFAULT CHARACTER SET", OptionRule::keep},
    OptionName{"CHARACTER SET", OptionRule::keep},
    OptionName{"DEFAULT COLLATE", OptionRule::keep},
    OptionName{"COLLATE", OptionRule::keep},
    OptionName{"CHECKSUM", OptionRule::keep},
    OptionName{"COMMENT", OptionRule::keep},
    OptionName{"COMPRESSION", OptionRule::keep},
    OptionName{"CONNECTION", OptionRule::refuse},
    OptionName{"DATA DIRECTORY", OptionRule::take_off},
    OptionName{"INDEX DIRECTORY", OptionRule::take_off},
    OptionName{"DELAY_KEY_WRITE", OptionRule::with_engine},
    OptionName{"ENCRYPTED", OptionRule::keep},
    OptionName{"ENCRYPTION", OptionRule::keep},
    OptionName{"ENCRYPTION_KEY_ID", OptionRule::keep},
    OptionName{"INSERT_METHOD", OptionRule::refuse},
    OptionName{"KEY_BLOCK_SIZE", OptionRule::keep},
    OptionName{"MAX_ROWS", OptionRule::keep},
    OptionName{"MIN_ROWS", OptionRule::keep},
    OptionName{"PACK_KEYS", OptionRule::keep},
    OptionName{"PAGE_CHECKSUM", OptionRule::with_engine},
    OptionName{"PAGE_COMPRESSED", OptionRule::keep},
    OptionName{"PAGE_COMPRESSION_LEVEL", OptionRule::keep},
    OptionName{"ROW_FORMAT", OptionRule::with_engine},
    OptionName{"SECONDARY_ENGINE", OptionRule::take_off},
    OptionName{"STATS_AUTO_RECALC", OptionRule::keep},
    OptionName{"STATS_PERSISTENT", OptionRule::keep},
    OptionName{"STATS_SAMPLE_PAGES", OptionRule::keep},
    OptionName{"TABLESPACE", OptionRule::take_off},
    OptionName{"TRANSACTIONAL", OptionRule::with_engine},
    OptionName{"UNION", OptionRule::refuse},
    OptionName{"WITH SYSTEM VERSIONING", OptionRule::take_off},
};

// Engines whose tables InnoDB can hold. The publish step knows InnoDB alone: only its RENAME
// survives a crash whole. BLACKHOLE is missing on purpose: it holds nothing.
constexpr std::array<std::string_view, 10> replaceable_engines{
    "MYISAM", "ARIA",    "MEMORY", "HEAP",   "ARCHIVE",
    "CSV",    "ROCKSDB", "TOKUDB", "XTRADB", "NDBCLUSTER"};

// Functions that wait, read files, take locks or count in another object; no honest default or
// CHECK calls them.
constexpr std::array<std::string_view, 17> refused_functions{"benchmark",
                                                             "get_lock",
                                                             "is_free_lock",
                                                             "is_used_lock",
                                                             "lastval",
                                                             "load_file",
                                                             "master_gtid_wait",
                                                             "master_pos_wait",
                                                             "nextval",
                                                             "release_all_locks",
                                                             "release_lock",
                                                             "setval",
                                                             "sleep",
                                                             "source_pos_wait",
                                                             "sys_eval",
                                                             "sys_exec",
                                                             "wait_for_executed_gtid_set"};

/// The servers' own limit, which the definitions of other engines do not reach either.
constexpr std::size_t columns_max = 4096;

std::size_t end_of_group(Tokens item, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < item.size(); ++at) {
    if (item[at].is('(')) ++depth;
    if (item[at].is(')') && --depth == 0) return at;
  }
  return item.size() - 1;
}

class DefinitionParser {
 public:
  DefinitionParser(std::string code, Dialect dialect)
      : code_(std::move(code)), tokens_(tokenize(code_)), dialect_(dialect) {}

  TableDefinition parse() {
    read_name();
    refuse_what_reaches_outside();
    replace_collations();
    const std::size_t close = matching_close(at_);
    read_items(at_ + 1, close);
    read_options(close + 1);
    definition_.body = text_without(cuts_);
    note_counter();
    note_keys_that_can_wait();
    if (definition_.columns.empty()) refuse("a CREATE TABLE without columns");
    return std::move(definition_);
  }

 private:
  struct Cut {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string replacement = {};
  };

  const Token& token(std::size_t at) const {
    static const Token end;
    return at < tokens_.size() ? tokens_[at] : end;
  }

  /// Nothing of these stands in a definition that a server wrote, and all that stays of the text
  /// reaches a server.
  void refuse_what_reaches_outside() const {
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      const Token& here = tokens_[at];
      if (here.kind == Token::Kind::symbol) refuse_symbol(here.text[0]);
      if (here.is("SELECT")) refuse("a CREATE TABLE with a SELECT");
      const bool of_a_sequence = here.is("NEXT") || here.is("PREVIOUS");
      if (of_a_sequence && token(at + 1).is("VALUE") && token(at + 2).is("FOR")) {
        refuse("a CREATE TABLE that counts in a sequence");
      }
      if (here.names_something() && token(at + 1).is('(')) refuse_call(at);
    }
  }

  static void refuse_symbol(char symbol) {
    constexpr std::string_view allowed = "(),.=+-*/%<>!|&^~:?";
    if (allowed.find(symbol) != std::string_view::npos) return;
    if (symbol == '@') refuse("a CREATE TABLE with a variable");
    refuse(symbol > ' ' && symbol < '\x7f'
               ? fmt::format("a CREATE TABLE with the character {}", symbol)
               : "a CREATE TABLE with a control character");
  }

  /// A server calls a function by its quoted name too. A key or a table may be called like one.
  void refuse_call(std::size_t at) const {
    const Token before = at > 0 ? tokens_[at - 1] : Token{};
    constexpr std::array<std::string_view, 6> words_before_a_name{
        "KEY", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL", "REFERENCES"};
    if (std::ranges::any_of(words_before_a_name, [&](auto word) { return before.is(word); }))
      return;
    const std::string called = unquote_name(tokens_[at]);
    if (std::ranges::find(refused_functions, to_lower(called)) != refused_functions.end()) {
      refuse(fmt::format("a CREATE TABLE that calls {}", called));
    }
    if (!before.is('.') || token(at - 3).is("REFERENCES")) return;
    refuse(fmt::format("a CREATE TABLE that calls {} of a schema", head(called, 64)));
  }

  /// Behind every COLLATE, also inside of expressions.
  void replace_collations() {
    for (std::size_t at = 0; at + 1 < tokens_.size(); ++at) {
      if (!tokens_[at].is("COLLATE")) continue;
      const Token& name = token(at + (token(at + 1).is('=') ? 2 : 1));
      const std::string collation =
          name.kind == Token::Kind::text ? unquote_text(name.text) : unquote_name(name);
      const auto stand_in = collation_stand_in(collation, dialect_);
      if (!stand_in) continue;
      cuts_.push_back({.begin = name.offset, .end = name.end_offset(), .replacement = *stand_in});
      note_taken_off(fmt::format("collation {} ({} stands in)", to_lower(collation), *stand_in));
    }
  }

  void read_name() {
    if (!token(0).is("CREATE") || !token(1).is("TABLE")) {
      refuse(fmt::format("a statement that is no plain CREATE TABLE ({})", statement_head(code_)));
    }
    at_ = 2;
    if (token(at_).is("IF") && token(at_ + 1).is("NOT") && token(at_ + 2).is("EXISTS")) at_ += 3;
    if (!token(at_).names_something()) refuse("a CREATE TABLE without a name");
    definition_.name = name_of(token(at_));
    ++at_;
    if (token(at_).is('.')) refuse("a CREATE TABLE in another schema");
    if (!token(at_).is('(') || token(at_ + 1).is("LIKE") || token(at_ + 1).is("SELECT")) {
      refuse(fmt::format("a CREATE TABLE without columns ({})", statement_head(code_)));
    }
    body_begin_ = token(at_).offset;
  }

  std::size_t matching_close(std::size_t open) const {
    int depth = 0;
    for (std::size_t at = open; at < tokens_.size(); ++at) {
      if (tokens_[at].is('(')) ++depth;
      if (tokens_[at].is(')') && --depth == 0) return at;
    }
    refuse(fmt::format("a CREATE TABLE of {} with unequal parentheses", definition_.name));
  }

  // Cuts [begin, end) at top-level commas. An item that is taken off goes with one comma beside it.
  void read_items(std::size_t begin, std::size_t end) {
    std::optional<std::size_t> last_kept_end;   // offset behind the last item that stays
    std::optional<std::size_t> last_first_end;  // ... that is no secondary key
    while (begin < end) {
      const std::size_t item_end = end_of_item(begin, end);
      const auto why_off = read_item({tokens_.data() + begin, item_end - begin});
      if (!why_off) {
        last_kept_end = tokens_[item_end - 1].end_offset();
        const Tokens item{tokens_.data() + begin, item_end - begin};
        if (!last_first_end || !is_secondary_key(item)) {
          last_first_end = last_kept_end;
        } else {
          secondary_.push_back({.begin = *last_first_end, .end = *last_kept_end});
          additions_.push_back("ADD " +
                               code_.substr(item[0].offset, *last_kept_end - item[0].offset));
        }
      } else {
        note_taken_off(*why_off);
        cut_item(begin, item_end, end, last_kept_end);
      }
      begin = item_end + 1;
    }
  }

  std::size_t end_of_item(std::size_t begin, std::size_t end) const {
    int depth = 0;
    for (std::size_t at = begin; at < end; ++at) {
      if (tokens_[at].is('(')) ++depth;
      if (tokens_[at].is(')')) --depth;
      if (tokens_[at].is(',') && depth == 0) {
        if (at == begin)
          refuse(fmt::format("an empty item in the CREATE TABLE of {}", definition_.name));
        return at;
      }
    }
    return end;
  }

  void cut_item(std::size_t begin, std::size_t item_end, std::size_t end,
                std::optional<std::size_t> last_kept_end) {
    if (last_kept_end) {
      cuts_.push_back({.begin = *last_kept_end, .end = tokens_[item_end - 1].end_offset()});
    } else {
      const std::size_t next = item_end < end ? item_end + 1 : item_end;
      cuts_.push_back({.begin = tokens_[begin].offset, .end = tokens_[next].offset});
    }
  }

  /// Why the item is to be taken off, or nullopt if it stays.
  std::optional<std::string> read_item(Tokens item) {
    Tokens rest = item;
    std::string constraint;
    if (rest[0].is("CONSTRAINT")) {
      rest = rest.subspan(1);
      if (!rest.empty() && rest[0].kind == Token::Kind::name) {
        constraint = unquote_name(rest[0]);
        rest = rest.subspan(1);
      } else if (rest.size() > 1 && rest[0].kind == Token::Kind::word &&
                 !begins_constraint(rest[0])) {
        constraint = std::string(rest[0].text);
        rest = rest.subspan(1);
      }
      if (rest.empty()) refuse(fmt::format("a broken CONSTRAINT in {}", definition_.name));
    }
    if (rest[0].is("FOREIGN")) {
      return constraint.empty() ? "a foreign key without a name"
                                : fmt::format("foreign key `{}`", constraint);
    }
    if (is_period(rest)) {
      has_period_ = true;
      if (rest[2].is("SYSTEM_TIME")) return "system versioning";
      return {};  // of the application: a thing of the table's own
    }
    if (rest[0].is("CHECK")) return {};
    if (const auto key = key_kind(rest)) {
      read_key(rest, *key, constraint);
      return {};
    }
    read_column(item);
    return {};
  }

  /// A unique or plain key. One that is written as mysqldump does not write it keeps all keys where
  /// they are: ALTER TABLE takes more behind ADD than CREATE TABLE takes, as PARTITION BY.
  bool is_secondary_key(Tokens item) {
    if (item[0].is("CONSTRAINT")) {
      item = item.subspan(1);
      if (!item.empty() && !begins_constraint(item[0])) item = item.subspan(1);
    }
    if (item.empty()) return false;
    const auto kind = key_kind(item);
    // A FULLTEXT key that is added makes the table anew; it stands last in either case.
    if (kind != Key::Kind::unique && kind != Key::Kind::plain) return false;
    if (!is_usual_key(item.subspan(1))) odd_key_ = true;
    return true;
  }

  /// Rows need a primary key to be put in its order, and a number that the server counts needs its
  /// key from the beginning. Servers sort keys, unique ones first and those of texts last, and
  /// otherwise keep the order in which they came: what is added comes in the same order as before,
  /// unless a key of another kind that stays would have stood behind it.
  void note_keys_that_can_wait() {
    const auto primary = definition_.primary_key();
    const auto counted =
        std::ranges::find(definition_.columns, Column::AutoIncrement::yes, &Column::auto_increment);
    const bool other_counts = counted != definition_.columns.end() &&
                              (primary.empty() || to_lower(counted->name) != to_lower(primary[0]));
    const auto is_special = [](const Key& key) {
      // InnoDB makes the last one itself for the first FULLTEXT key that finds none.
      return key.kind == Key::Kind::spatial ||
             (key.kind != Key::Kind::primary && key.name.empty()) ||
             to_lower(key.name) == "fts_doc_id_index";
    };
    if (primary.empty() || other_counts || has_period_ || odd_key_ ||
        std::ranges::any_of(definition_.keys, is_special)) {
      return;
    }
    std::vector<Cut> cuts = cuts_;
    cuts.insert(cuts.end(), secondary_.begin(), secondary_.end());
    definition_.keys_later = {.body = text_without(std::move(cuts)),
                              .additions = std::move(additions_)};
  }

  // PERIOD FOR name (begin, end). A column may be called period.
  static bool is_period(Tokens item) {
    return item.size() > 3 && item[0].is("PERIOD") && item[1].is("FOR") &&
           item[2].names_something() && item[3].is('(');
  }

  static bool begins_constraint(const Token& token) {
    return token.is("PRIMARY") || token.is("UNIQUE") || token.is("FOREIGN") || token.is("CHECK");
  }

  static std::optional<Key::Kind> key_kind(Tokens item) {
    if (item[0].is("PRIMARY")) return Key::Kind::primary;
    if (item[0].is("UNIQUE")) return Key::Kind::unique;
    if (item[0].is("FULLTEXT")) return Key::Kind::fulltext;
    if (item[0].is("SPATIAL")) return Key::Kind::spatial;
    if (item[0].is("KEY") || item[0].is("INDEX")) return Key::Kind::plain;
    return {};
  }

  void read_key(Tokens item, Key::Kind kind, const std::string& constraint) {
    Key key{.kind = kind, .name = constraint, .columns = {}};
    std::size_t at = 1;
    while (at < item.size() && (item[at].is("KEY") || item[at].is("INDEX"))) ++at;
    if (at < item.size() && item[at].names_something() && !item[at].is("USING")) {
      key.name = unquote_name(item[at]);
    }
    while (at < item.size() && !item[at].is('(')) ++at;
    int depth = 0;
    for (; at < item.size(); ++at) {
      if (item[at].is(')') && --depth == 0) break;
      const bool first_of_part = item[at].is('(') || item[at].is(',');
      if (item[at].is('(')) ++depth;
      if (depth == 1 && first_of_part && at + 1 < item.size()) {
        key.columns.push_back(item[at + 1].names_something() ? unquote_name(item[at + 1]) : "");
      }
    }
    definition_.keys.push_back(std::move(key));
  }

  /// A server takes no other names, and what quotes them on the way there would not blame the dump.
  std::string name_of(const Token& token) const {
    constexpr std::ptrdiff_t characters_max = 64;
    const auto begins_character = [](char byte) {
      return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    };
    std::string name = unquote_name(token);
    if (name.empty() || name.find('\0') != std::string::npos ||
        std::ranges::count_if(name, begins_character) > characters_max) {
      refuse(
          "a name of a table or column that is empty, has a NUL byte or is longer than 64 "
          "characters");
    }
    return name;
  }

  void read_column(Tokens item) {
    if (!item[0].names_something() || item.size() < 2 || item[1].kind != Token::Kind::word) {
      refuse(
          fmt::format("a column without name or type in the CREATE TABLE of {}", definition_.name));
    }
    Column column;
    column.name = name_of(item[0]);
    std::size_t at = 1;
    read_type(item, at, column);
    for (; at < item.size(); ++at) at = read_attribute(item, at, column);
    if (definition_.columns.size() == columns_max) {
      refuse(fmt::format("the table {} with more than {} columns", definition_.name, columns_max));
    }
    definition_.columns.push_back(std::move(column));
  }

  void read_type(Tokens item, std::size_t& at, Column& column) {
    const Token& word = item[at];
    column.type = to_lower(word.text);
    column.kind = kind_of_type(word);
    if (word.is("NCHAR") || word.is("NVARCHAR") || word.is("NATIONAL")) column.charset = "utf8mb3";
    if (word.is("SERIAL")) column.auto_increment = Column::AutoIncrement::yes;
    ++at;
    const bool bytes = at < item.size() && (item[at].is("VARBINARY") || item[at].is("BYTE"));
    if (bytes) column.kind = Column::Kind::binary;  // LONG VARBINARY, CHAR BYTE
    if (at < item.size() && item[at].is('(')) {
      const std::size_t open = item[at].offset;
      std::size_t close = at;
      while (close < item.size() && !item[close].is(')')) ++close;
      if (close == item.size()) refuse("a type without its closing parenthesis");
      column.type += code_.substr(open, item[close].end_offset() - open);
      if (column.kind == Column::Kind::bit) {
        const auto digits = item[at + 1].text;
        std::from_chars(digits.data(), digits.data() + digits.size(), column.bit_length);
      }
      at = close + 1;
    }
    if (column.kind == Column::Kind::bit && column.bit_length == 0) column.bit_length = 1;
  }

  // Reads the attribute that begins at `at`; returns the index of its last token.
  std::size_t read_attribute(Tokens item, std::size_t at, Column& column) {
    const auto next_is = [&](std::size_t ahead, std::string_view word) {
      return at + ahead < item.size() && item[at + ahead].is(word);
    };
    if (item[at].is('(')) return end_of_group(item, at);
    if (item[at].is("NOT") && next_is(1, "NULL")) {
      column.nullable = Column::Nullable::no;
      return at + 1;
    }
    if (item[at].is("DEFAULT") && next_is(1, "NULL")) return at + 1;
    if (item[at].is("AUTO_INCREMENT")) column.auto_increment = Column::AutoIncrement::yes;
    const bool is_default = at > 0 && item[at - 1].is("DEFAULT");  // of the function ASCII()
    if (item[at].is("ASCII") && !is_default) column.charset = "latin1";
    if (item[at].is("UNICODE")) column.charset = "ucs2";
    if (item[at].is("INVISIBLE")) column.invisible = Column::Invisible::yes;
    if ((item[at].is("CHARSET") ||
         (item[at].is("SET") && at > 0 && item[at - 1].is("CHARACTER"))) &&
        at + 1 < item.size()) {
      column.charset = to_lower(item[at + 1].text);
      return at + 1;
    }
    if (item[at].is("COLLATE") && at + 1 < item.size()) {
      if (column.charset.empty()) column.charset = charset_of_collation(item[at + 1].text);
      return at + 1;
    }
    if (item[at].is("COMMENT")) return at + 1;
    if (item[at].is("PRIMARY") || item[at].is("UNIQUE")) {
      const bool primary = item[at].is("PRIMARY");
      definition_.keys.push_back({.kind = primary ? Key::Kind::primary : Key::Kind::unique,
                                  .name = "",
                                  .columns = {column.name}});
      if (primary) column.nullable = Column::Nullable::no;
      return next_is(1, "KEY") ? at + 1 : at;
    }
    if (item[at].is("REFERENCES")) return take_off_references(item, at, column);
    if (item[at].is("GENERATED") && next_is(1, "ALWAYS") && next_is(2, "AS") && next_is(3, "ROW")) {
      // It takes part in the primary key, and an invisible column must have a default.
      column.nullable = Column::Nullable::no;
      return take_off(item, at, at + 4, "system versioning", "NOT NULL DEFAULT 0");
    }
    if (item[at].is("AS")) column.generated = Column::Generated::yes;
    const bool with = item[at].is("WITH") || item[at].is("WITHOUT");
    if (with && next_is(1, "SYSTEM") && next_is(2, "VERSIONING")) {
      return take_off(item, at, at + 2, "system versioning");
    }
    return at;
  }

  // REFERENCES t (c) [MATCH x] [ON DELETE|UPDATE action] ...: up to an attribute that is none of
  // it.
  std::size_t take_off_references(Tokens item, std::size_t at, const Column& column) {
    std::size_t last = at;
    while (last + 1 < item.size() && !item[last + 1].is('(')) ++last;
    last = last + 1 < item.size() ? end_of_group(item, last + 1) : last;
    constexpr std::array<std::string_view, 12> words{"MATCH",    "FULL",   "PARTIAL", "SIMPLE",
                                                     "ON",       "DELETE", "UPDATE",  "CASCADE",
                                                     "RESTRICT", "NO",     "ACTION",  "SET"};
    const auto belongs = [&](const Token& word) {
      return std::ranges::any_of(words, [&](std::string_view name) { return word.is(name); }) ||
             ((word.is("NULL") || word.is("DEFAULT")) && item[last].is("SET"));
    };
    while (last + 1 < item.size() && belongs(item[last + 1])) ++last;
    return take_off(item, at, last, fmt::format("foreign key of column `{}`", column.name));
  }

  std::size_t take_off(Tokens item, std::size_t first, std::size_t last, std::string what,
                       std::string replacement = {}) {
    last = std::min(last, item.size() - 1);
    cuts_.push_back({.begin = item[first].offset,
                     .end = item[last].end_offset(),
                     .replacement = std::move(replacement)});
    note_taken_off(std::move(what));
    return last;
  }

  void note_taken_off(std::string what) {
    if (std::ranges::find(definition_.taken_off, what) == definition_.taken_off.end()) {
      definition_.taken_off.push_back(std::move(what));
    }
  }

  static std::string charset_of_collation(std::string_view collation) {
    return to_lower(collation.substr(0, collation.find('_')));
  }

  void read_options(std::size_t at) {
    const bool other_engine = engine_is_replaced(at);
    std::string collation_charset;
    while (at < tokens_.size()) {
      if (token(at).is(',')) {
        ++at;
      } else if (token(at).is("PARTITION") && token(at + 1).is("BY")) {
        cuts_.push_back({.begin = token(at).offset, .end = code_.size()});
        note_taken_off("partitions");
        return;
      } else {
        at = read_option(at, other_engine, collation_charset);
      }
    }
    if (definition_.charset.empty()) definition_.charset = collation_charset;
  }

  /// A server takes the last one of two engines.
  bool engine_is_replaced(std::size_t at) {
    std::optional<std::size_t> found;
    for (; at < tokens_.size() && !(token(at).is("PARTITION") && token(at + 1).is("BY")); ++at) {
      if (!spells(token(at), "ENGINE")) continue;
      if (found) refuse(fmt::format("the table {} with two engines", definition_.name));
      found = at;
    }
    return found && replace_engine(token(*found + (token(*found + 1).is('=') ? 2 : 1)));
  }

  bool replace_engine(const Token& name) {
    const std::string engine =
        name.kind == Token::Kind::text ? unquote_text(name.text) : unquote_name(name);
    if (to_lower(engine) == "innodb") return false;
    const auto is_it = [&](std::string_view known) { return to_lower(engine) == to_lower(known); };
    if (!std::ranges::any_of(replaceable_engines, is_it)) {
      refuse(fmt::format(
          "the table {} of engine {}, which reaches outside of the table or keeps no rows",
          definition_.name, head(engine, 64)));
    }
    cuts_.push_back({.begin = name.offset, .end = name.end_offset(), .replacement = "InnoDB"});
    note_taken_off("engine " + engine);
    return true;
  }

  // MariaDB writes the options of an engine in backticks: `PAGE_COMPRESSED`='ON'.
  static bool spells(const Token& token, std::string_view word) {
    return token.is(word) ||
           (token.kind == Token::Kind::name && to_lower(unquote_name(token)) == to_lower(word));
  }

  std::size_t read_option(std::size_t at, bool other_engine, std::string& collation_charset) {
    std::size_t words = 0;
    const OptionName* option = nullptr;
    for (const auto& candidate : option_names) {
      const auto pieces = split(candidate.words, ' ');
      bool matches = pieces.size() > words;
      for (std::size_t i = 0; matches && i < pieces.size(); ++i)
        matches = spells(token(at + i), pieces[i]);
      if (matches) {
        option = &candidate;
        words = pieces.size();
      }
    }
    if (option == nullptr) {
      refuse(fmt::format("the table {} with the option {}, which mysqldump does not write",
                         definition_.name, head(token(at).text, 64)));
    }
    std::size_t last = at + words - 1;
    if (token(last + 1).is('=')) ++last;
    if (option->words != "WITH SYSTEM VERSIONING") ++last;
    if (last >= tokens_.size()) {
      refuse(fmt::format("the table {} with an option without a value", definition_.name));
    }
    if (token(last).is('(') || option->rule == OptionRule::refuse) {
      refuse(fmt::format("the table {} with the option {}", definition_.name, option->words));
    }
    if (option->words.ends_with("CHARSET") || option->words.ends_with("CHARACTER SET")) {
      definition_.charset = to_lower(token(last).text);
    }
    if (option->words == "AUTO_INCREMENT") {
      counter_.push_back({.begin = token(at).offset, .end = token(last).end_offset()});
      definition_.auto_increment = token(last).text;
    }
    if (option->words.ends_with("COLLATE"))
      collation_charset = charset_of_collation(token(last).text);
    if (option->rule == OptionRule::take_off ||
        (option->rule == OptionRule::with_engine && other_engine)) {
      cuts_.push_back({.begin = token(at).offset, .end = token(last).end_offset()});
      const bool versioning = option->words == "WITH SYSTEM VERSIONING";
      note_taken_off(versioning ? "system versioning" : to_lower(option->words));
    }
    return last + 1;
  }

  void note_counter() {
    std::vector<Cut> cuts = cuts_;
    cuts.insert(cuts.end(), counter_.begin(), counter_.end());
    definition_.body_without_counter = text_without(std::move(cuts));
  }

  std::string text_without(std::vector<Cut> cuts) const {
    std::ranges::stable_sort(cuts, {}, &Cut::begin);
    std::string text;
    std::size_t at = body_begin_;
    for (const auto& cut : cuts) {
      if (cut.begin < at) {  // inside of another one
        at = std::max(at, cut.end);
        continue;
      }
      if (cut.begin > at) text += code_.substr(at, cut.begin - at);
      text += cut.replacement;
      at = std::max(at, cut.end);
    }
    text += code_.substr(at);
    return std::string(trim(text));
  }

  std::string code_;
  std::vector<Token> tokens_;
  Dialect dialect_;
  std::size_t at_ = 0;
  std::size_t body_begin_ = 0;
  std::vector<Cut> cuts_;
  std::vector<Cut> counter_;    // AUTO_INCREMENT = n
  std::vector<Cut> secondary_;  // what else goes where secondary keys come later
  std::vector<std::string> additions_;
  bool has_period_ = false;
  bool odd_key_ = false;
  TableDefinition definition_;
};

}  // namespace

std::vector<std::string> TableDefinition::primary_key() const {
  const auto found = std::ranges::find(keys, Key::Kind::primary, &Key::kind);
  return found == keys.end() ? std::vector<std::string>() : found->columns;
}

const Column* TableDefinition::find_column(std::string_view wanted) const {
  // Column names are compared without regard to case by every server.
  const auto found = std::ranges::find_if(columns, [&](const Column& column) {
    return column.name == wanted || to_lower(column.name) == to_lower(wanted);
  });
  return found == columns.end() ? nullptr : &*found;
}

bool is_usual_key(std::span<const Token> item) {
  std::size_t at = 0;
  const auto is = [&](std::string_view word) { return at < item.size() && item[at].is(word); };
  if (is("KEY") || is("INDEX")) ++at;
  if (at < item.size() && item[at].names_something() && !is("USING") && !is("IF")) ++at;
  if (is("USING")) at += 2;
  if (at >= item.size() || !item[at].is('(')) return false;
  at = end_of_group(item, at) + 1;
  while (at < item.size()) {
    if (is("USING") || is("COMMENT")) {
      at += 2;
    } else if (is("KEY_BLOCK_SIZE")) {
      ++at;
      if (at < item.size() && item[at].is('=')) ++at;
      ++at;
    } else if (is("WITH") && at + 1 < item.size() && item[at + 1].is("PARSER")) {
      at += 3;
    } else if (is("NOT") && at + 1 < item.size() && item[at + 1].is("IGNORED")) {
      at += 2;
    } else if (is("IGNORED") || is("VISIBLE") || is("INVISIBLE")) {
      ++at;
    } else {
      return false;
    }
  }
  return at == item.size();
}

TableDefinition parse_table_definition(std::string_view statement, Dialect dialect) {
  return DefinitionParser(resolve_comments(statement, dialect), dialect).parse();
}

}  // namespace pipeline::dump
