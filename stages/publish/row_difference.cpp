// Two statements at most do the counting, whatever the size: before LEFT JOIN after by key, and the
// number of rows of after, from which the rows without a partner follow. That only holds if a key
// names one row, so keys are looked at first, unless the server itself keeps them unique.
//
// A million rows of ten columns take about a second and a half where after has an index on the key.
// Where it has none (a model without unique_key's index) MariaDB would compare every row with every
// row; JoinSettings lets it hash one side in blocks instead, which takes twice as long and bounded
// memory.
#include "stages/publish/row_difference.h"

#include <algorithm>
#include <memory>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr int faults_named_max = 3;

std::vector<TableColumn> columns_of_source(Connection& connection, const RowSource& source) {
  auto columns = columns_of(connection, source.table);
  if (columns.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("there is no table {}, as far as {} may see", source.table.text(),
                            connection.options().account.user));
  }
  std::erase_if(columns, [&](const auto& column) {
    return std::ranges::find(source.hidden, column.name) != source.hidden.end();
  });
  return columns;
}

/// What stands in FROM, without an alias.
std::string from_of(const RowSource& source) {
  return source.query.empty() ? source.table.quoted() : "(" + source.query + ")";
}

/// Whether the server itself keeps rows from having the same `key`, once NULL is ruled out.
bool kept_by_server(Connection& connection, const RowSource& source,
                    const std::vector<std::string>& key) {
  if (!source.query.empty()) return false;
  const auto in_key = [&](const std::string& column) {
    return std::ranges::any_of(
        key, [&](const auto& name) { return to_lower(name) == to_lower(column); });
  };
  return std::ranges::any_of(unique_keys_of(connection, source.table), [&](const auto& unique) {
    return std::ranges::all_of(unique.columns, in_key);
  });
}

std::vector<std::string> names_of(const std::vector<TableColumn>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

std::string shown_key(const Row& row, std::size_t columns) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < columns; ++i) values.push_back(row[i].value_or("NULL"));
  return "(" + join(values, ", ") + ")";
}

/// One comparison under way.
class Comparer {
 public:
  Comparer(Connection& connection, const RowDifferenceOptions& options)
      : connection_(connection),
        options_(options),
        before_columns_(columns_of_source(connection, options.before)),
        after_columns_(columns_of_source(connection, options.after)),
        comparison_(before_columns_, after_columns_, choose_key()) {}

  RowDifference run() {
    refuse_faults(options_.before);
    refuse_faults(options_.after);
    RowDifference difference;
    difference.key = key_names(options_.before);
    difference.columns_only_before = comparison_.only_before();
    difference.columns_only_after = comparison_.only_after();
    {
      const auto settings = join_settings(options_.after);
      count(difference);
      if (options_.examples_max == 0) return difference;
      if (difference.only_before + difference.changed != 0) add_examples_of_before(difference);
    }
    if (difference.only_after == 0) return difference;
    const auto settings = join_settings(options_.before);
    add_examples_of_after(difference);
    return difference;
  }

