#include "stages/staging/load/row_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/staging/dump/find_any.h"

// What differs between INSERT and LOAD DATA (MySQL manual, "String Literals" and "LOAD DATA"):
// \N inside an INSERT is the letter N, alone in a LOAD DATA field it is NULL; \% and \_ keep their
// backslash in an INSERT and lose it in LOAD DATA; '' is one quote in an INSERT; a raw tab or
// newline is data in an INSERT and an end in LOAD DATA. All other escapes mean the same and pass as
// they are. Literals that are no strings have a type in an INSERT and are text in LOAD DATA; the
// table of ways below says for each kind of column which of them have a text that means the same.

namespace pipeline {
namespace {

constexpr unsigned bits_of_byte = 8;
constexpr unsigned bytes_of_number_max = 8;

using As = ColumnCarrier::As;
using Kind = dump::Field::Kind;

[[noreturn]] void refuse(std::string_view what, const ColumnCarrier& carrier) {
  throw Error(ErrorKind::dump_refused, fmt::format("{} for the column {}", what, carrier.column));
}

void append_byte(char byte, std::string& out) {
  switch (byte) {
    case '\t':
      out += "\\t";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\\':
      out += "\\\\";
      break;
    default:
      out += byte;
  }
}

// The hot loop: most bytes of a dump pass here. Copies runs between bytes that need a change.
void append_text(const dump::Field& field, std::string& out) {
  const char* at = field.body.data();
  const char* const end = at + field.body.size();
  const char quote = field.escapes == dump::Field::Escapes::some ? field.quote : '\t';
  const char* run = at;
  const std::array special{'\t', '\n', '\\', quote};
  for (;;) {
    at = dump::find_any(at, end, special);
    if (at == end) break;
    const char byte = *at;
    out.append(run, at);
    if (byte == '\\') {
      const char escaped = at[1];  // the parser guarantees that a backslash is not the last byte
      if (escaped == '%' || escaped == '_') out += '\\';
      if (escaped != 'N') out += '\\';
      if (escaped == '\t' || escaped == '\n') {
        out.pop_back();
        append_byte(escaped, out);
      } else {
        out += escaped;
      }
      at += 2;
    } else if (byte == '\t' || byte == '\n') {
      append_byte(byte, out);
      ++at;
    } else {
      out += quote;
      at += 2;  // the second of a doubled quote
    }
    run = at;
  }
  out.append(run, end);
}

unsigned digit_value(char digit) {
  if (digit <= '9') return static_cast<unsigned>(digit - '0');
  return static_cast<unsigned>((digit | 0x20) - 'a' + 10);
}

/// The bytes of a hex or bit literal, the first one filled up with zero bits.
std::string bytes_of(const dump::Field& field) {
  const unsigned bits_of_digit = field.kind == Kind::bits ? 1 : 4;
  const std::size_t bits = field.body.size() * bits_of_digit;
  std::string bytes((bits + bits_of_byte - 1) / bits_of_byte, '\0');
  std::size_t position = bytes.size() * bits_of_byte - bits;
  for (const char digit : field.body) {
    const auto shift =
        static_cast<unsigned>(bits_of_byte - bits_of_digit - position % bits_of_byte);
    auto& byte = bytes[position / bits_of_byte];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | (digit_value(digit) << shift));
    position += bits_of_digit;
  }
  return bytes;
}

void append_bytes(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) append_byte(byte, out);
}

/// A hex or bit literal as a decimal number.
void append_decimal(const dump::Field& field, const ColumnCarrier& carrier, std::string& out) {
  const std::string bytes = bytes_of(field);
  if (bytes.size() > bytes_of_number_max) refuse("a hex literal of more than 8 bytes", carrier);
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << bits_of_byte | static_cast<unsigned char>(byte);
  out += std::to_string(value);
}

/// As many bytes as the column has, or more where the value needs them: the server then does what
/// it does to an INSERT that does not fit.
void append_pattern(std::string_view bytes, unsigned bit_length, std::string& out) {
  const auto first = bytes.find_first_not_of('\0');
  bytes.remove_prefix(std::min(first, bytes.size()));
  const std::size_t wanted = (bit_length + bits_of_byte - 1) / bits_of_byte;
  for (std::size_t missing = bytes.size(); missing < wanted; ++missing) append_byte('\0', out);
  append_bytes(bytes, out);
}

