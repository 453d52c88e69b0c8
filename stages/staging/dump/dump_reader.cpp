#include "stages/staging/dump/dump_reader.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <span>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/staging/dump/dump_window.h"
#include "stages/staging/dump/sql_lexer.h"
#include "stages/staging/dump/statement_reader.h"

namespace pipeline::dump {
namespace {

// Of MySQL 8 and MariaDB 11: the newest that may read the same dump. A definition must be harmless
// for both.
constexpr std::array newest_dialects{Dialect{.family = Dialect::Family::mariadb, .version = 119999},
                                     Dialect{.family = Dialect::Family::mysql, .version = 99999}};
constexpr std::size_t tables_max = 100'000;
constexpr std::size_t drop_if_exists_words = 4;
constexpr std::size_t head_tokens_max = 10'000;

using Tokens = std::vector<Token>;

const Token& token_at(const Tokens& tokens, std::size_t at) {
  static const Token end;
  return at < tokens.size() ? tokens[at] : end;
}

/// Walks along tokens; every member returns whether it matched and moves only then.
class Matcher {
 public:
  explicit Matcher(const Tokens& tokens) : tokens_(tokens) {}
  bool word(std::string_view upper_case_word) {
    return token_at(tokens_, at_).is(upper_case_word) && ++at_ > 0;
  }
  bool symbol(char byte) { return token_at(tokens_, at_).is(byte) && ++at_ > 0; }
  /// A name without a schema before it.
  bool plain_name() {
    const bool matches =
        token_at(tokens_, at_).names_something() && !token_at(tokens_, at_ + 1).is('.');
    if (matches) ++at_;
    return matches;
  }
  bool any() { return at_ < tokens_.size() && ++at_ > 0; }
  bool at_end() const { return at_ == tokens_.size(); }
  const Token& here() const { return token_at(tokens_, at_); }

 private:
  const Tokens& tokens_;
  std::size_t at_ = 0;
};

bool is_drop_if_exists(const Tokens& tokens) {
  Matcher match(tokens);
  match.word("DROP");
  const bool known = match.word("TABLE") || match.word("VIEW") || match.word("TRIGGER") ||
                     match.word("PROCEDURE") || match.word("FUNCTION") || match.word("EVENT") ||
                     match.word("SEQUENCE");
  if (!known || !match.word("IF") || !match.word("EXISTS")) return false;
  do {
    if (!match.plain_name()) return false;
  } while (match.symbol(','));
  return match.at_end();
}

bool is_lock(const Tokens& tokens) {
  Matcher match(tokens);
  if (!match.word("LOCK") || !(match.word("TABLES") || match.word("TABLE"))) return false;
  do {
    if (!match.plain_name()) return false;
    if (match.word("READ")) {
      match.word("LOCAL");
    } else if (!match.word("WRITE")) {
      return false;
    }
  } while (match.symbol(','));
  return match.at_end();
}

bool is_unlock(const Tokens& tokens) {
  Matcher match(tokens);
  return match.word("UNLOCK") && (match.word("TABLES") || match.word("TABLE")) && match.at_end();
}

bool is_transaction(const Tokens& tokens) {
  Matcher match(tokens);
  if (match.word("START")) return match.word("TRANSACTION") && match.at_end();
  return match.word("COMMIT") && match.at_end();
}

// DO SETVAL(`s`, 1, 0): mariadb-dump, behind a sequence. The sequence itself is not carried over.
bool is_setval(const Tokens& tokens) {
  Matcher match(tokens);
  if (!(match.word("DO") || match.word("SELECT")) || !match.word("SETVAL") || !match.symbol('(')) {
    return false;
  }
  if (!match.plain_name()) return false;
  while (match.symbol(',')) {
    match.symbol('-');
    if (match.here().kind != Token::Kind::word || !match.any()) return false;
  }
  return match.symbol(')') && match.at_end();
}

// ALTER TABLE t DISABLE KEYS, and the ALTER DATABASE that mysqldump puts round routines.
bool is_harmless_alter(const Tokens& tokens) {
  Matcher match(tokens);
  if (!match.word("ALTER")) return false;
  if (match.word("DATABASE")) {
    return match.plain_name() && match.word("CHARACTER") && match.word("SET") && match.any() &&
           match.word("COLLATE") && match.any() && match.at_end();
  }
  return match.word("TABLE") && match.plain_name() &&
         (match.word("DISABLE") || match.word("ENABLE")) && match.word("KEYS") && match.at_end();
}

struct SkippedKind {
  std::string_view word;
  std::string_view what;
};

constexpr std::array skipped_kinds{
    SkippedKind{"VIEW", "view"},           SkippedKind{"TRIGGER", "trigger"},
    SkippedKind{"PROCEDURE", "procedure"}, SkippedKind{"FUNCTION", "function"},
    SkippedKind{"EVENT", "event"},         SkippedKind{"SEQUENCE", "sequence"}};

// CREATE [OR REPLACE] [ALGORITHM = x] [DEFINER = user@host] [SQL SECURITY x] [AGGREGATE] VIEW|...
// name
std::optional<Skipped> skipped_create(const Tokens& tokens) {
  Matcher match(tokens);
  match.word("CREATE");
  if (match.word("OR") && !match.word("REPLACE")) return {};
  if (match.word("ALGORITHM") && !(match.symbol('=') && match.any())) return {};
  if (match.word("DEFINER")) {
    if (!match.symbol('=') || !match.any()) return {};
    if (match.symbol('@') && !match.any()) return {};
    if (match.symbol('(')) match.symbol(')');  // CURRENT_USER()
  }
  if (match.word("SQL") && !(match.word("SECURITY") && match.any())) return {};
  match.word("AGGREGATE");
  for (const auto& kind : skipped_kinds) {
    if (!match.word(kind.word)) continue;
    if (match.word("IF")) {
      match.word("NOT");
      match.word("EXISTS");
    }
    if (!match.here().names_something()) return {};
    return Skipped{.what = std::string(kind.what), .name = unquote_name(match.here()), .place = {}};
  }
  return {};
}

}  // namespace

struct DumpReader::State {
  State(ByteSource& text, const DumpReaderOptions& given)
      : options(given), window(text, given.buffer_bytes), statements(window), rows(window) {}

