#include "stages/transform/run/csv.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view name, char delimiter)
      : text_(text), name_(name), delimiter_(delimiter) {
    if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  }

  /// The next line that is not empty; nullopt at the end.
  std::optional<std::vector<std::string>> next() {
    while (at_ < text_.size()) {
      row_line_ = line_;
      std::vector<std::string> fields;
      bool more = true;
      while (more) {
        fields.push_back(field());
        more = at_ < text_.size() && text_[at_] == delimiter_;
        if (more) ++at_;
      }
      end_line();
      if (fields.size() == 1 && fields.front().empty()) continue;
      return fields;
    }
    return {};
  }

  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorKind::config_invalid, fmt::format("{}:{}: {}", name_, row_line_, what));
  }

 private:
  bool at_line_end() const {
    return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r';
  }

  void end_line() {
    if (at_ >= text_.size()) return;
    if (text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
  }

  std::string field() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted_field();
    const std::size_t begin = at_;
    while (!at_line_end() && text_[at_] != delimiter_) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted_field() {
    std::string value;
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) fail("a quoted field is never closed");
      if (text_[at_] == '"') {
        const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == '"';
        if (!doubled) break;
        ++at_;
      }
      if (text_[at_] == '\n') ++line_;
      value += text_[at_];
    }
    ++at_;
    if (!at_line_end() && text_[at_] != delimiter_) fail("text follows a closing quote");
    return value;
  }

  std::string_view text_;
  std::string_view name_;
  char delimiter_;
  std::size_t at_ = 0;
  int line_ = 1;
  int row_line_ = 1;
};

}  // namespace

CsvTable parse_csv(std::string_view text, std::string_view name, char delimiter) {
  require_text(text, name);
  CsvReader reader(text, name, delimiter);
  CsvTable table;
  auto header = reader.next();
  if (!header) reader.fail("the file is empty; its first line must name the columns");
  table.header = std::move(*header);
  std::set<std::string> names;
  for (const auto& column : table.header) {
    if (trim(column).empty()) reader.fail("a column has no name");
    if (!names.insert(to_lower(column)).second) {
      reader.fail(fmt::format("the column {} is named twice", column));
    }
  }
  while (auto row = reader.next()) {
    if (row->size() > table.header.size()) {
      reader.fail(fmt::format("the row has {} fields, the header has {}", row->size(),
                              table.header.size()));
    }
    if (table.rows.size() == csv_rows_max) {
      throw Error(
          ErrorKind::resource_exhausted,
          fmt::format("{}: more than {} rows; a seed is a small table", name, csv_rows_max));
    }
    row->resize(table.header.size());
    table.rows.push_back(std::move(*row));
  }
  return table;
}

}  // namespace pipeline::dbt
