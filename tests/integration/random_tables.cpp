#include "tests/integration/random_tables.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"

// Values are written as hex literals of text, which the server converts as it would the text
// itself: so the source of the comparison does not depend on the quoting that is being tested.

namespace pipeline::test {
namespace {

using namespace std::string_view_literals;

constexpr std::array nasty_pieces{"'"sv,
                                  "\""sv,
                                  "`"sv,
                                  "\\"sv,
                                  "\\'"sv,
                                  "\\\\"sv,
                                  "\\N"sv,
                                  "\\n"sv,
                                  "\t"sv,
                                  "\n"sv,
                                  "\r"sv,
                                  "\r\n"sv,
                                  "\0"sv,
                                  "\x1a"sv,
                                  ";"sv,
                                  "--"sv,
                                  "-- \n"sv,
                                  "#"sv,
                                  "/*"sv,
                                  "*/"sv,
                                  "/*!50000 "sv,
                                  "),("sv,
                                  ","sv,
                                  "NULL"sv,
                                  "\\%"sv,
                                  "%_"sv,
                                  "0x41"sv,
                                  "-- Dump completed\n"sv,
                                  "x"sv,
                                  " "sv,
                                  "abc"sv,
                                  "\\0"sv,
                                  "''"sv,
                                  "DELIMITER ;;\n"sv,
                                  ");\n"sv,
                                  "東京"sv,
                                  "表示ソ"sv,
                                  "é"sv,
                                  "ß"sv,
                                  "😀"sv,
                                  "ｱｲｳ"sv,
                                  "\b"sv,
                                  "INSERT INTO `t` VALUES (1);"sv};

std::string nasty_text(Dice& dice) {
  std::string text;
  if (dice.once_in(6)) return text;
  const std::size_t pieces = dice.once_in(20) ? 2000 : 1 + dice.below(8);
  for (std::size_t i = 0; i < pieces; ++i) text += dice.one_of(nasty_pieces);
  return text;
}

std::string any_bytes(Dice& dice) {
  std::string bytes(dice.below(dice.once_in(10) ? 5000 : 40), '\0');
  for (auto& byte : bytes) byte = static_cast<char>(dice.below(256));
  return bytes;
}

std::string hex(std::string_view bytes) {
  if (bytes.empty()) return "''";
  std::string text = "x'";
  for (const char byte : bytes) text += fmt::format("{:02X}", static_cast<unsigned char>(byte));
  return text + "'";
}

std::string text_literal(std::string_view text) {
  return text.empty() ? "''" : fmt::format("CONVERT({} USING utf8mb4)", hex(text));
}

std::string integer(Dice& dice) {
  constexpr std::array edges{"0",
                             "1",
                             "-1",
                             "127",
                             "-128",
                             "255",
                             "32767",
                             "65535",
                             "8388607",
                             "-8388608",
                             "2147483647",
                             "-2147483648",
                             "4294967295",
                             "9223372036854775807",
                             "-9223372036854775808",
                             "18446744073709551615"};
  if (dice.once_in(2)) return dice.one_of(edges);
  return fmt::format("{}{}", dice.once_in(3) ? "-" : "", dice.number() >> dice.below(64));
}

std::string decimal(Dice& dice) {
  std::string digits = dice.once_in(2) ? "-" : "";
  for (std::size_t left = 1 + dice.below(40); left > 0; --left)
    digits += static_cast<char>('0' + dice.below(10));
  digits += '.';
  for (std::size_t left = 1 + dice.below(30); left > 0; --left)
    digits += static_cast<char>('0' + dice.below(10));
  return digits;
}

std::string real(Dice& dice) {
  constexpr std::array edges{"0",
                             "1.7976931348623157e308",
                             "-1.7976931348623157e308",
                             "2.2250738585072014e-308",
                             "4.9e-324",
                             "3.40282e38",
                             "0.1",
                             "9007199254740993",
                             "1e22",
                             "1e-5",
                             "-1.5"};
  if (dice.once_in(2)) return dice.one_of(edges);
  return fmt::format("{}.{}e{}", dice.below(10), dice.number(),
                     static_cast<int>(dice.below(600)) - 300);
}

std::string date(Dice& dice) {
  constexpr std::array edges{"0000-00-00", "1000-01-01", "9999-12-31", "2026-00-00", "2024-02-29"};
  if (dice.once_in(3)) return dice.one_of(edges);
  return fmt::format("{:04}-{:02}-{:02}", 1000 + dice.below(9000), 1 + dice.below(12),
                     1 + dice.below(28));
}

std::string clock_time(Dice& dice) {
  return fmt::format("{:02}:{:02}:{:02}.{:06}", dice.below(24), dice.below(60), dice.below(60),
                     dice.below(1'000'000));
}

std::string timestamp(Dice& dice) {
  if (dice.once_in(8)) return "0000-00-00 00:00:00";
  return fmt::format("{:04}-{:02}-{:02} {}", 1971 + dice.below(66), 1 + dice.below(12),
                     1 + dice.below(28), clock_time(dice));
}

std::string duration(Dice& dice) {
  return fmt::format("{}{}:{:02}:{:02}.{:06}", dice.once_in(2) ? "-" : "", dice.below(839),
                     dice.below(60), dice.below(60), dice.below(1'000'000));
}

std::string shape(Dice& dice) {
  const auto x = dice.below(1000);
  const auto y = dice.below(1000);
  switch (dice.below(3)) {
    case 0:
      return fmt::format("ST_GeomFromText('POINT({} -{}.25)', {})", x, y, dice.below(5000));
    case 1:
      return fmt::format("ST_GeomFromText('LINESTRING(0 0, {} {}, 5 5)')", x, y);
    default:
      return fmt::format("ST_GeomFromText('POLYGON((0 0, {0} 0, {0} {1}, 0 0))')", x + 1, y + 1);
  }
}

struct ColumnKind {
  std::function<std::string(Dice&)> type;
  std::function<std::string(Dice&)> value;  // as an expression
  RandomTable::Dumped dumped = RandomTable::Dumped::exactly;
  RandomTableOptions::OwnTypes own_type = RandomTableOptions::OwnTypes::no;
};

std::string quoted(std::string_view plain) {
  return fmt::format("'{}'", plain);
}

const std::vector<ColumnKind>& column_kinds() {
  static const auto always = [](std::string type) { return [type](Dice&) { return type; }; };
  static const auto in_quotes = [](std::string (*make)(Dice&)) {
    return [make](Dice& dice) { return quoted(make(dice)); };
  };
  static const auto a_text = [](Dice& dice) { return text_literal(nasty_text(dice)); };
  static const auto fraction = [](std::string type) {
    return [type](Dice& dice) { return fmt::format("{}({})", type, dice.below(7)); };
  };
  static const std::vector<ColumnKind> kinds{
      {[](Dice& dice) {
         constexpr std::array types{"tinyint", "smallint", "mediumint", "int", "bigint"};
         constexpr std::array signs{"", " unsigned", " zerofill"};
         return std::string(dice.one_of(types)) + dice.one_of(signs);
       },
       in_quotes(integer)},
      {[](Dice& dice) {
         const std::size_t digits = 1 + dice.below(65);
         const std::size_t fraction_digits = dice.below(std::min<std::size_t>(digits, 38) + 1);
         return fmt::format("decimal({},{})", digits, fraction_digits);
       },
       in_quotes(decimal)},
      {always("double"), in_quotes(real)},
      {always("float"), in_quotes(real), RandomTable::Dumped::roundly},
      {[](Dice& dice) { return fmt::format("bit({})", 1 + dice.below(64)); },
       [](Dice& dice) { return std::to_string(dice.number() >> dice.below(64)); }},
      {always("date"), in_quotes(date)},
      {fraction("time"), in_quotes(duration)},
      {fraction("datetime"),
       [](Dice& dice) { return quoted(date(dice) + " " + clock_time(dice)); }},
      {[](Dice& dice) { return fmt::format("timestamp({}) NULL", dice.below(7)); },
       in_quotes(timestamp)},
      {always("year"),
       [](Dice& dice) { return std::to_string(dice.once_in(4) ? 0 : 1901 + dice.below(255)); }},
      {[](Dice& dice) {
         constexpr std::array charsets{"utf8mb4", "utf8mb3", "latin1", "ucs2",    "utf16", "utf32",
                                       "cp932",   "ujis",    "sjis",   "eucjpms", "ascii", "gbk"};
         return fmt::format("{}({}) CHARACTER SET {}", dice.once_in(3) ? "char" : "varchar",
                            dice.below(200), dice.one_of(charsets));
       },
       a_text},
      {[](Dice& dice) {
         constexpr std::array types{"tinytext", "text", "mediumtext", "longtext"};
         return std::string(dice.one_of(types));
       },
       a_text},
      {[](Dice& dice) {
         constexpr std::array types{"tinyblob", "blob", "mediumblob", "longblob"};
         if (dice.once_in(2)) return std::string(dice.one_of(types));
         return fmt::format("{}({})", dice.once_in(2) ? "binary" : "varbinary", dice.below(200));
       },
       [](Dice& dice) { return hex(any_bytes(dice)); }},
      {always("enum('a','it''s','with,comma','x)','1','0','東京','back\\\\slash')"),
       [](Dice& dice) { return std::to_string(1 + dice.below(8)); }},
      {always("set('a','it''s','x)','1','東京')"),
       [](Dice& dice) { return std::to_string(dice.below(32)); }},
      {always("json"),
       [](Dice& dice) {
         return fmt::format("JSON_OBJECT('k', {}, {}, 1.5)", text_literal(nasty_text(dice)),
                            text_literal("key " + nasty_text(dice)));
       }},
      {always("uuid"),
       [](Dice& dice) {
         return quoted(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", dice.below(1U << 31U),
                                   dice.below(65536), dice.below(65536), dice.below(65536),
                                   dice.number() >> 16U));
       },
       RandomTable::Dumped::exactly, RandomTableOptions::OwnTypes::yes},
      {always("inet6"),
       [](Dice& dice) {
         return quoted(fmt::format("{:x}::{:x}:{:x}", dice.below(65536), dice.below(65536),
                                   dice.below(65536)));
       },
       RandomTable::Dumped::exactly, RandomTableOptions::OwnTypes::yes},
      {always("geometry"), shape},
  };
  return kinds;
}

const ColumnKind& random_kind(Dice& dice, const RandomTableOptions& options) {
  for (;;) {
    const ColumnKind& kind = dice.one_of(column_kinds());
    if (kind.own_type == RandomTableOptions::OwnTypes::no ||
        options.own_types == RandomTableOptions::OwnTypes::yes) {
      return kind;
    }
  }
}

std::string odd_name(Dice& dice, std::string_view stem) {
  constexpr std::array pieces{" "sv, "`"sv, "'"sv,  "\""sv, "."sv,    ";"sv, "--"sv, "/*"sv,
                              "#"sv, ")"sv, "\\"sv, ","sv,  "東京"sv, "É"sv, "$"sv,  "select"sv};
  std::string name(stem);
  for (std::size_t left = dice.below(4); left > 0; --left) name += dice.one_of(pieces);
  return name + "_";  // a name must not end with a blank
}

struct RandomColumn {
  std::string name;
  const ColumnKind* kind = nullptr;
};

std::string definition_of(Dice& dice, const RandomColumn& column) {
  std::string text = fmt::format("{} {}", quote_name(column.name), column.kind->type(dice));
  if (dice.once_in(8)) text += " INVISIBLE";
  if (dice.once_in(6)) {
    text +=
        fmt::format(" COMMENT {}",
                    quote_text(replace_all(head(nasty_text(dice), 60), std::string(1, '\0'), "")));
  }
  return text;
}

/// Keys over some of the columns, in the forms that a server writes; `types` are theirs.
void add_keys(Dice& dice, const std::vector<std::pair<std::string, std::string>>& columns,
              const std::function<std::string(std::size_t)>& name,
              std::vector<std::string>& definitions) {
  const auto holds = [](const std::string& type, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(
        words, [&](std::string_view word) { return type.find(word) != std::string::npos; });
  };
  std::size_t number = 0;
  for (const auto& [column, type] : columns) {
    // A geometry wants a SPATIAL key, and a BINARY(0) takes none.
    if (!dice.once_in(3) || holds(type, {"geometry", "point", "line", "polygon", "binary("})) {
      continue;
    }
    const bool part = holds(type, {"text", "blob", "json"});
    std::string key = quote_name(column) + (part ? "(4)" : "");
    const bool unique = dice.once_in(3);
    if (unique || dice.once_in(3)) key += ", `id`";
    definitions.push_back(fmt::format("{} {} ({}){}", unique ? "UNIQUE KEY" : "KEY",
                                      quote_name(name(++number)), key,
                                      dice.once_in(4) ? " COMMENT 'it''s, one (of) them'" : ""));
  }
}

}  // namespace

