#include "stages/staging/load/row_verdict.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/staging/dump/sql_lexer.h"

// The codes are those of the servers' manuals ("Server Error Message Reference"). A text that is
// not of its character set, or too long, would go live cut or full of question marks, and a UUID of
// a dump in the character set binary as NULL; zero dates and the like are the dump's own dirt.

namespace pipeline {
namespace {

using Level = ServersWord::Level;
using Verb = dump::InsertHead::Verb;

constexpr std::array<unsigned, 2> breaks_check{4025, 3819};  // of MariaDB, of MySQL
constexpr std::array<unsigned, 2> collides{1062, 1586};      // the second one names the key
// No default for a column, a value for a generated one; their SQLSTATE is the one of everything.
constexpr std::array<unsigned, 2> tell_of_rows{1364, 1906};
// Not of the character set, CONVERT without a result, no string or number, too long.
constexpr std::array<unsigned, 4> destroys_value{1300, 1301, 1366, 1406};
// "Data truncated" and "Incorrect ... value": harmless for dates.
constexpr std::array<unsigned, 2> destroys_text{1265, 1292};

template <std::size_t size>
bool is_one_of(const std::array<unsigned, size>& codes, unsigned code) {
  return std::ranges::find(codes, code) != codes.end();
}

bool breaks_a_check(const ServersWord& word) {
  return is_one_of(breaks_check, word.code);
}

/// "Records: 3  Deleted: 0  Skipped: 1  Warnings: 0"
std::uint64_t count_in(std::string_view info, std::string_view word) {
  const auto at = info.find(word);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = trim(info.substr(at + word.size()));
  std::uint64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

/// Of the server's words only the column: before it stands the value. " for column 'c' at row 1",
/// " for column `schema`.`table`.`c` at row 1", or empty.
std::string_view place_in_table(const ServersWord& word) {
  const std::string_view text = word.text;
  return text.substr(std::min(text.rfind(" for column "), text.size()));
}

std::string column_in(std::string_view place) {
  constexpr std::string_view opening = " for column ";
  if (!place.starts_with(opening)) return "";
  place = place.substr(opening.size(), place.rfind(" at row ") - opening.size());
  // In single quotes the name stands as it is, in backticks it is quoted.
  if (place.size() >= 2 && place.starts_with('\'')) {
    return std::string(place.substr(1, place.size() - 2));
  }
  dump::Token last;
  dump::TokenReader reader(place);
  for (auto token = reader.next(); token.kind != dump::Token::Kind::end; token = reader.next())
    last = token;
  return dump::unquote_name(last);
}

bool must_arrive_whole(const dump::Column* column) {
  using Kind = dump::Column::Kind;
  return column != nullptr && (column->kind == Kind::text || column->kind == Kind::binary ||
                               column->kind == Kind::json || column->kind == Kind::other);
}

bool destroys(const ServersWord& word, const dump::TableDefinition& table) {
  if (is_one_of(destroys_value, word.code)) return true;
  return word.level != Level::note && is_one_of(destroys_text, word.code) &&
         must_arrive_whole(table.find_column(column_in(place_in_table(word))));
}

Error not_taken(const dump::RowsBegin& rows) {
  return dump::corrupt_at(rows.place,
                          fmt::format("has rows of {} that the server did not take: they collide "
                                      "on a unique key or break a CHECK",
                                      rows.table));
}

void require_all_taken(const dump::RowsBegin& rows, const RowsArrived& arrived) {
  const bool skipped = count_in(arrived.info, "Skipped:") > 0;
  if (!skipped && std::ranges::none_of(arrived.words, breaks_a_check)) return;
  throw not_taken(rows);
}

// What is not seen could be a text that was destroyed.
void require_all_seen(const dump::RowsBegin& rows, const std::vector<ServersWord>& words) {
  if (words.size() < servers_words_max) return;
  throw dump::refused_at(rows.place, fmt::format("has {} or more values of {} that the server "
                                                 "changed: too many to look at each",
                                                 servers_words_max, rows.table));
}

void require_whole_values(const dump::RowsBegin& rows, const dump::TableDefinition& table,
                          const std::vector<ServersWord>& words, RowsArrived::SqlMode mode) {
  const auto destroyed =
      std::ranges::find_if(words, [&](const ServersWord& word) { return destroys(word, table); });
  if (destroyed != words.end()) {
    throw dump::refused_at(
        rows.place,
        fmt::format(
            "has a value in the rows of {} that cannot be stored as it stands (server error "
            "{}{}): it is not of its character set, too long, or no number",
            rows.table, destroyed->code, place_in_table(*destroyed)));
  }
  if (mode == RowsArrived::SqlMode::lenient || rows.verb == Verb::insert_ignore) return;
  const auto ends_an_insert = std::ranges::find_if(
      words, [](const ServersWord& word) { return word.level != Level::note; });
  if (ends_an_insert == words.end()) return;
  throw dump::refused_at(
      rows.place, fmt::format("has rows of {} that the server refuses under the dump's own strict "
                              "sql_mode (server error {}{})",
                              rows.table, ends_an_insert->code, place_in_table(*ends_an_insert)));
}

}  // namespace

std::uint64_t records_of(std::string_view info, const std::vector<ServersWord>& words) {
  const auto broken = std::ranges::count_if(words, breaks_a_check);
  return count_in(info, "Records:") + static_cast<std::uint64_t>(broken);
}

void require_all_arrived(const dump::RowsBegin& rows, std::uint64_t sent, std::uint64_t arrived) {
  if (sent == arrived) return;
  throw Error(
      ErrorKind::internal,
      fmt::format("{} rows of {} were sent and {} arrived; the loader encoded them wrongly, "
                  "nothing is published",
                  sent, rows.table, arrived));
}

void require_good_arrival(const dump::RowsBegin& rows, const dump::TableDefinition& table,
                          const RowsArrived& arrived) {
  require_all_seen(rows, arrived.words);
  if (rows.verb != Verb::insert_ignore) require_all_taken(rows, arrived);
  require_all_arrived(rows, arrived.sent, records_of(arrived.info, arrived.words));
  require_whole_values(rows, table, arrived.words, arrived.sql_mode);
}

bool tells_of_rows(unsigned code, std::string_view sqlstate) {
  // Warnings, wrong data, broken constraints (SQL standard, "SQLSTATE class codes").
  constexpr std::array<std::string_view, 3> classes{"01", "22", "23"};
  return std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end() ||
         is_one_of(tell_of_rows, code) || is_one_of(breaks_check, code) ||
         is_one_of(destroys_value, code);
}

void require_good_insert(const dump::RowsBegin& rows, const dump::TableDefinition& table,
                         const RowsInserted& inserted) {
  const auto keeps_a_row_out = [](const ServersWord& word) {
    return breaks_a_check(word) || is_one_of(collides, word.code);
  };
  require_all_seen(rows, inserted.words);
  if (rows.verb != Verb::insert_ignore && std::ranges::any_of(inserted.words, keeps_a_row_out)) {
    throw not_taken(rows);
  }
  require_whole_values(rows, table, inserted.words, inserted.sql_mode);
  if (inserted.end == RowsInserted::End::good) return;
  const ServersWord word = inserted.words.empty() ? ServersWord{} : inserted.words.back();
  throw dump::refused_at(rows.place,
                         fmt::format("has rows of {} that the server refuses (server error {}{})",
                                     rows.table, word.code, place_in_table(word)));
}

}  // namespace pipeline
