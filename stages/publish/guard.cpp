// A backup brings lost rows back once somebody has seen that they are gone; a guard sees it before
// anybody could. It asks the two tables themselves, row by row, and not a checksum or a count: a
// model that loses ten rows and adds ten keeps its count, and a checksum says that something
// changed, which every good day does too.
//
// What a candidate began from is the measure, not what is live: a second run for the same date
// starts from the generation before, and must then be free to lose what the first run of the date
// had added.
#include "stages/publish/guard.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr std::size_t examples_named = 3;

std::string rows_text(std::uint64_t count, std::string_view what = "") {
  return fmt::format("{} {}row{}", count, what, count == 1 ? "" : "s");
}

/// " (id=1; id=2; ...)": the keys of the examples of this kind, closed ones only if asked for.
std::string keys_text(const RowDifference& difference, RowExample::Change change,
                      std::uint64_t count) {
  std::vector<std::string> keys;
  for (const auto& example : difference.examples) {
    if (example.change != change) continue;
    if (change == RowExample::Change::changed && !example.closed) continue;
    std::string text = example.key_text(difference.key);
    if (change == RowExample::Change::changed) {
      std::vector<std::string> columns;
      for (const auto& cell : example.cells) columns.push_back(cell.column);
      text += ": " + join(columns, ", ");
    }
    keys.push_back(std::move(text));
  }
  if (keys.empty()) return "";
  if (count > keys.size()) keys.emplace_back("...");
  return " (" + join(keys, "; ") + ")";
}

void find_violations(HistoryFinding& finding) {
  const RowDifference& found = *finding.since_base;
  if (found.only_before != 0) {
    finding.violations.push_back(rows_text(found.only_before) + " would have been lost" +
                                 keys_text(found, RowExample::Change::removed, found.only_before));
  }
  if (found.changed_closed != 0) {
    finding.violations.push_back(
        rows_text(found.changed_closed, "closed ") + " would have changed" +
        keys_text(found, RowExample::Change::changed, found.changed_closed));
  }
  if (!found.columns_only_before.empty()) {
    finding.violations.push_back("its columns would have been lost: " +
                                 join(found.columns_only_before, ", "));
  }
}

Json difference_json(const RowDifference& difference) {
  Json json = Json::object();
  json.set("equal", difference.equal);
  json.set("added", difference.only_after);
  json.set("changed", difference.changed);
  json.set("changed_closed", difference.changed_closed);
  json.set("lost", difference.only_before);
  for (const auto& [name, columns] : {std::pair("columns_lost", &difference.columns_only_before),
                                      std::pair("columns_added", &difference.columns_only_after)}) {
    if (columns->empty()) continue;
    Json list = Json::array();
    for (const auto& column : *columns) list.push_back(column);
    json.set(name, std::move(list));
  }
  return json;
}

}  // namespace

void require_usable(Connection& session, const HistoryRule& rule) {
  const auto columns = columns_of(session, rule.table);
  if (columns.empty()) return;
  for (const auto& name : rule.key) {
    if (find_column(columns, name) != nullptr) continue;
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} names the key column {} of {}, which has no such column",
                            rule.place, name, rule.table.text()));
  }
  if (rule.closed_when.empty()) return;
  try {
    session.query(
        fmt::format("SELECT 1 FROM {} WHERE ({}) LIMIT 0", rule.table.quoted(), rule.closed_when));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::sql_rejected) throw;
    throw Error(ErrorKind::config_invalid,
                fmt::format("closed_when of {} in {} is not understood by the server: {}",
                            rule.table.text(), rule.place, rule.closed_when))
        .caused_by(error);
  }
}

HistoryFinding judge_history(Connection& session, const HistoryRule& rule,
                             const HistoryTables& tables) {
  HistoryFinding finding{.rule = rule, .base = tables.base};
  const auto since = [&](const TableName& before) {
    return RowDifferenceOptions{.before = {.table = before},
                                .after = {.table = tables.candidate},
                                .key = rule.key,
                                .closed_when = rule.closed_when,
                                .examples_max = examples_named};
  };
  failpoint("guard_before_compare");
  try {
    if (tables.base) {
      finding.since_base = compare_rows(session, since(*tables.base));
      find_violations(finding);
    } else {
      for (auto& fault : key_faults(session, {.table = tables.candidate}, rule.key)) {
        finding.violations.push_back(
            fmt::format("rows cannot be told apart by ({}): {}", join(rule.key, ", "), fault));
      }
    }
  } catch (const Error& error) {
    if (!is_about_the_rows(error)) throw;
    finding.violations.push_back(error.message());
  }
  const bool is_base = tables.base && tables.base == tables.live;
  if (tables.live && !is_base) {
    auto tried = try_to_compare(session, since(*tables.live));
    finding.since_live = std::move(tried.found);
    finding.live_not_compared = std::move(tried.not_compared);
  }
  failpoint("guard_after_compare");
  return finding;
}

Json HistoryFinding::to_json() const {
  Json json = Json::object();
  json.set("table", rule.table.text());
  json.set("base", base ? Json(base->text()) : Json());
  if (since_base) json.set("since_base", difference_json(*since_base));
  if (since_live) json.set("since_live", difference_json(*since_live));
  if (!live_not_compared.empty()) json.set("live_not_compared", live_not_compared);
  Json list = Json::array();
  for (const auto& violation : violations) list.push_back(violation);
  json.set("violations", std::move(list));
  return json;
}

std::string Floor::Shrink::text() const {
  return fmt::format("{} {}", amount, of == Of::percent ? "%" : "rows");
}

std::vector<Violation> judge_floor(const Floor& floor, std::optional<std::uint64_t> live_rows,
                                   std::uint64_t rows) {
  std::vector<Violation> violations;
  if (floor.min_rows && rows < *floor.min_rows) {
    violations.push_back(fmt::format("{} would have {}, fewer than its min_rows of {}",
                                     floor.table.text(), rows_text(rows), *floor.min_rows));
  }
  if (floor.max_shrink && live_rows && rows < *live_rows) {
    const std::uint64_t lost = *live_rows - rows;
    const auto& shrink = *floor.max_shrink;
    // In long double: a hundred times the number of rows could overflow.
    const bool too_much =
        shrink.of == Floor::Shrink::Of::rows
            ? lost > shrink.amount
            : static_cast<long double>(lost) * 100 >
                  static_cast<long double>(*live_rows) * static_cast<long double>(shrink.amount);
    if (too_much) {
      violations.push_back(
          fmt::format("{} would shrink from {} rows to {}, by more than its "
                      "max_shrink of {}",
                      floor.table.text(), *live_rows, rows, shrink.text()));
    }
  }
  return violations;
}

}  // namespace pipeline::publish