void append_bit_number(const dump::Field& field, const ColumnCarrier& carrier, std::string& out) {
  std::uint64_t value = 0;
  const char* const end = field.body.data() + field.body.size();
  const auto [stop, error] = std::from_chars(field.body.data(), end, value);
  if (error != std::errc() || stop != end) refuse("a number that is no bit pattern", carrier);
  std::array<char, bytes_of_number_max> bytes{};
  for (std::size_t left = bytes.size(); left > 0; --left) {
    bytes[left - 1] = static_cast<char>(value & 0xFFU);
    value >>= bits_of_byte;
  }
  append_pattern({bytes.data(), bytes.size()}, carrier.bit_length, out);
}

bool is_zero(std::string_view number) {
  return number.substr(0, number.find_first_of("eE")).find_first_not_of("+-.0") ==
         std::string_view::npos;
}

bool has_exponent(std::string_view number) {
  return number.find_first_of("eE") != std::string_view::npos;
}

/// An INSERT makes a DECIMAL of a number without exponent and cuts it to what that holds, before
/// the column, a DOUBLE perhaps, gets it; from a text the column gets all digits.
bool exceeds_a_decimal(std::string_view number) {
  constexpr std::ptrdiff_t digits_max = 65;
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  return !has_exponent(number) && std::ranges::count_if(number, is_digit) > digits_max;
}

/// Whether the server would write the number with the same characters: -12.50 and not +1, 007, .5,
/// 1e3 or -0, nor more digits than a DECIMAL holds.
bool is_its_own_text(std::string_view number) {
  constexpr std::size_t digits_max = 65;
  constexpr std::size_t fraction_digits_max = 30;
  if (number.starts_with('-')) {
    if (is_zero(number)) return false;
    number.remove_prefix(1);
  }
  const std::string_view whole = number.substr(0, number.find('.'));
  const std::size_t fraction = number.size() - whole.size();
  const bool plain = !whole.empty() && !number.ends_with('.') && !has_exponent(number) &&
                     whole[0] >= '0' && whole[0] <= '9' && (whole[0] != '0' || whole.size() == 1);
  return plain && number.size() <= digits_max && fraction <= fraction_digits_max;
}

/// What becomes of a literal of one kind in a column of one kind.
enum class Way {
  nothing,  // no bytes at all
  escaped,  // a text
  body,     // a number as it is written
  integer,  // likewise, if it has no exponent: a double rounds halves to even, a text away from 0
  plain,    // likewise, if an INSERT would make the same text of it
  year,
  bit_number,
  bytes,    // what a hex or bit literal stands for
  decimal,  // the number that a hex or bit literal stands for
  pattern,  // its bytes without leading zeros
  refused,
};

struct Ways {
  Way number = Way::refused;
  Way text = Way::escaped;
  Way binary_text = Way::escaped;
  Way hex = Way::refused;  // and bits
  Way quoted_hex = Way::refused;
  Way default_value = Way::refused;
};

// In the order of ColumnCarrier::As.
constexpr std::array<Ways, 10> ways_of_columns{{
    {.number = Way::plain, .hex = Way::bytes, .quoted_hex = Way::bytes},  // text
    {.hex = Way::bytes, .quoted_hex = Way::bytes},                        // member
    {.number = Way::integer, .hex = Way::decimal},                        // integer
    {.number = Way::body, .hex = Way::decimal},                           // number
    {.number = Way::bit_number, .hex = Way::pattern, .quoted_hex = Way::pattern},
    {.number = Way::year, .hex = Way::decimal},
    {.hex = Way::bytes, .quoted_hex = Way::bytes},  // date_time
    {.hex = Way::bytes, .quoted_hex = Way::bytes},  // geometry
    {.binary_text = Way::refused},                  // own_text
    {Way::nothing, Way::nothing, Way::nothing, Way::nothing, Way::nothing, Way::nothing},
}};

Way way_of(ColumnCarrier::As as, Kind kind) {
  const Ways& ways = ways_of_columns.at(static_cast<std::size_t>(as));
  switch (kind) {
    case Kind::null:
      return Way::nothing;  // the carrier says itself what becomes of it
    case Kind::number:
      return ways.number;
    case Kind::text:
      return ways.text;
    case Kind::binary_text:
      return ways.binary_text;
    case Kind::hex:
    case Kind::bits:
      return ways.hex;
    case Kind::quoted_hex:
      return ways.quoted_hex;
    case Kind::default_value:
      return ways.default_value;
  }
  return Way::refused;
}

std::string_view spoken(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "NULL";
    case Kind::number:
      return "a number without quotes";
    case Kind::text:
      return "a text";
    case Kind::binary_text:
      return "a _binary text";
    case Kind::hex:
    case Kind::quoted_hex:
      return "a hex literal";
    case Kind::bits:
      return "a bit literal";
    case Kind::default_value:
      return "DEFAULT";
  }
  return "a value";
}