 private:
  std::vector<std::string> choose_key() const {
    if (!options_.key.empty()) return options_.key;
    for (const auto* side : {&options_.before, &options_.after}) {
      for (auto& unique : unique_keys_of(connection_, side->table)) {
        if (!unique.nullable) return std::move(unique.columns);
      }
    }
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} has no primary key and no unique key without NULLs; name the "
                            "columns that name a row",
                            options_.before.table.text()));
  }

  void refuse_faults(const RowSource& source) const {
    const auto key = key_names(source);
    const auto faults = key_faults(connection_, source, key);
    if (faults.empty()) return;
    throw Error(ErrorKind::guard_refused,
                fmt::format("rows of {} cannot be told apart by ({}): {}", source.table.text(),
                            join(key, ", "), join(faults, "; ")));
  }

  /// For joins in which rows of `looked_up` are found by the key.
  std::unique_ptr<JoinSettings> join_settings(const RowSource& looked_up) const {
    if (!looked_up.query.empty() ||
        has_index_for(connection_, looked_up.table, key_names(looked_up))) {
      return nullptr;
    }
    return std::make_unique<JoinSettings>(connection_);
  }

  std::vector<std::string> key_names(const RowSource& source) const {
    std::vector<std::string> names;
    for (const auto& pair : comparison_.key()) {
      names.push_back(&source == &options_.before ? pair.before.name : pair.after.name);
    }
    return names;
  }

  /// The rows of before with `closed` beside them, as a derived table that the server merges.
  std::string before_rows() const {
    if (options_.before_where.empty() && options_.closed_when.empty()) {
      return from_of(options_.before) + " b";
    }
    const std::string closed =
        options_.closed_when.empty() ? "" : ", (" + options_.closed_when + ") AS pipeline_closed";
    const std::string where =
        options_.before_where.empty() ? "" : " WHERE (" + options_.before_where + ")";
    return fmt::format("(SELECT {}{} FROM {} x{}) b", name_list(names_of(before_columns_)), closed,
                       from_of(options_.before), where);
  }

  std::string closed() const {
    return options_.closed_when.empty() ? "FALSE" : "b.pipeline_closed";
  }

  std::string joined_rows() const {
    return fmt::format("{} LEFT JOIN {} a ON {}", before_rows(), from_of(options_.after),
                       comparison_.same_key("b", "a"));
  }

  std::string is_changed() const {
    return fmt::format("({} AND NOT ({}))", comparison_.joined("a"),
                       comparison_.same_row("b", "a"));
  }

  void count(RowDifference& difference) {
    const auto counted =
        connection_
            .query(fmt::format("SELECT COUNT(*), SUM({0}), SUM({1}), SUM({1} AND "
                               "COALESCE({2}, FALSE)) FROM {3}",
                               comparison_.joined("a"), is_changed(), closed(), joined_rows()))
            .rows.front();
    const std::uint64_t rows = to_number(counted[0]);
    const std::uint64_t with_partner = to_number(counted[1]);
    const std::uint64_t after_rows = to_number(
        connection_.query_value(fmt::format("SELECT COUNT(*) FROM {} a", from_of(options_.after))));
    difference.only_before = rows - with_partner;
    difference.changed = to_number(counted[2]);
    difference.changed_closed = to_number(counted[3]);
    difference.equal = with_partner - difference.changed;
    difference.only_after = after_rows - with_partner;
  }

  std::size_t examples_max() const { return std::min(options_.examples_max, examples_limit); }

  std::string shown_keys(std::string_view alias, bool of_before) const {
    std::vector<std::string> shown;
    for (const auto& pair : comparison_.key()) {
      shown.push_back(shown_value(of_before ? pair.before : pair.after, alias));
    }
    return join(shown, ", ");
  }

  std::string key_order(const RowSource& source, std::string_view alias) const {
    return name_list(key_names(source), std::string(alias) + ".");
  }

  /// Removed and changed rows. A row of the answer: closed, key, then for each shared column
  /// whether it differs and both values, then the columns that only before has.
  void add_examples_of_before(RowDifference& difference) {
    std::string selected = fmt::format("COALESCE({}, FALSE), {}", closed(), shown_keys("b", true));
    for (const auto& pair : comparison_.shared()) {
      selected += fmt::format(", NOT ({}), {}, {}", RowComparison::same_column(pair, "b", "a"),
                              shown_value(pair.before, "b"), shown_value(pair.after, "a"));
    }
    for (const auto& name : comparison_.only_before()) {
      selected += ", " + shown_value(*find_column(before_columns_, name), "b");
    }
    const auto ask = [&](const std::string& which, RowExample::Change change) {
      const auto found = connection_.query(fmt::format(
          "SELECT {} FROM {} WHERE {} ORDER BY COALESCE({}, FALSE) DESC, {} LIMIT {}", selected,
          joined_rows(), which, closed(), key_order(options_.before, "b"), examples_max()));
      for (const auto& row : found.rows) {
        difference.examples.push_back(example_of_before(row, change));
      }
    };
    if (difference.only_before != 0) {
      ask("NOT (" + comparison_.joined("a") + ")", RowExample::Change::removed);
    }
    if (difference.changed != 0) ask(is_changed(), RowExample::Change::changed);
  }

  RowExample example_of_before(const Row& row, RowExample::Change change) const {
    RowExample example{.change = change, .closed = row[0] == "1"};
    std::size_t at = 1;
    for (std::size_t i = 0; i < comparison_.key().size(); ++i) {
      example.key.push_back(row[at++].value_or("NULL"));
    }
    const bool removed = change == RowExample::Change::removed;
    for (const auto& pair : comparison_.shared()) {
      const bool differs = row[at] == "1";
      if (removed || differs) {
        example.cells.push_back(
            {.column = pair.before.name, .before = row[at + 1], .after = row[at + 2]});
      }
      at += 3;
    }
    for (const auto& name : comparison_.only_before()) {
      if (removed) example.cells.push_back({.column = name, .before = row[at], .after = {}});
      ++at;
    }
    return example;
  }

  void add_examples_of_after(RowDifference& difference) {
    std::string selected = shown_keys("a", false);
    for (const auto& column : after_columns_) selected += ", " + shown_value(column, "a");
    const auto found = connection_.query(fmt::format(
        "SELECT {} FROM {} a LEFT JOIN {} ON {} WHERE NOT (LENGTH({}) IS NOT NULL) ORDER BY {} "
        "LIMIT {}",
        selected, from_of(options_.after), before_rows(), comparison_.same_key("b", "a"),
        "b." + quote_name(comparison_.key().front().before.name), key_order(options_.after, "a"),
        examples_max()));
    for (const auto& row : found.rows) {
      RowExample example{.change = RowExample::Change::added};
      std::size_t at = 0;
      for (std::size_t i = 0; i < comparison_.key().size(); ++i) {
        example.key.push_back(row[at++].value_or("NULL"));
      }
      for (const auto& column : after_columns_) {
        example.cells.push_back({.column = column.name, .before = {}, .after = row[at++]});
      }
      difference.examples.push_back(std::move(example));
    }
  }

  Connection& connection_;
  const RowDifferenceOptions& options_;
  const std::vector<TableColumn> before_columns_;
  const std::vector<TableColumn> after_columns_;
  const RowComparison comparison_;
};

}  // namespace

