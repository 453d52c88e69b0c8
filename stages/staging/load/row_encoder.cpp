#include "stages/staging/load/row_encoder.h"

#include <charconv>
#include <cstdint>

#include "common/base/error.h"

// What differs between INSERT and LOAD DATA (MySQL manual, "String Literals" and "LOAD DATA"):
// \N inside an INSERT is the letter N, alone in a LOAD DATA field it is NULL; \% and \_ keep their
// backslash in an INSERT and lose it in LOAD DATA; '' is one quote in an INSERT; a raw tab or
// newline is data in an INSERT and an end in LOAD DATA. All other escapes mean the same and pass as
// they are.

namespace pipeline {
namespace {

constexpr unsigned bits_of_byte = 8;
constexpr unsigned bytes_of_number_max = 8;

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
  while (at != end) {
    const char byte = *at;
    if (byte != '\t' && byte != '\n' && byte != '\\' && byte != quote) {
      ++at;
      continue;
    }
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
  const unsigned bits_of_digit = field.kind == dump::Field::Kind::hex ? 4 : 1;
  const std::size_t bits = field.body.size() * bits_of_digit;
  std::string bytes((bits + bits_of_byte - 1) / bits_of_byte, '\0');
  std::size_t position = bytes.size() * bits_of_byte - bits;
  for (const char digit : field.body) {
    const unsigned shift =
        static_cast<unsigned>(bits_of_byte - bits_of_digit - position % bits_of_byte);
    auto& byte = bytes[position / bits_of_byte];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | (digit_value(digit) << shift));
    position += bits_of_digit;
  }
  return bytes;
}

std::uint64_t number_of(const dump::Field& field) {
  std::uint64_t value = 0;
  if (field.kind == dump::Field::Kind::number) {
    const auto [end, error] =
        std::from_chars(field.body.data(), field.body.data() + field.body.size(), value);
    if (error != std::errc() || end != field.body.data() + field.body.size()) {
      throw Error(ErrorKind::dump_refused, "a BIT column holds a number that is no bit pattern");
    }
    return value;
  }
  const std::string bytes = bytes_of(field);
  if (bytes.size() > bytes_of_number_max) {
    throw Error(ErrorKind::dump_refused, "a hex literal for a number has more than 8 bytes");
  }
  for (const char byte : bytes) value = value << bits_of_byte | static_cast<unsigned char>(byte);
  return value;
}

void append_bytes(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) append_byte(byte, out);
}

void append_bit(const dump::Field& field, unsigned bit_length, std::string& out) {
  if (field.kind == dump::Field::Kind::text) return append_text(field, out);
  const std::uint64_t value = number_of(field);
  const unsigned bytes = (bit_length + bits_of_byte - 1) / bits_of_byte;
  for (unsigned left = bytes; left > 0; --left) {
    append_byte(static_cast<char>(value >> ((left - 1) * bits_of_byte) & 0xFFU), out);
  }
}

bool is_zero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

void append_field(const dump::Field& field, const ColumnCarrier& carrier, std::string& out) {
  using Kind = dump::Field::Kind;
  if (field.kind == Kind::null) {
    out += "\\N";
    return;
  }
  switch (carrier.as) {
    case ColumnCarrier::As::bit:
      return append_bit(field, carrier.bit_length, out);
    case ColumnCarrier::As::year:
      if (field.kind == Kind::number && is_zero(field.body)) {
        out += "0000";
        return;
      }
      break;
    case ColumnCarrier::As::number:
      if (field.kind == Kind::hex || field.kind == Kind::bits) {
        out += std::to_string(number_of(field));
        return;
      }
      break;
    case ColumnCarrier::As::text:
      if (field.kind == Kind::hex || field.kind == Kind::bits)
        return append_bytes(bytes_of(field), out);
      break;
    case ColumnCarrier::As::skipped:
      return;
  }
  if (field.kind == Kind::text) return append_text(field, out);
  out += field.body;
}

}  // namespace

ColumnCarrier carrier_of(const dump::Column& column) {
  using Kind = dump::Column::Kind;
  if (column.generated == dump::Column::Generated::yes) return {.as = ColumnCarrier::As::skipped};
  switch (column.kind) {
    case Kind::integer:
    case Kind::decimal:
      return {.as = ColumnCarrier::As::number};
    case Kind::bit:
      return {.as = ColumnCarrier::As::bit, .bit_length = column.bit_length};
    case Kind::year:
      return {.as = ColumnCarrier::As::year};
    case Kind::date_time:
    case Kind::text:
    case Kind::binary:
    case Kind::json:
    case Kind::geometry:
    case Kind::other:
      return {.as = ColumnCarrier::As::text};
  }
  return {};
}

void encode_row(dump::Row row, std::span<const ColumnCarrier> carriers, std::string& out) {
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (column > 0) out += '\t';
    append_field(row[column], carriers[column], out);
  }
  out += '\n';
}

}  // namespace pipeline
