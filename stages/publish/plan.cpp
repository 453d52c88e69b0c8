#include "stages/publish/plan.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/marker.h"

namespace pipeline::publish {
namespace {

template <typename Value, std::size_t count>
using Words = std::array<std::pair<Value, std::string_view>, count>;

constexpr Words<Contents, 2> contents_words{
    {{Contents::rebuilt, "rebuilt"}, {Contents::accumulated, "accumulated"}}};
constexpr Words<BackupKind, 3> backup_kind_words{
    {{BackupKind::swapped_out, "swapped_out"},
     {BackupKind::copied, "copied"},
     {BackupKind::replaced_by_restore, "replaced_by_restore"}}};
constexpr Words<Origin, 5> origin_words{{{Origin::built, "built"},
                                         {Origin::built_anew, "built_anew"},
                                         {Origin::put_back, "put_back"},
                                         {Origin::declared, "declared"},
                                         {Origin::updated, "updated"}}};
constexpr Words<PlanKind, 7> plan_kind_words{{{PlanKind::publish, "publish"},
                                              {PlanKind::restore, "restore"},
                                              {PlanKind::rollback, "rollback"},
                                              {PlanKind::backup, "backup"},
                                              {PlanKind::holds, "holds"},
                                              {PlanKind::adopt, "adopt"},
                                              {PlanKind::update, "update"}}};

template <typename Value, std::size_t count>
std::string_view word(const Words<Value, count>& words, Value value) {
  const auto found = std::ranges::find(words, value, &std::pair<Value, std::string_view>::first);
  require(found != words.end(), "every value has a word");
  return found->second;
}

template <typename Value, std::size_t count>
Value value_of(const Words<Value, count>& words, std::string_view text) {
  const auto found = std::ranges::find(words, text, &std::pair<Value, std::string_view>::second);
  if (found != words.end()) return found->first;
  throw Error(ErrorKind::internal, fmt::format("the pipeline's records hold the word {}", text));
}

Json name_json(const TableName& name) {
  return Json::Array{Json(name.schema), Json(name.table)};
}

TableName name_of(const Json& value) {
  const auto& parts = value.as_array();
  if (parts.size() != 2) throw Error(ErrorKind::internal, "a journalled name has two parts");
  return {parts[0].as_string(), parts[1].as_string()};
}

Json names_json(const std::vector<TableName>& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(name_json(name));
  return list;
}

std::vector<TableName> names_of(const Json& list) {
  std::vector<TableName> names;
  for (const auto& item : list.as_array()) names.push_back(name_of(item));
  return names;
}

std::uint64_t unsigned_of(const Json& value) {
  return static_cast<std::uint64_t>(value.as_int());
}

BusinessDate date_of(const Json& value) {
  const auto date = BusinessDate::parse(value.as_string());
  if (!date) throw Error(ErrorKind::internal, "a journalled date is no date");
  return *date;
}

Json date_json(const std::optional<BusinessDate>& date) {
  return date ? Json(date->iso()) : Json();
}

std::optional<BusinessDate> date_among(const Json& object, std::string_view key) {
  const Json* found = object.find(key);
  if (found == nullptr || found->is_null()) return {};
  return date_of(*found);
}

std::uint64_t number_among(const Json& object, std::string_view key) {
  const Json* found = object.find(key);
  return found == nullptr ? 0 : unsigned_of(*found);
}

std::string text_among(const Json& object, std::string_view key) {
  const Json* found = object.find(key);
  return found == nullptr ? "" : found->as_string();
}

template <typename Value, std::size_t count>
Value word_among(const Json& object, std::string_view key, const Words<Value, count>& words,
                 Value otherwise) {
  const Json* found = object.find(key);
  return found == nullptr ? otherwise : value_of(words, found->as_string());
}

Json backup_json(const PublishPlan::Backup& backup) {
  Json item = Json::object();
  item.set("live", name_json(backup.live));
  item.set("backup", backup.backup_name);
  item.set("kind", word_of(backup.kind));
  item.set("rows_before", backup.rows_before);
  item.set("checksum_before", backup.checksum_before);
  item.set("generation", backup.generation);
  item.set("business_date", date_json(backup.business_date));
  item.set("built_by", backup.built_by);
  return item;
}

PublishPlan::Backup backup_of(const Json& item) {
  return {.live = name_of(item.at("live")),
          .backup_name = item.at("backup").as_string(),
          .rows_before = unsigned_of(item.at("rows_before")),
          .generation = unsigned_of(item.at("generation")),
          .business_date = date_among(item, "business_date"),
          .kind = word_among(item, "kind", backup_kind_words, BackupKind::swapped_out),
          .built_by = number_among(item, "built_by"),
          .checksum_before = text_among(item, "checksum_before")};
}

Json published_json(const PublishPlan::Published& table) {
  Json item = Json::object();
  item.set("live", name_json(table.live));
  item.set("had_predecessor", table.had_predecessor);
  item.set("contents", word_of(table.contents));
  item.set("backup", table.backup_name);
  item.set("origin", word_of(table.origin));
  item.set("business_date", date_json(table.business_date));
  item.set("built_by", table.built_by);
  if (table.way == PublishPlan::Published::Way::in_place) item.set("in_place", true);
  return item;
}

PublishPlan::Published published_of(const Json& item) {
  return {.live = name_of(item.at("live")),
          .had_predecessor = item.at("had_predecessor").as_bool(),
          .contents = contents_of(item.at("contents").as_string()),
          .backup_name = item.at("backup").as_string(),
          .origin = word_among(item, "origin", origin_words, Origin::built),
          .business_date = date_among(item, "business_date"),
          .built_by = number_among(item, "built_by"),
          .way = item.find("in_place") == nullptr ? PublishPlan::Published::Way::swapped
                                                  : PublishPlan::Published::Way::in_place};
}

}  // namespace

std::string_view word_of(Contents contents) {
  return word(contents_words, contents);
}
std::string_view word_of(BackupKind kind) {
  return word(backup_kind_words, kind);
}
std::string_view word_of(Origin origin) {
  return word(origin_words, origin);
}
std::string_view word_of(PlanKind kind) {
  return word(plan_kind_words, kind);
}
BackupKind backup_kind_of(std::string_view word) {
  return value_of(backup_kind_words, word);
}
Contents contents_of(std::string_view word) {
  return value_of(contents_words, word);
}

Json PublishPlan::to_json() const {
  Json document = Json::object();
  document.set("kind", word_of(kind));
  document.set("reason", reason);
  document.set("schema", schema);
  document.set("generation", generation);
  document.set("run_id", run_id);
  document.set("business_date", business_date.iso());
  document.set("date_before", date_json(date_before));
  Json rename_list = Json::array();
  for (const auto& [from, to] : renames) {
    rename_list.push_back(Json::Array{name_json(from), name_json(to)});
  }
  document.set("renames", std::move(rename_list));
  Json backup_list = Json::array();
  for (const auto& backup : backups) backup_list.push_back(backup_json(backup));
  document.set("backups", std::move(backup_list));
  Json published_list = Json::array();
  for (const auto& table : published) published_list.push_back(published_json(table));
  document.set("published", std::move(published_list));
  if (update) {
    Json queries = Json::object();
    queries.set("update_query", update->update_query);
    queries.set("validation_query", update->validation_query);
    document.set("update", std::move(queries));
  }
  if (!failed_tests.empty()) {
    Json tests = Json::array();
    for (const auto& test : failed_tests) tests.push_back(test);
    document.set("failed_tests", std::move(tests));
  }
  if (!failed_tests_told_by.empty()) document.set("failed_tests_told_by", failed_tests_told_by);
  document.set("put_back", names_json(put_back));
  document.set("views_beside", names_json(views_beside));
  Json view_list = Json::array();
  for (const auto& view : views) {
    Json item = Json::object();
    item.set("live", name_json(view.live));
    item.set("select", view.select);
    view_list.push_back(std::move(item));
  }
  document.set("views", std::move(view_list));
  document.set("view_schema", view_schema);
  document.set("view_sql_mode", view_sql_mode);
  document.set("view_collation", view_collation);
  document.set("drop_tables", names_json(drop_tables));
  document.set("drop_views", names_json(drop_views));
  return document;
}

PublishPlan PublishPlan::from_json(const Json& document) {
  PublishPlan plan;
  plan.schema = document.at("schema").as_string();
  plan.generation = unsigned_of(document.at("generation"));
  plan.run_id = document.at("run_id").as_string();
  plan.kind = word_among(document, "kind", plan_kind_words, PlanKind::publish);
  plan.reason = text_among(document, "reason");
  plan.business_date = date_of(document.at("business_date"));
  plan.date_before = date_among(document, "date_before");
  for (const auto& item : document.at("renames").as_array()) {
    plan.renames.emplace_back(name_of(item.as_array().at(0)), name_of(item.as_array().at(1)));
  }
  for (const auto& item : document.at("backups").as_array()) {
    plan.backups.push_back(backup_of(item));
  }
  for (const auto& item : document.at("published").as_array()) {
    plan.published.push_back(published_of(item));
  }
  if (const Json* queries = document.find("update")) {
    plan.update = {.update_query = queries->at("update_query").as_string(),
                   .validation_query = queries->at("validation_query").as_string()};
  }
  if (const Json* tests = document.find("failed_tests")) {
    for (const auto& test : tests->as_array()) plan.failed_tests.push_back(test.as_string());
  }
  plan.failed_tests_told_by = text_among(document, "failed_tests_told_by");
  if (const Json* names = document.find("put_back")) plan.put_back = names_of(*names);
  plan.views_beside = names_of(document.at("views_beside"));
  for (const auto& item : document.at("views").as_array()) {
    plan.views.push_back(
        {.live = name_of(item.at("live")), .select = item.at("select").as_string()});
  }
  plan.view_schema = document.at("view_schema").as_string();
  plan.view_sql_mode = document.at("view_sql_mode").as_string();
  plan.view_collation = document.at("view_collation").as_string();
  plan.drop_tables = names_of(document.at("drop_tables"));
  plan.drop_views = names_of(document.at("drop_views"));
  return plan;
}

std::string PublishPlan::rename_statement() const {
  std::string statement = "RENAME TABLE ";
  for (std::size_t i = 0; i < renames.size(); ++i) {
    if (i != 0) statement += ", ";
    statement += renames[i].first.quoted() + " TO " + renames[i].second.quoted();
  }
  return statement;
}

bool PublishPlan::moves_marker() const {
  return std::ranges::any_of(renames, [&](const auto& pair) {
    return pair.second.schema == schema && pair.second.table == marker_table;
  });
}

}  // namespace pipeline::publish