std::string RowExample::key_text(const std::vector<std::string>& names) const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < key.size() && i < names.size(); ++i) {
    parts.push_back(names[i] + "=" + key[i]);
  }
  return join(parts, ", ");
}

std::vector<std::string> key_faults(Connection& connection, const RowSource& source,
                                    const std::vector<std::string>& key) {
  std::vector<std::string> faults;
  const auto columns = columns_of_source(connection, source);
  std::vector<std::string> nullable;
  std::vector<std::string> grouped;
  std::string shown;
  for (const auto& name : key) {
    const TableColumn* column = find_column(columns, name);
    if (column == nullptr) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{} has no column {} to find rows by", source.table.text(), name));
    }
    if (column->nullable == TableColumn::Nullable::yes) {
      nullable.push_back("k." + quote_name(column->name) + " IS NULL");
    }
    grouped.push_back("k." + quote_name(column->name));
    shown += (shown.empty() ? "" : ", ") + fmt::format("MIN({})", shown_value(*column, "k"));
  }
  const std::string from = from_of(source) + " k";
  if (!nullable.empty()) {
    const auto rows = to_number(connection.query_value(
        fmt::format("SELECT COUNT(*) FROM {} WHERE {}", from, join(nullable, " OR "))));
    if (rows != 0) faults.push_back(fmt::format("{} rows have NULL in it", rows));
  }
  if (faults.empty() && kept_by_server(connection, source, key)) return faults;
  const auto twice = connection.query(
      fmt::format("SELECT {}, COUNT(*) FROM {} GROUP BY {} HAVING COUNT(*) > 1 LIMIT {}", shown,
                  from, join(grouped, ", "), faults_named_max));
  for (const auto& row : twice.rows) {
    faults.push_back(
        fmt::format("{} rows are {}", row.back().value_or(""), shown_key(row, key.size())));
  }
  return faults;
}

RowDifference compare_rows(Connection& connection, const RowDifferenceOptions& options) {
  return Comparer(connection, options).run();
}

bool is_about_the_rows(const Error& error) {
  return error.kind() == ErrorKind::guard_refused || error.kind() == ErrorKind::config_invalid;
}

TriedComparison try_to_compare(Connection& connection, const RowDifferenceOptions& options) {
  try {
    return {.found = compare_rows(connection, options)};
  } catch (const Error& error) {
    if (!is_about_the_rows(error)) throw;
    return {.found = {}, .not_compared = error.message()};
  }
}

Json TriedComparison::to_json(std::initializer_list<Count> counts) const {
  Json json = Json::object();
  if (!found) {
    json.set("not_compared", not_compared);
    return json;
  }
  Json key = Json::array();
  for (const auto& column : found->key) key.push_back(column);
  json.set("key", std::move(key));
  for (const auto& [name, count] : counts) json.set(name, (*found).*count);
  json.set("equal", found->equal);
  return json;
}

}  // namespace pipeline::publish
