#include "stages/staging/delta/row_key.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline::delta {
namespace {

constexpr char negative = '\0';
constexpr char not_negative = '\1';
constexpr std::size_t columns_max = 16;

bool append_integer(std::string_view text, std::string& out) {
  const bool below_zero = text.starts_with('-');
  const std::string_view digits = text.substr(below_zero ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return false;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (below_zero && value == 0) return false;
  // The larger the amount below zero, the smaller the number.
  if (below_zero) value = ~value;
  out += below_zero ? negative : not_negative;
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFU);
  return true;
}

void append_number(std::string_view column, std::string& out) {
  std::uint64_t value = 0;
  for (const char byte : column.substr(1)) value = value << 8U | static_cast<unsigned char>(byte);
  if (column.front() == negative) out += '-';
  fmt::format_to(std::back_inserter(out), "{}", column.front() == negative ? ~value : value);
}

}  // namespace

std::optional<RowKey> RowKey::of(const dump::TableDefinition& table,
                                 std::span<const std::string> columns) {
  RowKey key;
  for (const auto& name : table.primary_key()) {
    const dump::Column* const column = table.find_column(name);
    if (column == nullptr || column->kind != dump::Column::Kind::integer) return {};
    if (column->generated == dump::Column::Generated::yes) return {};
    const auto found = std::ranges::find_if(columns, [&](const std::string& of_value) {
      return table.find_column(of_value) == column;
    });
    if (found == columns.end()) return {};
    key.at_.push_back(static_cast<std::size_t>(found - columns.begin()));
    key.names_.push_back(quote_name(column->name));
  }
  if (key.at_.empty() || key.at_.size() > columns_max) return {};
  return key;
}

bool RowKey::append(dump::Row row, std::string& out) const {
  const std::size_t before = out.size();
  for (const std::size_t at : at_) {
    const dump::Field& field = row[at];
    if (field.kind == dump::Field::Kind::number && append_integer(field.body, out)) continue;
    out.resize(before);
    return false;
  }
  return true;
}

std::size_t RowKey::keys_per_condition() const {
  // MariaDB makes a subquery of longer lists (in_predicate_conversion_threshold is 1,000).
  constexpr std::size_t list_max = 999;
  constexpr std::size_t bytes_max = 256U << 10U;
  constexpr std::size_t bytes_of_comparison = 160;  // a quoted name, a number, and the words
  return std::min(list_max, bytes_max / (names_.size() * bytes_of_comparison));
}

std::string RowKey::condition(std::string_view keys) const {
  std::string text = names_.size() == 1 ? names_.front() + " IN (" : "";
  for (std::size_t at = 0; at < keys.size(); at += bytes()) {
    if (names_.size() == 1) {
      if (at > 0) text += ',';
      append_number(keys.substr(at, bytes_of_column), text);
      continue;
    }
    text += at > 0 ? " OR (" : "(";
    for (std::size_t i = 0; i < names_.size(); ++i) {
      text += (i > 0 ? " AND " : "") + names_[i] + " = ";
      append_number(keys.substr(at + i * bytes_of_column, bytes_of_column), text);
    }
    text += ')';
  }
  if (names_.size() == 1) text += ')';
  return text;
}

}  // namespace pipeline::delta