  enum class Doing { between_statements, reading_rows, ended } doing = Doing::between_statements;

  DumpReaderOptions options;
  DumpWindow window;
  StatementReader statements;
  InsertParser rows;
  SettingTracker settings;
  InsertHead head;                      // of the rows being read
  std::optional<InsertHead> next_head;  // of other rows, begun already
  std::size_t fields_expected = 0;
  std::string database;
  std::map<std::string, TableDefinition, std::less<>> tables;

  /// The event of a statement, nullopt if it has none.
  std::optional<Event> take(const Statement& statement) {
    Tokens tokens = head_tokens(statement.text);
    if (tokens.empty()) return {};  // a conditional comment without content
    const Token& first = tokens[0];
    if (first.is("SET")) {
      apply_settings(statement);
      return {};
    }
    if (first.is("CREATE")) return take_create(statement, tokens);
    if (first.is("USE")) return take_database(statement, tokens, 1);
    if (tokens.size() == head_tokens_max) refuse(statement);  // more than what was looked at
    if (is_drop_if_exists(tokens)) {
      refuse_drop_of_own(statement, tokens);
      return {};
    }
    if (is_lock(tokens) || is_unlock(tokens) || is_transaction(tokens) ||
        is_harmless_alter(tokens) || is_setval(tokens)) {
      return {};
    }
    if (first.is("ALTER") && knowing != Knowing::no_keys) {
      take_keys(statement);
      return {};
    }
    refuse(statement);
  }

  void take_keys(const Statement& statement) {
    at_place(statement.place, [&] { settings.require_readable(statement.text); });
    keys_bytes += statement.text.size();
    if (keys_bytes > statement_bytes_max) {
      throw refused_at(statement.place, fmt::format("has more than {} bytes of keys behind rows",
                                                    statement_bytes_max));
    }
    const auto table = add_keys_behind_rows(statement.text, met_keys);
    if (!table) refuse(statement);
    if (tables.contains(*table)) return;
    throw refused_at(statement.place,
                     fmt::format("adds keys to the table {}, which it does not create", *table));
  }

  [[noreturn]] void refuse(const Statement& statement) const {
    throw refused_at(statement.place, fmt::format("has a statement that a dump may not hold ({})",
                                                  statement_head(statement.text)));
  }

  // Enough to judge every statement but SET and CREATE TABLE, which are read whole.
  static Tokens head_tokens(std::string_view text) {
    Tokens tokens;
    TokenReader reader(text);
    for (Token token = reader.next();
         token.kind != Token::Kind::end && tokens.size() < head_tokens_max; token = reader.next()) {
      tokens.push_back(token);
    }
    return tokens;
  }

