// Lists that other tables point at, the tables of the application itself, and the empty ones.
#include "bench/sample_source/columns.h"
#include "bench/sample_source/schema.h"
#include "bench/sample_source/words.h"

namespace pipeline::source {
namespace {

constexpr auto fixed = TableSpec::Size::fixed;
constexpr Growth rare{.new_permille = 0.5, .update_permille = 2, .delete_permille = 0};

/// A list of names that hardly ever changes.
TableSpec list(std::string_view name, std::string_view comment, std::int64_t rows,
               std::string_view stem) {
  return {.name = name,
          .comment = comment,
          .rows = rows,
          .size = fixed,
          .growth = no_growth,
          .columns = {id(), numbered("name", stem, rows).required(), whole("sort_order", 1, 99),
                      yes_no("is_active", 950), created_at(), updated_at()}};
}

std::vector<TableSpec> lists() {
  return {list("m_languages", "言語", 12, "見本語"),
          list("m_media", "媒体", 24, "見本媒体"),
          list("m_contract_types", "契約種別", 10, "契約種別"),
          list("m_fee_types", "費目", 18, "費目"),
          list("m_moveout_reasons", "退去理由", 8, "理由"),
          list("roles", "役割", 9, "role_"),
          list("guarantee_companies", "保証会社", 7, "見本保証"),
          list("m_prefectures", "都道府県", 47, "見本県")};
}

std::vector<TableSpec> place_and_bank_tables() {
  return {
      {.name = "m_municipalities",
       .comment = "市区町村",
       .rows = 62,
       .growth = no_growth,
       .columns = {id(), refers("m_prefecture_id", "m_prefectures").required(),
                   word("name", municipality_names), digits("municipality_code", "13", 3)},
       .indexed = {"m_prefecture_id"}},
      {.name = "m_stations",
       .comment = "駅",
       .rows = 640,
       .growth = no_growth,
       .columns = {id(), refers("m_municipality_id", "m_municipalities").required(),
                   numbered("name", "見本駅", 640), numbered("line_name", "見本線", 30),
                   real("latitude", 35, 36), real("longitude", 139, 140)},
       .indexed = {"m_municipality_id"}},
      {.name = "m_banks",
       .comment = "銀行",
       .rows = 120,
       .growth = rare,
       .columns = {id(), digits("bank_code", "", 4), word("name", bank_names), created_at(),
                   updated_at()}},
      {.name = "m_bank_branches",
       .comment = "支店",
       .rows = 1'900,
       .growth = rare,
       .columns = {id(), refers("m_bank_id", "m_banks").required(), digits("branch_code", "", 3),
                   numbered("name", "見本支店", 1'900), created_at(), updated_at()},
       .indexed = {"m_bank_id"}},
      {.name = "m_facilities",
       .comment = "設備",
       .rows = 85,
       .growth = no_growth,
       .columns = {id(), numbered("name", "設備", 85), code("facility_type", 5), created_at(),
                   updated_at()}},
      {.name = "m_accounts",
       .comment = "勘定科目",
       .rows = 130,
       .growth = rare,
       .columns = {id(), digits("account_code", "", 4), numbered("name", "見本科目", 130),
                   yes_no("is_expense", 700), created_at(), updated_at()}},
      {.name = "currency",
       .comment = "通貨",
       .rows = 8,
       .size = fixed,
       .growth = no_growth,
       .columns = {digits("code", "X", 2), numbered("name", "見本通貨", 8),
                   measure("rate", 12, 6, 500'000, 190'000'000)},
       .primary = {}},
      {.name = "holidays",
       .comment = "休日",
       .rows = 260,
       .growth = no_growth,
       .columns = {id(), due("holiday_on", -300, 400), numbered("name", "休日", 20)},
       .indexed = {"holiday_on"}},
  };
}

std::vector<TableSpec> partner_tables() {
  return {
      {.name = "bank_accounts",
       .comment = "自社口座",
       .rows = 310,
       .growth = rare,
       .columns = {id(), refers("m_bank_branch_id", "m_bank_branches").required(),
                   digits("account_number", "0", 6), word("holder", transfer_names),
                   code("account_type", 2), yes_no("is_active", 900), created_at(), updated_at()},
       .indexed = {"m_bank_branch_id"}},
      {.name = "m_agents",
       .comment = "仲介業者",
       .rows = 420,
       .growth = rare,
       .columns = {id(), company("name"), person("contact_name"), tel("tel"), mail("email"),
                   rate("commission_rate", 0, 10'000), memo("note", 1, 3).missing(600).changing(),
                   created_at(), updated_at()}},
      {.name = "m_owners",
       .comment = "オーナー",
       .rows = 610,
       .growth = rare,
       .columns = {id(), person("name"), company("company_name").missing(600), tel("tel"),
                   mail("email").missing(300), numbered("address", "見本県見本市", 300),
                   refers("m_bank_branch_id", "m_bank_branches").missing(100),
                   digits("account_number", "0", 6), memo("note", 1, 4).missing(500).changing(),
                   created_at(), updated_at()},
       .indexed = {"m_bank_branch_id"}},
      {.name = "m_corporate_names",
       .comment = "法人",
       .rows = 530,
       .growth = rare,
       .columns = {id(), company("name"), company("name_kana"), code("industry", 18), tel("tel"),
                   yes_no("is_active", 900).changing(), created_at(), updated_at()}},
      {.name = "suppliers",
       .comment = "仕入先",
       .rows = 380,
       .growth = rare,
       .columns = {id(), company("name"), person("contact_name"), tel("tel"),
                   code("payment_terms", 4), created_at(), updated_at()}},
      {.name = "items",
       .comment = "備品",
       .rows = 240,
       .growth = rare,
       .columns = {id(), refers("supplier_id", "suppliers").missing(100),
                   numbered("name", "見本品", 240), amount("unit_price", 100, 90'000).changing(),
                   created_at(), updated_at()},
       .indexed = {"supplier_id"}},
      {.name = "campaigns",
       .comment = "キャンペーン",
       .rows = 45,
       .growth = rare,
       .columns = {id(), numbered("name", "見本キャンペーン", 45), on("starts_on", 0, 10),
                   due("ends_on", 20, 120), yen("discount", 0, 30'000), memo("terms", 2, 6),
                   created_at(), updated_at()}},
  };
}

std::vector<TableSpec> application_tables() {
  return {
      {.name = "users",
       .comment = "社員",
       .rows = 190,
       .growth = rare,
       .columns = {id(), person("name"), mail("email"), refers("role_id", "roles").required(),
                   hex("password_digest", 60), stamped("last_login_at", 0, 900).missing(100),
                   whole("login_count", 0, 4'000).changing(), yes_no("is_active", 700),
                   created_at(), updated_at()},
       .indexed = {"role_id"}},
      {.name = "permissions",
       .comment = "権限",
       .rows = 64,
       .growth = no_growth,
       .columns = {id(), numbered("name", "permission_", 64), phrase("description", 1, 1)}},
      {.name = "role_permissions",
       .comment = "役割と権限",
       .rows = 210,
       .growth = no_growth,
       .columns = {id(), refers("role_id", "roles").required(),
                   refers("permission_id", "permissions").required()},
       .indexed = {"role_id", "permission_id"}},
      {.name = "mail_templates",
       .comment = "メール雛形",
       .rows = 75,
       .growth = rare,
       .columns = {id(), phrase("subject", 1, 1), memo("body", 8, 30).changing(), created_at(),
                   updated_at()}},
      {.name = "announcements",
       .comment = "お知らせ",
       .rows = 160,
       .columns = {id(), phrase("title", 1, 1), memo("body", 4, 20).changing(),
                   stamped("published_at", 0, 2), due("closes_on", 10, 90), created_at(),
                   updated_at()}},
      {.name = "m_systems",
       .comment = "システム設定",
       .rows = 1,
       .size = fixed,
       .growth = no_growth,
       .columns = {id(), numbered("company_name", "株式会社見本ハウス", 1),
                   rate("tax_rate", 1'000, 1'000), document("settings", 6, 9), created_at(),
                   updated_at()}},
      {.name = "schema_migrations",
       .comment = "",
       .rows = 412,
       .growth = no_growth,
       .columns = {serial("version", "2016").required()},
       .primary = {"version"}},
      {.name = "ar_internal_metadata",
       .comment = "",
       .rows = 1,
       .size = fixed,
       .growth = no_growth,
       .columns = {serial("key", "environment"), numbered("value", "sample", 1), created_at(),
                   updated_at()},
       .primary = {"key"}},
  };
}

}  // namespace

std::vector<TableSpec> master_tables() {
  std::vector<TableSpec> all = lists();
  for (auto&& group : {place_and_bank_tables(), partner_tables(), application_tables()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::vector<TableSpec> empty_tables() {
  const auto empty = [](std::string_view name, std::string_view comment,
                        std::vector<Column> columns,
                        std::vector<std::string_view> indexed = {}) -> TableSpec {
    columns.insert(columns.begin(), id());
    columns.push_back(created_at());
    columns.push_back(updated_at());
    return {.name = name,
            .comment = comment,
            .rows = 0,
            .rows_at_least = 0,
            .growth = no_growth,
            .columns = std::move(columns),
            .indexed = std::move(indexed)};
  };
  return {
      empty("Orders", "注文（未使用）",
            {told("order_number", "varchar(40)").required(), told("tenant_id", "int unsigned"),
             amount("amount", 0, 1), at("ordered_at", 0, 0)},
            {"tenant_id"}),
      empty("order_items", "注文明細（未使用）",
            {refers("order_id", "Orders"), refers("item_id", "items"), whole("quantity", 1, 9)},
            {"order_id"}),
      empty("Arrears_Management", "滞納管理",
            {told("tenant_id", "int unsigned"), amount("arrears", 0, 1), on("since", 0, 0),
             memo("note", 1, 1)},
            {"tenant_id"}),
      empty("Arrears_Snapshot", "滞納スナップショット",
            {told("tenant_id", "int unsigned"), on("snapshot_date", 0, 0), amount("arrears", 0, 1)},
            {"tenant_id", "snapshot_date"}),
      empty("approvals", "承認",
            {refers("user_id", "users"), choice("state", progress), phrase("comment", 1, 1)}),
      empty("gmo_proof_lists", "決済代行の照合",
            {digits("order_number", "GMO", 8), amount("amount", 0, 1), on("proved_on", 0, 0)}),
      empty("m_corporate_name_contracts", "法人契約",
            {refers("m_corporate_name_id", "m_corporate_names"), on("starts_on", 0, 0)},
            {"m_corporate_name_id"}),
      empty("other_clearings", "その他消込",
            {refers("payment_id", "payments"), amount("amount", 0, 1)}, {"payment_id"}),
      empty("pmc", "管理会社連携", {digits("external_code", "PMC", 6), document("payload", 1, 2)}),
      empty("work_reports", "作業報告",
            {refers("user_id", "users"), on("worked_on", 0, 0), time_of_day("started_at"),
             time_of_day("ended_at"), memo("body", 1, 2)},
            {"worked_on"}),
  };
}

}  // namespace pipeline::source
