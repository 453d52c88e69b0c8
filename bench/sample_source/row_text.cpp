#include "bench/sample_source/row_text.h"

#include <array>

#include "bench/sample_source/words.h"
#include "common/base/error.h"

namespace pipeline::source {
namespace {

using std::chrono::days;

constexpr std::size_t one_awkward_in = 40;

/// Writes one cell: an overload for each kind of content.
struct CellWriter {
  const Row& row;
  const Ids* referred;
  Id rows_on_day_1;
  const std::string& told;
  Random random;
  Literals& out;

  void operator()(const FromStory&) { out.raw(told); }
  void operator()(const Computed&) { out.raw(told); }
  void operator()(const RowId&) { out.number(row.id); }

  void operator()(const Anchored& anchored) {
    const Id id = [&] {
      switch (anchored.what) {
        case Anchored::What::tenant:
          return row.tenant;
        case Anchored::What::moving:
          return row.moving;
        case Anchored::What::room:
          return row.room;
        case Anchored::What::apartment:
          return row.apartment;
      }
      return Id{0};
    }();
    require(id != 0, "the anchor of the table knows what the column names");
    out.number(id);
  }

  void operator()(const Reference& reference) {
    if (reference.how == Reference::How::along) return out.number(row.parent);
    out.number(referred_row(*referred, row, random.next(), reference.how, rows_on_day_1));
  }

  void operator()(const Whole& whole) {
    out.number(whole.low + random.between(0, (whole.high - whole.low) / whole.step) * whole.step);
  }

  void operator()(const Decimal& decimal) {
    out.decimal(
        decimal.low + random.between(0, (decimal.high - decimal.low) / decimal.step) * decimal.step,
        decimal.decimals);
  }

  void operator()(const Quarters& quarters) {
    constexpr std::array<std::string_view, 4> parts{"", ".25", ".5", ".75"};
    const std::int64_t value = random.between(quarters.low, quarters.high);
    out.number(value / 4);
    out.raw(parts[static_cast<std::size_t>(value % 4)]);
  }

  void operator()(const MonthlyRent&) {
    require(row.monthly_rent != 0, "the table is about contracts");
    // Every fourth payment is a little less or more than the rent.
    const std::int64_t off = random.one_in(4) ? random.between(-20, 20) * 50 : 0;
    out.decimal(row.monthly_rent * 100 + off * 100, 2);
  }

  void operator()(const Flag& flag) { out.raw(random.permille(flag.ones_permille) ? "1" : "0"); }

  void operator()(const Day& day) {
    const Date date = row.created.day + days(random.between(day.from, day.to));
    if (day.kind == Day::Kind::fact && date > row.known_until) return out.raw(null);
    out.date(date);
  }

  void operator()(const Clock& clock) {
    const Date date = row.created.day + days(random.between(clock.from, clock.to));
    if (date > row.known_until) return out.raw(null);
    const Moment moment = date == row.created.day ? row.created : office_hour(random.next(), date);
    switch (clock.type) {
      case Clock::Type::datetime:
        return out.date_time(moment);
      case Clock::Type::timestamp:
        return out.timestamp(moment);
    }
  }

  void operator()(const CreatedAt&) { out.date_time(row.created); }
  void operator()(const UpdatedAt&) { out.date_time(row.updated); }

  void operator()(const TimeOfDay&) {
    out.time_of_day(std::chrono::minutes(random.between(16, 40) * 30));
  }

  void operator()(const Period& period) {
    const std::chrono::year_month_day date(row.created.day);
    const int year = static_cast<int>(date.year());
    if (period.unit == Period::Unit::year) return out.number(year);
    const auto month = static_cast<unsigned>(date.month());
    out.text(number(year) + (month < 10 ? "-0" : "-") + number(month));
  }

  void operator()(const Serial& serial) {
    std::string id = number(row.id);
    constexpr std::size_t width = 9;
    if (id.size() < width) id.insert(0, width - id.size(), '0');
    out.text(std::string(serial.prefix) + id);
  }

