// What houses and rooms cost and need: bills, costs, results, upkeep, equipment.
#include "bench/sample_source/columns.h"
#include "bench/sample_source/schema.h"
#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

std::vector<TableSpec> cost_tables() {
  return {
      {.name = "pl_actuals_annual",
       .comment = "年間収支実績",
       .rows = 105'274,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), year("fiscal_year"), month("fiscal_month"),
                   refers("m_account_id", "m_accounts").required(),
                   large("actual_amount", -400'000, 2'400'000).changing(),
                   large("budget_amount", 0, 2'400'000), real("achievement_rate", 0, 180),
                   phrase("comment", 1, 2).missing(850), created_at(), updated_at()},
       .indexed = {"apartment_id", "m_account_id", "fiscal_month"}},
      {.name = "Costs",
       .comment = "経費",
       .rows = 95'146,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), refers("supplier_id", "suppliers").missing(100),
                   serial("voucher_number", "V"), on("cost_date", -5, 0),
                   due("payment_due", 10, 60), amount("total", 500, 600'000),
                   amount("tax", 0, 60'000), word("cost_kind", cost_kinds),
                   choice("state", progress).changing(), phrase("title", 1, 1),
                   memo("description", 1, 3).missing(500), refers("user_id", "users"), created_at(),
                   updated_at()},
       .indexed = {"apartment_id", "supplier_id", "cost_date"}},
      {.name = "Costs_items",
       .comment = "経費明細",
       .rows = 95'553,
       .anchor = Anchor::parent,
       .columns = {id(), follows("cost_id", "Costs"), refers("item_id", "items").missing(150),
                   apartment_id(), whole("quantity", 1, 20), amount("unit_price", 100, 90'000),
                   amount("subtotal", 100, 400'000).changing(), rate("tax_rate", 800, 1'000),
                   phrase("item_text", 1, 2)},
       .indexed = {"cost_id", "item_id"}},
      {.name = "utility_bills",
       .comment = "水道光熱費",
       .rows = 76'870,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), choice("utility", utilities), month("billing_month"),
                   on("meter_read_on", -8, 0), measure("meter_value", 10, 2, 100'000, 90'000'000),
                   measure("used_amount", 10, 2, 1'000, 300'000), amount("billed", 2'000, 190'000),
                   digits("customer_number", "", 12), due("due_on", 10, 30),
                   on("paid_on", 5, 30).missing(100), yes_no("is_estimated", 80),
                   phrase("remarks", 1, 2).missing(850).changing(), created_at(), updated_at()},
       .indexed = {"apartment_id", "billing_month"}},
  };
}

std::vector<TableSpec> upkeep_tables() {
  return {
      {.name = "apartment_histories",
       .comment = "物件変更履歴",
       .rows = 12'000,
       .growth = {.new_permille = 4, .update_permille = 0},
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), refers("user_id", "users"),
                   numbered("changed_column", "column_", 80),
                   phrase("value_before", 1, 1).missing(200), phrase("value_after", 1, 1),
                   document("snapshot", 3, 8), created_at()},
       .indexed = {"apartment_id", "created_at"}},
      {.name = "reports",
       .comment = "現場報告",
       .rows = 10'722,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), refers("user_id", "users"), code("report_type", 8),
                   on("reported_on", 0, 0), phrase("title", 1, 2), memo("body", 5, 20).changing(),
                   document("checklist", 3, 9), real("score", 0, 5), choice("state", progress),
                   created_at(), updated_at()},
       .indexed = {"apartment_id", "reported_on"}},
      {.name = "maintenance_vendors",
       .comment = "修繕業者",
       .rows = 90,
       .columns = {id(), company("vendor_name").required(), person("contact_name"), tel("tel"),
                   mail("email").missing(200), code("vendor_type", 5), created_at(), updated_at()}},
      {.name = "maintenance_requests",
       .comment = "修繕依頼",
       .rows = 5'600,
       .anchor = Anchor::room,
       .columns = {id(), apartment_id(), room_id(),
                   refers("maintenance_vendor_id", "maintenance_vendors").missing(300),
                   refers("user_id", "users"), phrase("title", 1, 2), memo("detail", 1, 6),
                   choice("state", progress).changing(), due("scheduled_on", 1, 20),
                   on("done_on", 2, 40).missing(200), amount("cost", 0, 200'000), created_at(),
                   updated_at()},
       .indexed = {"apartment_id", "room_id", "scheduled_on"}},
      {.name = "cleaning_schedules",
       .comment = "清掃予定",
       .rows = 4'300,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), due("scheduled_on", 1, 30), time_of_day("starts_at"),
                   code("cleaning_type", 4), person("cleaner_name"),
                   choice("state", progress).changing(), phrase("remarks", 1, 2).missing(700),
                   created_at(), updated_at()},
       .indexed = {"apartment_id", "scheduled_on"}},
      {.name = "room_keys",
       .comment = "鍵",
       .rows = 8'200,
       .anchor = Anchor::room,
       .columns = {id(), room_id(), digits("key_number", "K-", 6), code("copies", 4),
                   word("place", municipality_names).missing(300), yes_no("is_lost", 20).changing(),
                   created_at(), updated_at()},
       .indexed = {"room_id"}},
      {.name = "room_images",
       .comment = "部屋の写真",
       .rows = 7'900,
       .anchor = Anchor::room,
       .columns = {id(), room_id(), url("path"), whole("width", 640, 4'000),
                   whole("height", 480, 3'000), large("bytes", 40'000, 6'000'000),
                   whole("position", 1, 12).changing(), phrase("caption", 1, 1).missing(600),
                   created_at(), updated_at()},
       .indexed = {"room_id"}},
  };
}

std::vector<TableSpec> equipment_tables() {
  constexpr Growth slow{.new_permille = 1, .update_permille = 0, .delete_permille = 0.1};
  return {
      {.name = "apartment_stations",
       .comment = "物件と駅",
       .rows = 3'300,
       .growth = slow,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), refers("m_station_id", "m_stations").required(),
                   whole("walk_minutes", 1, 30), code("position", 4)},
       .indexed = {"apartment_id", "m_station_id"}},
      {.name = "apartment_facilities",
       .comment = "物件と設備",
       .rows = 8'400,
       .growth = slow,
       .anchor = Anchor::apartment,
       .columns = {id(), apartment_id(), refers("m_facility_id", "m_facilities").required(),
                   whole("quantity", 1, 9), created_at()},
       .indexed = {"apartment_id", "m_facility_id"}},
      {.name = "room_facilities",
       .comment = "部屋と設備",
       .rows = 9'000,
       .growth = slow,
       .anchor = Anchor::room,
       .columns = {id(), room_id(), refers("m_facility_id", "m_facilities").required(),
                   whole("quantity", 1, 3), created_at()},
       .indexed = {"room_id", "m_facility_id"}},
      {.name = "campaign_apartments",
       .comment = "キャンペーン対象物件",
       .rows = 820,
       .growth = slow,
       .anchor = Anchor::apartment,
       .columns = {id(), refers("campaign_id", "campaigns").required(), apartment_id(),
                   yen("discount", 0, 30'000)},
       .indexed = {"campaign_id", "apartment_id"}},
  };
}

}  // namespace

std::vector<TableSpec> property_tables() {
  std::vector<TableSpec> all = cost_tables();
  for (auto&& group : {upkeep_tables(), equipment_tables()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace pipeline::source
