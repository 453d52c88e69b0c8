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
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {
namespace {

constexpr std::size_t chunk_bytes = 512U << 10U;
constexpr std::string_view lenient_sql_mode = "NO_AUTO_VALUE_ON_ZERO";

/// The rows that the reader stands before, encoded as they are asked for.
class EncodedRows : public ByteSource {
 public:
  EncodedRows(dump::DumpReader& dump, std::span<const ColumnCarrier> carriers,
              const std::function<void()>& check_cancelled)
      : dump_(dump), carriers_(carriers), check_cancelled_(check_cancelled) {
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
      throw dump::refused_at(dump_.row_place(), "has values it may not hold: " + error.message());
    }
  }

  dump::DumpReader& dump_;
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
    session_.execute("SET SESSION foreign_key_checks = 0, unique_checks = 1");
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
    return std::move(loaded_);
  }

 private:
  void begin_table(const dump::TableBegins& event) {
    const dump::TableDefinition& table = event.definition;
    const Scope scope("table", table.name);
    failpoint("loader_before_table");
    if (is_reserved_table_name(table.name)) {
      throw dump::refused_at(event.place,
                             fmt::format("creates {}, a name that publishing uses", table.name));
    }
    for (const auto& what : table.taken_off)
      log::info("{}: not carried over: {}", table.name, what);
    // A zero date as a default, for one, needs the dump's lenient sql_mode here too.
    follow({.charset = "utf8mb4", .time_zone = time_zone_, .sql_mode = sql_mode_});
    session_.execute(
        fmt::format("CREATE TABLE {} {}", quote_name(options_.shadow, table.name), table.body));
    positions_[table.name] = loaded_.tables.size();
    loaded_.tables.push_back(
        {.name = table.name, .rows = 0, .warnings = 0, .taken_off = table.taken_off});
    definitions_[table.name] = table;
  }

  void load_rows(const dump::RowsBegin& rows) {
    const Scope scope("table", rows.table);
    follow(rows.settings);
    const RowPlan plan = plan_rows(definitions_.at(rows.table), rows, options_.shadow);
    EncodedRows source(dump_, plan.carriers, options_.check_cancelled);
    const ExecuteResult result = session_.load_local(plan.statement, source);
    const std::uint64_t skipped = count_in(result.info, "Skipped:");
    if (rows.verb == dump::InsertHead::Verb::insert && skipped > 0) {
      throw dump::corrupt_at(
          rows.place, fmt::format("has {} of {} rows of {} that the server did not take: they "
                                  "collide on a unique key or break a CHECK, after those",
                                  skipped, source.rows(), rows.table));
    }
    require_all_arrived(rows, result, source.rows());
    LoadedTable& table = loaded_.tables[positions_.at(rows.table)];
    table.rows += source.rows();
    table.warnings += result.warnings;
    loaded_.rows += source.rows();
    if (result.warnings > 0) refuse_destroyed_text(rows.table);
    if (result.warnings > 0) {
      log::warn("{}: the server changed values while it took the rows ({} warnings)", rows.table,
                result.warnings);
    }
  }

  /// LOCAL makes errors warnings. A text that is not of its character set, or too long, would go
  /// live cut or full of question marks; zero dates and the like are the dump's own dirt.
  void refuse_destroyed_text(const std::string& table) {
    constexpr std::array<std::string_view, 3> destroyed{"1300", "1366", "1406"};
    for (const auto& row : session_.query("SHOW WARNINGS").rows) {
      const std::string code = row.at(1).value_or("");
      if (std::ranges::find(destroyed, code) == destroyed.end()) continue;
      // Of the server's words only the column: before it stands the value.
      const std::string words = row.at(2).value_or("");
      const auto column = words.rfind(" for column ");
      throw Error(
          ErrorKind::dump_refused,
          fmt::format("{} holds text that cannot be stored as it stands (server error {}{}): "
                      "it is not of its character set, or too long; nothing is published",
                      table, code, column == std::string::npos ? "" : words.substr(column)));
    }
  }

  void require_all_arrived(const dump::RowsBegin& rows, const ExecuteResult& result,
                           std::uint64_t sent) const {
    const std::uint64_t records = count_in(result.info, "Records:");
    if (records == sent) return;
    throw Error(ErrorKind::internal,
                fmt::format("{} rows of {} were sent and {} arrived; the loader "
                            "encoded them wrongly, nothing is published",
                            sent, rows.table, records));
  }

  /// Gives the session the dump's time zone and sql_mode. The charset is not the session's: rows
  /// travel as bytes, statements in utf8mb4.
  void follow(const dump::SessionSettings& settings) {
    if (settings.time_zone && settings.time_zone != time_zone_) {
      session_.execute("SET SESSION time_zone = " + quote_text(*settings.time_zone));
      time_zone_ = settings.time_zone;
    }
    const std::string mode = settings.sql_mode.value_or(std::string(lenient_sql_mode));
    if (sql_mode_ != mode) {
      session_.execute("SET SESSION sql_mode = " + quote_text(mode));
      sql_mode_ = mode;
    }
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
  std::optional<std::string> time_zone_;
  std::optional<std::string> sql_mode_;
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
