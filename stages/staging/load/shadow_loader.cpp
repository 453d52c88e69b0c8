#include "stages/staging/load/shadow_loader.h"

#include <algorithm>
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
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/row_verdict.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {
namespace {

constexpr std::size_t chunk_bytes = 512U << 10U;

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

class ShadowLoader {
 public:
  ShadowLoader(Connection& session, dump::DumpReader& dump, const ShadowLoadOptions& options)
      : session_(session), dump_(dump), options_(options) {
    session_.execute(
        fmt::format("SET SESSION foreign_key_checks = 0, unique_checks = 1, max_error_count = {}",
                    servers_words_max));
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
    require_good_arrival(rows, definition, arrival_of(result, source.rows()));
    LoadedTable& table = loaded_.tables[positions_.at(rows.table)];
    table.rows += source.rows();
    table.warnings += result.warnings;
    loaded_.rows += source.rows();
    if (result.warnings == 0) return;
    log::warn("{}: the server changed values while it took the rows ({} warnings)", rows.table,
              result.warnings);
  }

  RowsArrived arrival_of(const ExecuteResult& result, std::uint64_t sent) {
    RowsArrived arrived{.sent = sent, .info = result.info, .words = {}};
    if (result.warnings == 0) return arrived;
    for (const auto& row : session_.query("SHOW WARNINGS").rows) {
      ServersWord word{
          .level = ServersWord::Level::error, .code = 0, .text = row.at(2).value_or("")};
      if (row.at(0) == "Warning") word.level = ServersWord::Level::warning;
      if (row.at(0) == "Note") word.level = ServersWord::Level::note;
      const std::string code = row.at(1).value_or("");
      std::from_chars(code.data(), code.data() + code.size(), word.code);
      arrived.words.push_back(std::move(word));
    }
    const std::string mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
    if (mode.find("STRICT_") != std::string::npos) arrived.sql_mode = RowsArrived::SqlMode::strict;
    return arrived;
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
