#include "bench/make_source_table.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace pipeline::source {
namespace {

// Small enough that several INSERTs a table appear even in a small database.
constexpr std::size_t rows_per_insert = 500;

std::string quoted(std::string_view name) {
  return fmt::format("`{}`", name);
}

}  // namespace

std::string& RowView::operator[](std::string_view column) {
  return row_.cells[table_.column_index(column)];
}

std::int64_t RowView::number(std::string_view column) {
  const std::string& cell = (*this)[column];
  std::int64_t value = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

RowView Table::append() {
  rows_.push_back(
      Row{.cells = std::vector<std::string>(definition_.columns.size(), std::string(null))});
  RowView added(*this, rows_.back());
  added["id"] = source::number(next_id_++);
  return added;
}

RowView Table::row_of_id(std::int64_t id) {
  const std::size_t id_column = column_index("id");
  const auto id_of = [&](const Row& row) { return std::stoll(row.cells[id_column]); };
  const auto found =
      std::lower_bound(rows_.begin(), rows_.end(), id,
                       [&](const Row& row, std::int64_t wanted) { return id_of(row) < wanted; });
  require(found != rows_.end() && id_of(*found) == id, "the row with this id exists");
  return {*this, *found};
}

void Table::sweep() {
  std::erase_if(rows_, [](const Row& row) { return row.deleted; });
}

std::size_t Table::column_index(std::string_view column) const {
  const auto found =
      std::find_if(definition_.columns.begin(), definition_.columns.end(),
                   [&](const Column& candidate) { return candidate.name == column; });
  require(found != definition_.columns.end(), "the column exists");
  return static_cast<std::size_t>(found - definition_.columns.begin());
}

std::string Table::sql(Existing existing) const {
  std::string out = "\n";
  if (existing == Existing::replaced) out += fmt::format("DROP TABLE IF EXISTS `{}`;\n", name());
  out += fmt::format("CREATE TABLE `{}` (\n", name());
  for (const Column& column : definition_.columns) {
    out += fmt::format("  `{}` {},\n", column.name, column.definition);
  }
  out += fmt::format("  {}\n) {};\n", fmt::join(definition_.keys, ",\n  "), definition_.options);

  std::vector<std::string> names;
  std::vector<std::size_t> stored;
  for (std::size_t i = 0; i < definition_.columns.size(); ++i) {
    if (definition_.columns[i].content == Column::Content::computed) continue;
    names.push_back(quoted(definition_.columns[i].name));
    stored.push_back(i);
  }
  // A server that is not strict would make something else of it without a word.
  for (const std::size_t column : stored) {
    if (definition_.columns[column].definition.find("NOT NULL") == std::string_view::npos) continue;
    for (const Row& row : rows_)
      require(row.cells[column] != null, "a NOT NULL column has a value");
  }
  for (std::size_t first = 0; first < rows_.size(); first += rows_per_insert) {
    out += fmt::format("INSERT INTO `{}` ({}) VALUES\n", name(), fmt::join(names, ","));
    const std::size_t last = std::min(first + rows_per_insert, rows_.size());
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t n = 0; n < stored.size(); ++n) {
        out += n == 0 ? '(' : ',';
        out += rows_[i].cells[stored[n]];
      }
      out += i + 1 == last ? ");\n" : "),\n";
    }
  }
  return out;
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

std::string text(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    switch (c) {
      case '\0':
        out += "\\0";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\x1a':
        out += "\\Z";
        break;
      case '\\':
      case '\'':
      case '"':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return out += '\'';
}

std::string date(Date day) {
  return fmt::format("'{}'", BusinessDate(day).iso());
}

std::string date_time(Date day, std::chrono::seconds time_of_day) {
  const std::chrono::hh_mm_ss time{time_of_day};
  return fmt::format("'{} {:02}:{:02}:{:02}'", BusinessDate(day).iso(), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::string flag(bool value) {
  return value ? "1" : "0";
}

std::string decimal(std::int64_t hundredths) {
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::size_t Random::below(std::size_t bound) {
  return bound == 0 ? 0 : next() % bound;
}

int Random::between(int first, int last) {
  return first + static_cast<int>(below(static_cast<std::size_t>(last - first + 1)));
}

std::size_t Random::recent(std::size_t count) {
  // The cube of a uniform number in [0, 1), in thousandths, counted from the end.
  const std::size_t u = below(1000);
  return count - 1 - (u * u / 1000 * u / 1000) * count / 1000;
}

}  // namespace pipeline::source