RandomTable random_table(Dice& dice, int number, const RandomTableOptions& options) {
  const auto name = [&](std::string_view stem, std::size_t index) {
    const std::string plain = fmt::format("{}{}", stem, index);
    return options.names == RandomTableOptions::Names::odd ? odd_name(dice, plain) : plain;
  };
  RandomTable table{.name = name("t", static_cast<std::size_t>(number)), .statements = {}};
  std::vector<RandomColumn> columns;
  // The server generates no column from one that it numbers.
  const bool numbered = dice.once_in(3);
  std::vector<std::string> definitions{
      fmt::format("`id` bigint NOT NULL{}", numbered ? " AUTO_INCREMENT" : "")};
  for (std::size_t left = 1 + dice.below(9); left > 0; --left) {
    columns.push_back({.name = name("c", left), .kind = &random_kind(dice, options)});
    definitions.push_back(definition_of(dice, columns.back()));
    if (columns.back().kind->dumped == RandomTable::Dumped::roundly) {
      table.dumped = RandomTable::Dumped::roundly;
    }
  }
  if (!numbered && dice.once_in(4)) {
    definitions.push_back(fmt::format("`made` bigint GENERATED ALWAYS AS (`id` * 3) {}",
                                      dice.once_in(2) ? "STORED" : "VIRTUAL"));
  }
  definitions.emplace_back("PRIMARY KEY (`id`)");
  std::vector<std::pair<std::string, std::string>> types;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    types.emplace_back(columns[i].name, to_lower(definitions[i + 1]));
  }
  add_keys(
      dice, types, [&](std::size_t index) { return name("k", index); }, definitions);
  table.statements.push_back(
      fmt::format("CREATE TABLE {} ({})", quote_name(table.name), join(definitions, ", ")));

  std::vector<std::string> names{"`id`"};
  for (const auto& column : columns) names.push_back(quote_name(column.name));
  const std::size_t rows = dice.once_in(8) ? 0 : 1 + dice.below(options.rows_max);
  for (std::size_t id = 0; id < rows; ++id) {
    std::vector<std::string> values{std::to_string(id)};
    for (const auto& column : columns) {
      values.push_back(dice.once_in(6) ? "NULL" : column.kind->value(dice));
    }
    table.statements.push_back(fmt::format("INSERT IGNORE INTO {} ({}) VALUES ({})",
                                           quote_name(table.name), join(names, ", "),
                                           join(values, ", ")));
  }
  return table;
}

}  // namespace pipeline::test