  // As the server at hand runs it: /*!80000 SET ... */ is nothing to MariaDB. Harmless for all.
  void apply_settings(const Statement& statement) {
    at_place(statement.place, [&] {
      for (const auto& dialect : newest_dialects) {
        SettingTracker tried = settings;
        apply_to(tried, statement, dialect);
      }
      apply_to(settings, statement, options.dialect);
    });
  }

  static void apply_to(SettingTracker& tracker, const Statement& statement, Dialect dialect) {
    const std::string code = resolve_comments(statement.text, dialect);
    Tokens tokens = tokenize(code);
    if (tokens.empty()) return;
    tokens.erase(tokens.begin());
    tracker.apply(tokens);
  }

  // mysqldump drops a table before it creates it. Afterwards a client would be left without it.
  void refuse_drop_of_own(const Statement& statement, const Tokens& tokens) const {
    if (!tokens[1].is("TABLE")) return;
    for (const auto& token : std::span(tokens).subspan(drop_if_exists_words)) {
      const auto own = tables.find(unquote_name(token));
      if (own == tables.end()) continue;
      throw refused_at(statement.place, fmt::format("drops its own table {}", own->first));
    }
  }

  // Errors of parts that know no place get this one.
  static void at_place(Place place, const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::dump_refused || !error.context_value("byte").empty()) throw;
      throw refused_at(place, "has " + error.message());
    }
  }

  std::optional<Event> take_create(const Statement& statement, const Tokens& tokens) {
    if (token_at(tokens, 1).is("DATABASE") || token_at(tokens, 1).is("SCHEMA")) {
      const bool if_not_exists = token_at(tokens, 2).is("IF");
      return take_database(statement, tokens, if_not_exists ? 5 : 2);
    }
    if (token_at(tokens, 1).is("TABLE")) {
      // Up to MySQL 5.7 a view's stand-in is a table inside a conditional comment.
      if (tokens[0].conditional == Token::Conditional::yes) return {};
      return take_table(statement);
    }
    auto skipped = skipped_create(tokens);
    if (!skipped) refuse(statement);
    skipped->place = statement.place;
    return *std::move(skipped);
  }

  std::optional<Event> take_table(const Statement& statement) {
    TableBegins event{.definition = {}, .settings = settings.current(), .place = statement.place};
    at_place(statement.place, [&] {
      settings.require_readable(statement.text);
      std::string text(statement.text);
      for (const auto& dialect : newest_dialects) parse_table_definition(text, dialect);
      event.definition = parse_table_definition(text, options.dialect);
      const auto keys = known_keys.find(event.definition.name);
      if (keys == known_keys.end()) return;
      text = with_keys(text, keys->second);
      for (const auto& dialect : newest_dialects) parse_table_definition(text, dialect);
      event.definition = parse_table_definition(text, options.dialect);
    });
    if (tables.size() == tables_max) throw refused_at(statement.place, "has too many tables");
    const auto [place, inserted] = tables.emplace(event.definition.name, event.definition);
    if (!inserted) {
      throw refused_at(statement.place, fmt::format("creates the table {} twice", place->first));
    }
    return event;
  }

  std::optional<Event> take_database(const Statement& statement, const Tokens& tokens,
                                     std::size_t at) {
    const Token& name = token_at(tokens, at);
    if (!name.names_something()) refuse(statement);
    const std::string wanted = unquote_name(name);
    if (!database.empty() && database != wanted) {
      throw refused_at(
          statement.place,
          fmt::format("holds several databases ({} and {}); dump one database", database, wanted));
    }
    database = wanted;
    return Skipped{
        .what = tokens[0].is("USE") ? "use" : "database", .name = wanted, .place = statement.place};
  }

  void require_plain_delimiter() const {
    if (statements.delimiter() == ";") return;
    throw refused_at(window.place(), "has an INSERT under another DELIMITER");
  }

  Event begin_rows(InsertHead begun) {
    head = std::move(begun);
    at_place(head.place, [&] {
      settings.require_readable(head.table + join(head.columns, ""));
      settings.require_straight_rows();
    });
    const auto table = tables.find(head.table);
    if (table == tables.end()) {
      throw refused_at(head.place, fmt::format("has rows of the table {}, which it does not create",
                                               head.table));
    }
    RowsBegin event{.table = head.table,
                    .columns = columns_of(table->second),
                    .verb = head.verb,
                    .settings = settings.current(),
                    .place = head.place};
    fields_expected = event.columns.size();
    doing = Doing::reading_rows;
    return event;
  }

  std::vector<std::string> columns_of(const TableDefinition& definition) const {
    std::set<const Column*> named;
    for (const auto& name : head.columns) {
      const Column* column = definition.find_column(name);
      if (column == nullptr || !named.insert(column).second) {
        throw refused_at(head.place,
                         fmt::format("has rows for the column {}.{}, which {}", head.table, name,
                                     column == nullptr ? "the table lacks" : "is named twice"));
      }
    }
    if (!head.columns.empty()) return head.columns;
    std::vector<std::string> names;
    for (const auto& column : definition.columns) {
      if (column.invisible == Column::Invisible::no) names.push_back(column.name);
    }
    return names;
  }

  /// Moves to the next INSERT if it goes on with the same rows.
  bool rows_go_on() {
    const auto statement = statements.next();
    if (!statement) {
      doing = Doing::ended;
      return false;
    }
    if (statement->kind == Statement::Kind::other) {
      pending = *statement;
      return false;
    }
    require_plain_delimiter();
    InsertHead begun = rows.begin();
    if (begun.continues(head)) return true;
    next_head = std::move(begun);
    return false;
  }

  Event end() {
    using Ends = DumpEnds;
    if (knowing == Knowing::keys && met_keys != known_keys) {
      throw corrupt_at(window.place(), "has other keys than when it was read first");
    }
    const auto trailer = statements.completed() ? Ends::Trailer::there : Ends::Trailer::missing;
    if (trailer == Ends::Trailer::missing &&
        options.trailer == DumpReaderOptions::Trailer::required) {
      throw corrupt_at(
          window.place(),
          "ends without the comment \"-- Dump completed\": it was cut off, or made with "
          "--skip-comments");
    }
    return Ends{.bytes = window.place().byte, .trailer = trailer};
  }

  /// Of keys that stand behind rows.
  enum class Knowing { no_keys, keys, keys_when_read } knowing = Knowing::no_keys;
  KeysByTable known_keys;
  KeysByTable met_keys;
  std::size_t keys_bytes = 0;

  std::optional<Statement> pending;  // read while looking whether rows go on
};