// Only for an AUTO_INCREMENT column of a dump without NO_AUTO_VALUE_ON_ZERO: rare and strict.
bool surely_not_zero(const dump::Field& field) {
  const bool written = field.kind == Kind::number || field.kind == Kind::text;
  const std::string_view digits = field.body.substr(0, field.body.find_first_not_of("-0123456789"));
  return written && !is_zero(digits);
}

void refuse_numbering(const dump::Field& field, const ColumnCarrier& carrier) {
  const bool numbers_null = carrier.numbering != ColumnCarrier::Numbering::none;
  const bool numbers_zero = carrier.numbering == ColumnCarrier::Numbering::of_null_and_zero;
  if ((numbers_null && field.kind == Kind::null) || (numbers_zero && !surely_not_zero(field))) {
    refuse("no number", carrier);
  }
}

void append_value(const dump::Field& field, const ColumnCarrier& carrier, Way way,
                  std::string& out) {
  switch (way) {
    case Way::nothing:
      return;
    case Way::escaped:
      return append_text(field, out);
    case Way::integer:
      if (has_exponent(field.body)) refuse("a number with an exponent", carrier);
      if (exceeds_a_decimal(field.body)) refuse("a number of more than 65 digits", carrier);
      break;
    case Way::plain:
      if (!is_its_own_text(field.body)) refuse("a number in an unusual form", carrier);
      break;
    case Way::year:
      if (is_zero(field.body)) {
        out += "0000";
        return;
      }
      break;
    case Way::body:
      if (exceeds_a_decimal(field.body)) refuse("a number of more than 65 digits", carrier);
      break;
    case Way::bit_number:
      return append_bit_number(field, carrier, out);
    case Way::bytes:
      return append_bytes(bytes_of(field), out);
    case Way::decimal:
      return append_decimal(field, carrier, out);
    case Way::pattern:
      return append_pattern(bytes_of(field), carrier.bit_length, out);
    case Way::refused:
      refuse(spoken(field.kind), carrier);
  }
  out += field.body;
}

bool of_no_charset(Kind kind) {
  return kind == Kind::binary_text || kind == Kind::hex || kind == Kind::quoted_hex ||
         kind == Kind::bits;
}

void refuse_servers_choice(const dump::Field& field, const ColumnCarrier& carrier) {
  if (carrier.numbering != ColumnCarrier::Numbering::none) refuse_numbering(field, carrier);
  if (field.kind == Kind::null && carrier.null == ColumnCarrier::Null::refused) {
    refuse("NULL where none is allowed", carrier);
  }
}

void append_field(const dump::Field& field, const ColumnCarrier& carrier, std::string& out) {
  refuse_servers_choice(field, carrier);
  if (field.kind == Kind::null) {
    out += "\\N";
    return;
  }
  if (carrier.bytes == ColumnCarrier::Bytes::converted && of_no_charset(field.kind)) {
    refuse("bytes of no character set", carrier);
  }
  append_value(field, carrier, way_of(carrier.as, field.kind), out);
}

// In the order of Column::Kind.
constexpr std::array carriers_of_kinds{As::integer,   As::number,   As::bit,     As::year,
                                       As::date_time, As::text,     As::member,  As::text,
                                       As::text,      As::geometry, As::own_text};

}  // namespace

ColumnCarrier carrier_of(const dump::Column& column) {
  const bool generated = column.generated == dump::Column::Generated::yes;
  const bool nullable = column.nullable == dump::Column::Nullable::yes;
  ColumnCarrier carrier;
  carrier.as =
      generated ? As::skipped : carriers_of_kinds.at(static_cast<std::size_t>(column.kind));
  carrier.bit_length = column.bit_length;
  carrier.column = column.name;
  if (!nullable && !generated) carrier.null = ColumnCarrier::Null::refused;
  return carrier;
}

void encode_row(dump::Row row, std::span<const ColumnCarrier> carriers, std::string& out) {
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (column > 0) out += '\t';
    append_field(row[column], carriers[column], out);
  }
  out += '\n';
}

void require_stated_values(dump::Row row, std::span<const ColumnCarrier> carriers) {
  for (std::size_t column = 0; column < row.size(); ++column) {
    const ColumnCarrier& carrier = carriers[column];
    refuse_servers_choice(row[column], carrier);
    if (row[column].kind == Kind::default_value && carrier.as != As::skipped) {
      refuse(spoken(Kind::default_value), carrier);
    }
  }
}

}  // namespace pipeline