  void operator()(const Digits& digits) {
    std::string value(digits.prefix);
    for (int i = 0; i < digits.count; ++i) value += static_cast<char>('0' + random.below(10));
    out.text(value);
  }

  void operator()(const Hex& hex) {
    constexpr std::string_view signs = "0123456789abcdef";
    std::string value;
    std::uint64_t bits = 0;
    for (int i = 0; i < hex.digits; ++i) {
      if (i % 16 == 0) bits = random.next();
      value += signs[bits & 15U];
      bits >>= 4U;
    }
    out.text(value);
  }

  void operator()(const Word& word) { out.text(word.words[random.below(word.words.size())]); }

  void operator()(const Numbered& numbered) {
    out.text(std::string(numbered.stem) + number(random.between(1, numbered.count)));
  }

  void operator()(const MailAddress&) {
    out.text("sample" + number(random.between(1, 9'999'999)) + "@example.com");
  }

  void operator()(const Sentences& sentences) {
    if (random.one_in(one_awkward_in)) {
      return out.text(awkward_notes[random.below(awkward_notes.size())]);
    }
    std::string value;
    for (std::int64_t n = random.between(sentences.low, sentences.high); n > 0; --n) {
      value += phrases[random.below(phrases.size())];
    }
    out.text(value);
  }

  void operator()(const JsonObject& object) {
    std::string value = "{";
    const std::int64_t entries = random.between(object.low, object.high);
    for (std::int64_t n = 1; n <= entries; ++n) {
      value += n == 1 ? "\"" : ", \"";
      value += json_keys[random.below(json_keys.size())];
      value += '_' + number(n) + "\": ";
      append_json_value(value);
    }
    out.text(value + "}");
  }

  void append_json_value(std::string& value) {
    switch (random.below(4)) {
      case 0:
        value += number(random.between(0, 99'999));
        break;
      case 1:
        value += random.one_in(2) ? "true" : "null";
        break;
      case 2:
        value += R"(["\"見本\"", "a\\b", 1.5])";
        break;
      default:
        value += '"';
        value += phrases[random.below(phrases.size())];
        value += '"';
    }
  }
};

}  // namespace

RowText::RowText(const Source& source, const TableSpec& table, TextFor purpose)
    : rows_on_day_1_(source.ids(table.name).last(1)),
      zone_(purpose == TextFor::dump ? TimestampZone::utc : TimestampZone::tokyo) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (purpose == TextFor::server && std::holds_alternative<Computed>(column.content)) continue;
    const auto* reference = std::get_if<Reference>(&column.content);
    names_.push_back(column.name);
    stored_.push_back({.column = &column,
                       .index = i,
                       .referred = reference == nullptr ? nullptr : &source.ids(reference->table)});
  }
}

void RowText::append(const Row& row, const ToldCells& cells, std::string& out) const {
  constexpr std::uint64_t column_step = 0xD1B54A32D192ED03U;
  Literals literals(out, zone_);
  for (const Stored& stored : stored_) {
    out += stored.index == 0 ? '(' : ',';
    const Column& column = *stored.column;
    const std::size_t begin = out.size();
    const std::uint64_t change = column.changes ? static_cast<std::uint64_t>(row.change) : 0;
    Random random(mixed(row.key + (stored.index + 1) * column_step + (change << 48U)));
    if (column.null_permille != 0 && random.permille(column.null_permille)) {
      literals.raw(null);
    } else {
      std::visit(CellWriter{.row = row,
                            .referred = stored.referred,
                            .rows_on_day_1 = rows_on_day_1_,
                            .told = cells.at(stored.index),
                            .random = random,
                            .out = literals},
                 column.content);
    }
    require(column.presence == Column::Presence::nullable || out.compare(begin, 5, null) != 0,
            "a required column has a value");
  }
  out += ')';
}

}  // namespace pipeline::source
