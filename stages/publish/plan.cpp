#include "stages/publish/plan.h"

#include "common/base/error.h"

namespace pipeline::publish {
namespace {

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

}  // namespace

Json PublishPlan::to_json() const {
  Json document = Json::object();
  document.set("schema", schema);
  document.set("generation", generation);
  document.set("run_id", run_id);
  document.set("business_date", business_date.iso());
  Json rename_list = Json::array();
  for (const auto& [from, to] : renames) {
    rename_list.push_back(Json::Array{name_json(from), name_json(to)});
  }
  document.set("renames", std::move(rename_list));
  Json backup_list = Json::array();
  for (const auto& backup : backups) {
    Json item = Json::object();
    item.set("live", name_json(backup.live));
    item.set("backup", backup.backup_name);
    item.set("rows_before", backup.rows_before);
    item.set("generation", backup.generation);
    item.set("business_date", backup.business_date ? Json(backup.business_date->iso()) : Json());
    backup_list.push_back(std::move(item));
  }
  document.set("backups", std::move(backup_list));
  Json published_list = Json::array();
  for (const auto& table : published) {
    Json item = Json::object();
    item.set("live", name_json(table.live));
    item.set("had_predecessor", table.had_predecessor);
    item.set("contents", table.contents);
    item.set("backup", table.backup_name);
    published_list.push_back(std::move(item));
  }
  document.set("published", std::move(published_list));
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
  plan.business_date = date_of(document.at("business_date"));
  for (const auto& item : document.at("renames").as_array()) {
    plan.renames.emplace_back(name_of(item.as_array().at(0)), name_of(item.as_array().at(1)));
  }
  for (const auto& item : document.at("backups").as_array()) {
    const Json& date = item.at("business_date");
    plan.backups.push_back({.live = name_of(item.at("live")),
                            .backup_name = item.at("backup").as_string(),
                            .rows_before = unsigned_of(item.at("rows_before")),
                            .generation = unsigned_of(item.at("generation")),
                            .business_date = date.is_null() ? std::optional<BusinessDate>()
                                                            : std::optional(date_of(date))});
  }
  for (const auto& item : document.at("published").as_array()) {
    plan.published.push_back({.live = name_of(item.at("live")),
                              .had_predecessor = item.at("had_predecessor").as_bool(),
                              .contents = item.at("contents").as_string(),
                              .backup_name = item.at("backup").as_string()});
  }
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

}  // namespace pipeline::publish