DumpReader::DumpReader(ByteSource& text, const DumpReaderOptions& options)
    : state_(std::make_unique<State>(text, options)) {}

DumpReader::~DumpReader() = default;

bool DumpReader::may_have_keys_behind_rows() {
  return state_->statements.begins_with("-- phpMyAdmin SQL Dump");
}

void DumpReader::know_keys(KeysByTable keys) {
  state_->knowing = State::Knowing::keys;
  state_->known_keys = std::move(keys);
}

KeysByTable collect_keys_behind_rows(ByteSource& text, const DumpReaderOptions& options) {
  DumpReader reader(text, options);
  reader.state_->knowing = DumpReader::State::Knowing::keys_when_read;
  while (!std::holds_alternative<DumpEnds>(reader.next())) {
  }
  return std::move(reader.state_->met_keys);
}

Event DumpReader::next() {
  State& state = *state_;
  while (state.doing == State::Doing::reading_rows && next_row()) {
  }
  for (;;) {
    if (state.doing == State::Doing::ended) return state.end();
    if (state.next_head) return state.begin_rows(*std::exchange(state.next_head, std::nullopt));
    const auto statement =
        state.pending ? std::exchange(state.pending, std::nullopt) : state.statements.next();
    if (!statement) {
      state.doing = State::Doing::ended;
    } else if (statement->kind == Statement::Kind::rows) {
      state.require_plain_delimiter();
      return state.begin_rows(state.rows.begin());
    } else if (auto event = state.take(*statement)) {
      return *std::move(event);
    }
  }
}

std::optional<Row> DumpReader::next_row() {
  State& state = *state_;
  while (state.doing == State::Doing::reading_rows) {
    if (const auto row = state.rows.next()) {
      if (row->size() == state.fields_expected) return row;
      throw refused_at(state.rows.row_place(),
                       fmt::format("has a row of {} values where {} has {} columns", row->size(),
                                   state.head.table, state.fields_expected));
    }
    state.doing = State::Doing::between_statements;
    if (state.rows_go_on()) state.doing = State::Doing::reading_rows;
  }
  return {};
}

Place DumpReader::row_place() const {
  return state_->rows.row_place();
}

std::string_view DumpReader::row_text() const {
  return state_->rows.row_text();
}

}  // namespace pipeline::dump
