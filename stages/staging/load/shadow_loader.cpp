#include "stages/staging/load/shadow_loader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/dump/sql_lexer.h"
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {
namespace {

constexpr std::size_t chunk_bytes = 512U << 10U;
// The most warnings that a server remembers of one statement.
constexpr std::uint64_t warnings_max = 65'535;

/// The rows that the reader stands before, encoded as they are asked for.
class EncodedRows : public ByteSource {
 public:
  EncodedRows(dump::DumpReader& dump, const std::string& table,
              std::span<const ColumnCarrier> carriers, const std::function<void()>& check_cancelled)
      : dump_(dump), table_(table), carriers_(carriers), check_cancelled_(check_cancelled) {
    text_.reserve(chunk_bytes * 2);
  }

  std::size_t read(std::span<char> buffer) override {
    if (given_ == text_.size()) refill();
    const std::size_t count = std::min(buffer.size(), text_.size() - given_);
    std::copy_n(text_.data() + given_, count, buffer.data());
    given_ += count;
    return count;
  }
  std::uint64_t rows() const { return rows_; }

 private:
  void refill() {
    failpoint("loader_mid_rows");
    check_cancelled_();
    text_.clear();
    given_ = 0;
    while (text_.size() < chunk_bytes) {
      const auto row = dump_.next_row();
      if (!row) return;
      encode(*row);
      ++rows_;
    }
  }

  void encode(dump::Row row) {
    try {
      encode_row(row, carriers_, text_);
    } catch (const Error& error) {
      throw dump::refused_at(dump_.row_place(),
                             fmt::format("has a row of {} with {}", table_, error.message()));
    }
  }

  dump::DumpReader& dump_;
  const std::string& table_;
  std::span<const ColumnCarrier> carriers_;
  const std::function<void()>& check_cancelled_;
  std::string text_;
  std::size_t given_ = 0;
  std::uint64_t rows_ = 0;
};

/// "Records: 3  Deleted: 0  Skipped: 1  Warnings: 0"
std::uint64_t count_in(std::string_view info, std::string_view word) {
  const auto at = info.find(word);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = trim(info.substr(at + word.size()));
  std::uint64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

class ShadowLoader {
 public:
  ShadowLoader(Connection& session, dump::DumpReader& dump, const ShadowLoadOptions& options)
      : session_(session), dump_(dump), options_(options) {
    session_.execute(
        fmt::format("SET SESSION foreign_key_checks = 0, unique_checks = 1, max_error_count = {}",
                    warnings_max));
  }

  LoadedDump run() {
    for (bool ended = false; !ended;) {
      const dump::Event event = dump_.next();
      options_.check_cancelled();
      if (const auto* table = std::get_if<dump::TableBegins>(&event)) begin_table(*table);
      if (const auto* rows = std::get_if<dump::RowsBegin>(&event)) load_rows(*rows);
      if (const auto* skipped = std::get_if<dump::Skipped>(&event)) note_skipped(*skipped);
      if (const auto* end = std::get_if<dump::DumpEnds>(&event)) {
        loaded_.text_bytes = end->bytes;
        ended = true;
      }
    }
    session_.execute("SET NAMES utf8mb4");  // what it writes from here on is not the dump's
    return std::move(loaded_);
  }

 private:
  void begin_table(const dump::TableBegins& event) {
    const dump::TableDefinition& table = event.definition;
    const Scope scope("table", table.name);
    const Scope place("create",
                      fmt::format("line {}, byte {}", event.place.line, event.place.byte));
    failpoint("loader_before_table");
    if (is_reserved_table_name(table.name)) {
      throw dump::refused_at(event.place,
                             fmt::format("creates {}, a name that publishing uses", table.name));
    }
    for (const auto& what : table.taken_off)
      log::info("{}: not carried over: {}", table.name, what);
    // A zero date as a default, for one, needs the dump's lenient sql_mode here too.
    follow(event.settings);
    // The definition alone is read in the dump's character set; everything else is in utf8mb4.
    set_client_charset(event.settings.charset);
    session_.execute(
        fmt::format("CREATE TABLE {} {}", quote_name(options_.shadow, table.name), table.body));
    set_client_charset("utf8mb4");
    positions_[table.name] = loaded_.tables.size();
    loaded_.tables.push_back(
        {.name = table.name, .rows = 0, .warnings = 0, .taken_off = table.taken_off});
    definitions_[table.name] = table;
  }

  void load_rows(const dump::RowsBegin& rows) {
    const Scope scope("table", rows.table);
    const Scope place("insert", fmt::format("line {}, byte {}", rows.place.line, rows.place.byte));
    follow(rows.settings);
    const dump::TableDefinition& definition = definitions_.at(rows.table);
    const RowPlan plan = plan_rows(definition, rows, options_.shadow);
    EncodedRows source(dump_, rows.table, plan.carriers, options_.check_cancelled);
    const ExecuteResult result = session_.load_local(plan.statement, source);
    const ServersWords words = words_of(result);
    if (rows.verb == dump::InsertHead::Verb::insert) require_all_taken(rows, result, words, source);
    require_all_arrived(rows, result, words, source.rows());
    LoadedTable& table = loaded_.tables[positions_.at(rows.table)];
    table.rows += source.rows();
    table.warnings += result.warnings;
    loaded_.rows += source.rows();
    if (result.warnings == 0) return;
    refuse_destroyed_values(rows, definition, words);
    if (rows.verb != dump::InsertHead::Verb::insert_ignore) refuse_against_strict_mode(rows, words);
    log::warn("{}: the server changed values while it took the rows ({} warnings)", rows.table,
              result.warnings);
  }

  /// What the server says about the values of the statement before.
  struct ServersWord {
    enum class Level { note, warning, error } level = Level::note;
    unsigned code = 0;
    std::string text;
  };
  using ServersWords = std::vector<ServersWord>;

  ServersWords words_of(const ExecuteResult& result) {
    ServersWords words;
    if (result.warnings == 0) return words;
    for (const auto& row : session_.query("SHOW WARNINGS").rows) {
      ServersWord word{
          .level = ServersWord::Level::error, .code = 0, .text = row.at(2).value_or("")};
      if (row.at(0) == "Warning") word.level = ServersWord::Level::warning;
      if (row.at(0) == "Note") word.level = ServersWord::Level::note;
      const std::string code = row.at(1).value_or("");
      std::from_chars(code.data(), code.data() + code.size(), word.code);
      words.push_back(std::move(word));
    }
    // What is not seen could be a text that was destroyed.
    if (words.size() >= warnings_max) {
      throw Error(ErrorKind::dump_refused,
                  fmt::format("the server changed more than {} values; nothing is published",
                              warnings_max));
    }
    return words;
  }

  static bool breaks_a_check(const ServersWord& word) {
    constexpr unsigned of_mariadb = 4025;
    constexpr unsigned of_mysql = 3819;
    return word.code == of_mariadb || word.code == of_mysql;
  }

  static void require_all_taken(const dump::RowsBegin& rows, const ExecuteResult& result,
                                const ServersWords& words, const EncodedRows& source) {
    const std::uint64_t skipped = count_in(result.info, "Skipped:");
    if (skipped == 0 && std::ranges::none_of(words, breaks_a_check)) return;
    throw dump::corrupt_at(
        rows.place, fmt::format("has some of {} rows of {} that the server did not take: they "
                                "collide on a unique key or break a CHECK, after those",
                                source.rows(), rows.table));
  }

  /// LOCAL makes errors warnings. A text that is not of its character set, or too long, would go
  /// live cut or full of question marks, and a UUID in the character set binary as NULL; zero dates
  /// and the like are the dump's own dirt.
  static void refuse_destroyed_values(const dump::RowsBegin& rows,
                                      const dump::TableDefinition& table,
                                      const ServersWords& words) {
    constexpr std::array<unsigned, 4> destroyed{1300, 1301, 1366, 1406};
    constexpr std::array<unsigned, 2> destroyed_for_texts{1265, 1292};
    const auto holds = [](const auto& codes, unsigned code) {
      return std::ranges::find(codes, code) != codes.end();
    };
    for (const auto& word : words) {
      const bool of_text = word.level == ServersWord::Level::warning &&
                           holds(destroyed_for_texts, word.code) &&
                           must_arrive_whole(table.find_column(named_column(word)));
      if (!of_text && !holds(destroyed, word.code)) continue;
      throw dump::refused_at(
          rows.place,
          fmt::format("has a value in the rows of {} that cannot be stored as it stands (server "
                      "error {}{}): it is not of its character set, too long, or no number",
                      table.name, word.code, place_in_table(word)));
    }
  }

  static bool must_arrive_whole(const dump::Column* column) {
    using Kind = dump::Column::Kind;
    return column != nullptr && (column->kind == Kind::text || column->kind == Kind::binary ||
                                 column->kind == Kind::json || column->kind == Kind::other);
  }

  /// Of the server's words only the column: before it stands the value. " for column 'c' at row 1",
  /// " for column `schema`.`table`.`c` at row 1", or empty.
  static std::string place_in_table(const ServersWord& word) {
    const auto at = word.text.rfind(" for column ");
    return at == std::string::npos ? "" : word.text.substr(at);
  }

  static std::string named_column(const ServersWord& word) {
    std::string place = place_in_table(word);
    place.resize(std::min(place.size(), place.rfind(" at row ")));
    const auto quoted = place.find('\'');
    if (place.find('`') == std::string::npos && quoted != std::string::npos) {
      return place.substr(quoted + 1, place.size() - quoted - 2);
    }
    dump::Token last;
    dump::TokenReader reader(place);
    for (auto token = reader.next(); token.kind != dump::Token::Kind::end; token = reader.next())
      last = token;
    return dump::unquote_name(last);
  }

  /// Under a strict mode an INSERT fails where LOCAL only warns.
  void refuse_against_strict_mode(const dump::RowsBegin& rows, const ServersWords& words) {
    const std::string mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
    const bool strict = mode.find("STRICT_") != std::string::npos;
    const auto worse_than_note = [](const ServersWord& word) {
      return word.level != ServersWord::Level::note;
    };
    const auto word = std::ranges::find_if(words, worse_than_note);
    if (!strict || word == words.end()) return;
    throw dump::refused_at(
        rows.place,
        fmt::format("has rows of {} that the server refuses under the dump's own strict "
                    "sql_mode (server error {}{})",
                    rows.table, word->code, place_in_table(*word)));
  }

  static void require_all_arrived(const dump::RowsBegin& rows, const ExecuteResult& result,
                                  const ServersWords& words, std::uint64_t sent) {
    const std::uint64_t records = count_in(result.info, "Records:");
    const auto ignored = std::ranges::count_if(words, breaks_a_check);  // by INSERT IGNORE
    if (records + static_cast<std::uint64_t>(ignored) == sent) return;
    throw Error(ErrorKind::internal,
                fmt::format("{} rows of {} were sent and {} arrived; the loader "
                            "encoded them wrongly, nothing is published",
                            sent, rows.table, records));
  }

  /// Gives the session the dump's time zone and sql_mode, or the server's own where the dump leaves
  /// them to it, as a client would.
  void follow(const dump::SessionSettings& settings) {
    if (!following_ || settings.time_zone != following_->time_zone) {
      session_.execute("SET SESSION time_zone = " + (settings.time_zone
                                                         ? quote_text(*settings.time_zone)
                                                         : std::string("DEFAULT")));
    }
    if (!following_ || settings.sql_mode != following_->sql_mode) {
      session_.execute("SET SESSION sql_mode = " + (settings.sql_mode
                                                        ? quote_text(*settings.sql_mode)
                                                        : std::string("DEFAULT")));
      if (!settings.sql_mode) require_readable_default_mode();
    }
    follow_collation(settings);
    following_ = settings;
  }

  /// Of the literals in defaults and generated columns.
  void follow_collation(const dump::SessionSettings& settings) {
    if (following_ && settings.connection_charset == following_->connection_charset &&
        settings.connection_collation == following_->connection_collation) {
      return;
    }
    session_.execute("SET SESSION character_set_connection = " +
                     quote_text(settings.connection_charset));
    if (settings.connection_collation.empty()) return;
    session_.execute("SET SESSION collation_connection = " +
                     quote_text(settings.connection_collation));
  }

  void require_readable_default_mode() {
    const auto mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
    const auto other = dump::mode_of_other_grammar(mode);
    if (other.empty()) return;
    throw Error(ErrorKind::dump_refused,
                fmt::format("the dump sets no sql_mode and the server's own is {}, under which "
                            "quotes and backslashes mean something else",
                            other));
  }

  void set_client_charset(const std::string& charset) {
    session_.execute("SET SESSION character_set_client = " + quote_text(charset));
  }

  void note_skipped(const dump::Skipped& skipped) {
    const std::string text = fmt::format("{} `{}`", skipped.what, skipped.name);
    if (std::ranges::find(loaded_.skipped, text) != loaded_.skipped.end()) return;
    log::info("not carried over: {}", text);
    loaded_.skipped.push_back(text);
  }

  Connection& session_;
  dump::DumpReader& dump_;
  const ShadowLoadOptions& options_;
  LoadedDump loaded_;
  std::map<std::string, std::size_t, std::less<>> positions_;
  std::map<std::string, dump::TableDefinition, std::less<>> definitions_;
  std::optional<dump::SessionSettings> following_;
};

}  // namespace

dump::Dialect dialect_of(const Connection& session) {
  // "10.11.6-MariaDB-0+deb12u1", "8.0.36", and behind some proxies "5.5.5-10.11.6-MariaDB".
  std::string_view version = session.server_version();
  if (version.starts_with("5.5.5-")) version.remove_prefix(6);
  unsigned number = 0;
  for (int part = 0; part < 3; ++part) {
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), value);
    number = number * 100 + (error == std::errc() ? value : 0);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return {.family = session.family() == ServerFamily::mariadb ? dump::Dialect::Family::mariadb
                                                              : dump::Dialect::Family::mysql,
          .version = number};
}

void empty_shadow(Connection& session, const std::string& schema) {
  const auto found = session.query(fmt::format(
      "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
      quote_text(schema)));
  session.execute("SET SESSION foreign_key_checks = 0");
  for (const auto& row : found.rows) {
    const bool view = row[1] == "VIEW";
    session.execute(fmt::format("DROP {} IF EXISTS {}", view ? "VIEW" : "TABLE",
                                quote_name(schema, row[0].value_or(""))));
  }
}

LoadedDump load_into_shadow(Connection& session, dump::DumpReader& dump,
                            const ShadowLoadOptions& options) {
  return ShadowLoader(session, dump, options).run();
}

}  // namespace pipeline
