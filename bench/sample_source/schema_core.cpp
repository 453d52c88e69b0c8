// The tables that the models read: houses, rooms, people, contracts, inquiries, nationalities.
#include "bench/sample_source/columns.h"
#include "bench/sample_source/schema.h"
#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

constexpr auto on_read = Computed::Storage::computed_on_read;
constexpr auto stored = Computed::Storage::stored;

constexpr const char* reference = "int unsigned";
constexpr const char* name = "varchar(255)";
constexpr const char* small_code = "tinyint";
constexpr const char* yes_or_no = "tinyint(1)";

Column told_moment(std::string_view column) {
  return told(column, "datetime").required();
}

Column told_flag(std::string_view column) {
  return told(column, yes_or_no).required("0");
}

}  // namespace

TableSpec apartments_table() {
  return {
      .name = "apartments",
      .comment = "物件",
      .rows = 1'131,
      .rows_at_least = 12,
      .columns =
          {id(), told("unique_number", "varchar(32)").required().noted("物件番号"),
           told("apartment_name", name), told("apartment_name_en", name),
           told("apartment_name_old", name).noted("旧物件名"), told("prefecture", "varchar(20)"),
           told("municipality", "varchar(60)"), told("address", name),
           told("full_address", "varchar(512)"), told("zip_code", "varchar(8)"),
           told("latitude", "decimal(10,7)").noted("緯度"),
           told("longitude", "decimal(10,7)").noted("経度"),
           told("room_count", "int").required("0"),
           told("vacancy_room_count", "int").required("0").noted("空室数"),
           computed("occupied_room_count", "`room_count` - `vacancy_room_count`", on_read),
           told("apartment_type", small_code), told("building_type", small_code),
           told("status", small_code), told("facilities", "json").noted("設備（JSON）"),
           // Not read by a model
           refers("m_owner_id", "m_owners").missing(30),
           refers("supplier_id", "suppliers").missing(200).noted("管理会社"),
           refers("m_prefecture_id", "m_prefectures"),
           refers("m_municipality_id", "m_municipalities"), refers("m_station_id", "m_stations"),
           whole("walk_minutes", 1, 20), refers("m_station_id_2", "m_stations").missing(300),
           whole("walk_minutes_2", 3, 30).missing(300), code("floors", 6),
           code("basement_floors", 1).missing(900), choice("structure", structures),
           on("built_on", -12'000, -400).noted("竣工日"), on("renovated_on", -390, 0).missing(600),
           on("opened_on", -200, 0), due("closed_on", 0, 3'000).missing(970),
           measure("site_area", 8, 2, 6'000, 60'000).noted("敷地面積（㎡）"),
           measure("total_floor_area", 8, 2, 8'000, 90'000), real("building_coverage", 40, 80),
           real("floor_area_ratio", 80, 400), whole("parking_count", 0, 6),
           whole("bicycle_count", 0, 30), whole("kitchen_count", 1, 4), whole("shower_count", 1, 8),
           whole("toilet_count", 1, 8), whole("washing_machine_count", 1, 6),
           yes_no("has_elevator", 120), yes_no("has_auto_lock", 500), yes_no("has_garden", 200),
           yes_no("is_women_only", 150), yes_no("is_foreigner_ok", 900), yes_no("is_pet_ok", 40),
           yes_no("is_smoking_ok", 60), code("contract_form", 4), on("lease_started_on", -300, 0),
           due("lease_expires_on", 2'000, 9'000).missing(200),
           amount("lease_rent", 200'000, 2'400'000), amount("land_rent", 0, 300'000),
           rate("management_fee_rate", 300, 2'000).missing(100),
           amount("property_tax", 40'000, 900'000), amount("insurance_fee", 10'000, 120'000),
           due("insurance_expires_on", 3'610, 4'400).missing(100),
           on("fire_inspected_on", 3'000, 3'590).missing(100),
           on("elevator_inspected_on", 3'000, 3'590).missing(880),
           digits("electricity_contract", "E-000-", 8),
           digits("gas_contract", "G-000-", 8).missing(300), digits("water_contract", "W-000-", 8),
           numbered("internet_provider", "見本ネット", 9), whole("internet_speed", 50, 1'000),
           numbered("wifi_ssid", "sample-house-", 1'200), code("entrance_type", 5),
           word("garbage_days", weekdays), person("manager_name").missing(200),
           tel("manager_tel").missing(200), refers("user_id", "users").noted("担当者"),
           numbered("key_box_place", "玄関右側", 9).missing(300), phrase("catch_copy", 1, 2),
           phrase("catch_copy_en", 1, 2).missing(200), memo("description", 3, 9),
           memo("description_en", 3, 9).missing(200), memo("access_note", 1, 4).missing(300),
           memo("house_rules", 4, 12), url("photo_path"), url("panorama_url").missing(500),
           yes_no("is_published", 930), stamped("published_at", 0, 300).missing(70), lock_version(),
           told_moment("created_at"), told_moment("updated_at")},
      .unique = {{"unique_number"}},
      .indexed = {"m_owner_id", "m_station_id", "updated_at"}};
}

TableSpec rooms_table() {
  return {
      .name = "rooms",
      .comment = "部屋",
      .rows = 16'176,
      .rows_at_least = 60,
      .columns = {id(), told("apartment_id", reference).required(),
                  told("room_number", "varchar(20)").required().noted("部屋番号"),
                  told("rent", "int").required("0").noted("賃料（円）"),
                  told("condo_fee", "int").required("0").noted("共益費（円）"),
                  computed("total_rent", "`rent` + `condo_fee`", stored),
                  told("floor_area", "decimal(6,2)").noted("面積（㎡）"),
                  told("room_floor", small_code), told("capacity", small_code),
                  told("gender_type", small_code), told("bed_type", small_code),
                  told("status", small_code), told("moving_id", reference),
                  // Not read by a model
                  numbered("room_name", "見本部屋", 400).missing(600), code("room_type", 6),
                  choice("window_direction", directions).missing(100), yes_no("has_balcony", 300),
                  yes_no("has_loft", 80), yes_no("has_air_conditioner", 970),
                  yes_no("has_refrigerator", 600), yes_no("has_desk", 850),
                  yen("deposit", 0, 50'000), yen("key_money", 0, 30'000),
                  yen("cleaning_fee", 10'000, 33'000), whole("minimum_months", 1, 12),
                  on("available_from", 1'000, 3'590).missing(500),
                  on("last_cleaned_on", 2'500, 3'590).missing(150),
                  on("last_inspected_on", 2'500, 3'590).missing(400), digits("key_number", "K-", 6),
                  digits("electricity_meter", "M-", 9).missing(400), yes_no("is_published", 900),
                  url("photo_path").missing(100), memo("memo", 1, 4).missing(500),
                  told_moment("created_at"), told_moment("updated_at")},
      .unique = {{"apartment_id", "room_number"}},
      .indexed = {"moving_id"},
      .other_keys = {"CONSTRAINT `fk_rails_1a2b3c4d5e` FOREIGN KEY (`apartment_id`) "
                     "REFERENCES `apartments` (`id`)"}};
}

TableSpec nationalities_table() {
  return {.name = "m_nationalities",
          .comment = "国籍マスタ",
          .rows = 200,
          .size = TableSpec::Size::fixed,
          .columns = {id(), told("nationality_name", "varchar(100)").required().noted("国籍"),
                      told("nationality_name_en", "varchar(100)"), told("code", "char(3)"),
                      told("region", "varchar(40)"), told("sort_order", "smallint").required("0"),
                      told("is_active", yes_or_no).required("1"), told("memo", name),
                      told("updated_by", "varchar(40)"), told_moment("created_at"),
                      told_moment("updated_at")}};
}

TableSpec tenants_table() {
  return {
      .name = "tenants",
      .comment = "入居者",
      .rows = 47'775,
      .rows_at_least = 240,
      .columns =
          {id(), told("last_name", "varchar(100)").noted("姓"),
           told("first_name", "varchar(100)").noted("名"), told("full_name", name).noted("氏名"),
           told("full_name_kana", name), told("gender_type", small_code),
           told("birth_date", "date"), told("age", "smallint").noted("登録時の年齢"),
           told("m_nationality_id", reference), told("nationality", "varchar(100)"),
           told("m_language_id_1", reference),
           told("personal_identity", "varchar(20)").noted("本人確認書類コード"),
           told("affiliation", name), told("affiliation_type", small_code),
           told("affiliation_status", small_code),
           told("status", small_code).required("0").noted("状態コード"),
           told("contract_type", small_code).required("0"), told("agreement_type", small_code),
           told("corporate_name", name), told("media_id", reference),
           told("reason_moveout", small_code), told_flag("is_transferred"),
           told_flag("is_renewal_ng"), told_flag("is_paysle_unpaid"),
           told("renewal_priority", small_code), told("moving_id", reference).noted("現在の契約"),
           told("under_contract_id", reference), told("inquiry_id", reference),
           told("first_movein_date", "date"), told("renewal_movein_date", "date"),
           told("renewal_deadline_date", "date"), told("email_1", name), told("email_2", name),
           told("tel_1", "varchar(30)"), told("tel_2", "varchar(30)"),
           told("account_number", "varchar(20)"), told("note", "text").noted("備考"),
           // Not read by a model
           serial("tenant_code", "T").noted("顧客番号"),
           numbered("last_name_kana", "ミホン", 99).missing(100),
           numbered("first_name_kana", "タロウ", 99).missing(100),
           numbered("nickname", "みほん", 999).missing(700),
           digits("zip_code", "100-", 4).missing(150),
           refers("m_prefecture_id", "m_prefectures").missing(150),
           word("city", municipality_names).missing(150),
           numbered("address_1", "見本町1丁目", 30).missing(150),
           numbered("address_2", "見本ハイツ", 300).missing(500),
           memo("home_country_address", 1, 2).missing(700), person("emergency_name").missing(100),
           choice("emergency_relation", relations).missing(100), tel("emergency_tel").missing(100),
           mail("emergency_email").missing(700),
           numbered("emergency_address", "見本県見本市", 90).missing(300),
           numbered("occupation", "見本職", 40).missing(200),
           company("workplace_name").missing(350), tel("workplace_tel").missing(500),
           numbered("workplace_address", "東京都見本区", 60).missing(500),
           numbered("school_name", "見本大学", 60).missing(800), yen("annual_income", 0, 7'000'000),
           code("visa_type", 9).missing(650), due("visa_expires_on", 200, 1'800).missing(650),
           on("passport_issued_on", -3'000, -30).missing(650),
           due("residence_card_expires_on", 200, 1'800).missing(650),
           refers("m_language_id_2", "m_languages").missing(600),
           refers("m_language_id_3", "m_languages").missing(900),
           code("japanese_level", 5).missing(400), yes_no("is_smoker", 150), yes_no("has_pet", 10),
           yes_no("has_bicycle", 200), yes_no("has_car", 20),
           refers("m_bank_id", "m_banks").missing(400),
           refers("m_bank_branch_id", "m_bank_branches").missing(400),
           code("account_type", 2).missing(400),
           word("account_holder_kana", transfer_names).missing(400), code("payment_method", 5),
           yes_no("is_auto_debit", 450), on("auto_debit_started_on", 0, 90).missing(550),
           refers("guarantee_company_id", "guarantee_companies").missing(300),
           digits("guarantee_number", "GC", 9).missing(300),
           due("guarantee_expires_on", 300, 1'200).missing(300),
           refers("m_agent_id", "m_agents").missing(750),
           refers("m_corporate_name_id", "m_corporate_names").missing(850),
           refers("user_id", "users").noted("担当者"), person("introduced_by").missing(930),
           refers("campaign_id", "campaigns").missing(800),
           digits("coupon_code", "CP", 6).missing(930), yen("desired_rent_min", 20'000, 40'000),
           yen("desired_rent_max", 40'000, 90'000),
           word("desired_area", municipality_names).missing(300),
           due("desired_movein_date", 5, 60).missing(200),
           code("desired_room_type", 6).missing(200), whole("preview_count", 0, 5),
           at("last_previewed_at", 0, 20).missing(400),
           at("last_contacted_at", 0, 200).missing(150),
           stamped("last_login_at", 0, 400).missing(250), whole("login_count", 0, 300).changing(),
           yes_no("accepts_mail_magazine", 500), yes_no("accepts_sms", 700),
           yes_no("accepts_line", 400), yes_no("refuses_dm", 100),
           real("credit_score", 0, 100).missing(500), amount("deposit_balance", 0, 60'000),
           amount("unpaid_amount", 0, 20'000), on("last_paid_on", 0, 300).missing(300),
           whole("reminder_count", 0, 8).changing(), yes_no("is_black_listed", 12),
           phrase("black_list_reason", 1, 3).missing(988),
           time_of_day("contact_time_from").missing(600),
           time_of_day("contact_time_to").missing(600), document("preferences", 2, 5).missing(300),
           memo("staff_memo", 1, 6).missing(450), yes_no("is_deleted", 5), lock_version(),
           told_moment("created_at"), told_moment("updated_at")},
      .indexed = {"moving_id", "m_nationality_id", "status", "updated_at", "user_id"}};
}

TableSpec movings_table() {
  return {
      .name = "movings",
      .comment = "契約",
      .rows = 61'147,
      .columns =
          {id(), told("tenant_id", reference).required(),
           told("apartment_id", reference).required(), told("room_id", reference).required(),
           told("moving_agreement_type", small_code).required("0").noted("契約種別"),
           told("tenant_contract_type", small_code),
           told("movein_decided_date", "datetime").noted("成約日時"), told("movein_date", "date"),
           told("original_movein_date", "date"), told("rent_start_date", "date"),
           told("expiration_date", "date"),
           told("moveout_receipt_date", "date").noted("退去通知受領日"),
           told("moveout_plans_date", "date"), told("moveout_date", "date"),
           told("moveout_date_integrated", "date"), told_flag("move_renew_flag"),
           told_flag("cancel_flag"), told_flag("is_moveout"), told("rent", "int").required("0"),
           told("condo_fee", "int").required("0"),
           told("administrative_fee", "decimal(12,2)").required("0.00"),
           told("moveout_fee", "decimal(12,2)"), told("remarks", "text").noted("特記事項"),
           // Not read by a model
           serial("contract_number", "C").noted("契約番号"),
           refers("m_agent_id", "m_agents").missing(750),
           refers("user_id", "users").noted("担当者"),
           refers("guarantee_company_id", "guarantee_companies").missing(300),
           amount("guarantee_fee", 0, 40'000), amount("guarantee_renewal_fee", 0, 12'000),
           refers("m_corporate_name_id", "m_corporate_names").missing(850),
           refers("campaign_id", "campaigns").missing(800), yen("campaign_discount", 0, 30'000),
           whole("discount_months", 0, 6), amount("deposit", 0, 50'000),
           amount("key_money", 0, 30'000), amount("cleaning_fee", 10'000, 33'000),
           amount("contract_fee", 0, 55'000), amount("renewal_fee", 0, 22'000),
           amount("penalty_fee", 0, 40'000), amount("utility_fee", 5'000, 15'000),
           amount("internet_fee", 0, 3'000), amount("parking_fee", 0, 20'000),
           amount("bicycle_fee", 0, 1'000), amount("insurance_fee", 0, 12'000),
           amount("bedding_fee", 0, 9'000), amount("key_exchange_fee", 0, 16'500),
           amount("agency_fee", 0, 60'000), amount("initial_total", 60'000, 260'000),
           yen("daily_rent", 900, 2'500), yen("first_month_rent", 10'000, 75'000),
           yen("last_month_rent", 10'000, 75'000), whole("prorated_days", 0, 30),
           code("payment_day", 28), code("payment_method", 5), yes_no("needs_invoice", 100),
           company("invoice_name").missing(900), whole("contract_months", 1, 36),
           whole("notice_days", 14, 60), whole("renewal_count", 0, 4),
           on("renewal_notice_sent_on", 200, 340).missing(600),
           on("renewal_replied_on", 340, 360).missing(650), code("renewal_reply", 3).missing(650),
           on("application_date", -7, 0), on("screening_date", -3, 0).missing(50),
           choice("screening_result", results), on("contract_sent_on", 0, 3).missing(50),
           on("contract_signed_on", 0, 5).missing(80),
           on("contract_returned_on", 3, 20).missing(100), yes_no("is_e_contract", 550),
           url("e_contract_url").missing(450), at("key_handed_at", 5, 30).missing(120),
           whole("key_count", 1, 3), told("key_returned_on", "date"),
           at("explanation_at", 0, 5).missing(100), person("explanation_staff").missing(100),
           choice("explanation_method", channels).missing(100),
           time_of_day("movein_time").missing(200), told("moveout_time", "time"),
           told("moveout_inspection_on", "date"), told("moveout_inspector", "varchar(100)"),
           told("moveout_settlement_on", "date"), amount("moveout_settlement_amount", 0, 80'000),
           amount("deposit_returned", 0, 50'000), amount("restoration_fee", 0, 60'000),
           code("occupants", 2), person("cohabitant_name").missing(970),
           tel("emergency_contact").missing(200), digits("insurance_number", "I-", 10).missing(350),
           due("insurance_expires_on", 300, 800).missing(350),
           yes_no("is_residence_registered", 600), yes_no("has_bedding", 300),
           digits("parking_number", "P", 2).missing(970),
           digits("bicycle_number", "B", 3).missing(800), document("conditions", 1, 3).missing(400),
           memo("special_terms", 1, 4).missing(600), memo("staff_memo", 1, 4).missing(600),
           stamped("imported_at", 0, 1).missing(500), choice("import_source", import_sources),
           lock_version(), told_moment("created_at"), told_moment("updated_at")},
      .indexed = {"tenant_id", "apartment_id", "room_id", "movein_date", "moveout_date"},
      .other_keys = {"CONSTRAINT `fk_rails_2b3c4d5e6f` FOREIGN KEY (`tenant_id`) REFERENCES "
                     "`tenants` (`id`)",
                     "CONSTRAINT `fk_rails_3c4d5e6f7a` FOREIGN KEY (`room_id`) REFERENCES "
                     "`rooms` (`id`)"}};
}

TableSpec inquiries_table() {
  return {.name = "inquiries",
          .comment = "問い合わせ",
          .rows = 719,
          .rows_at_least = 60,
          .columns = {id(), told("tenant_id", reference), told("inquiry_date", "datetime"),
                      told("message", "text").noted("問い合わせ内容"), choice("channel", channels),
                      refers("media_id", "m_media").missing(200),
                      refers("apartment_id", "apartments").missing(350),
                      refers("user_id", "users").missing(100), person("contact_name").missing(100),
                      mail("contact_email").missing(300), tel("contact_tel").missing(500),
                      at("replied_at", 0, 3).missing(150), told_moment("created_at"),
                      told_moment("updated_at")},
          .indexed = {"tenant_id", "inquiry_date"},
          .other_keys = {"CONSTRAINT `fk_rails_4d5e6f7a8b` FOREIGN KEY (`tenant_id`) "
                         "REFERENCES `tenants` (`id`) ON DELETE SET NULL"}};
}

}  // namespace pipeline::source
