#include "bench/make_source_schema.h"

namespace pipeline::source {
namespace {

constexpr auto computed = Column::Content::computed;

constexpr std::string_view id = "int unsigned NOT NULL AUTO_INCREMENT";
constexpr std::string_view reference = "int unsigned DEFAULT NULL";
constexpr std::string_view name = "varchar(255) DEFAULT NULL";
constexpr std::string_view code = "tinyint DEFAULT NULL";
constexpr std::string_view yes_no = "tinyint(1) NOT NULL DEFAULT '0'";
constexpr std::string_view day = "date DEFAULT NULL";
constexpr std::string_view moment = "datetime DEFAULT NULL";
constexpr std::string_view required_moment = "datetime NOT NULL";

}  // namespace

TableDefinition apartments_definition() {
  return {
      .name = "apartments",
      .columns =
          {
              {"id", id},
              {"unique_number", "varchar(32) NOT NULL COMMENT '物件番号'"},
              {"apartment_name", name},
              {"apartment_name_en", name},
              {"apartment_name_old", "varchar(255) DEFAULT NULL COMMENT '旧物件名'"},
              {"prefecture", "varchar(20) DEFAULT NULL"},
              {"municipality", "varchar(60) DEFAULT NULL"},
              {"address", name},
              {"full_address", "varchar(512) DEFAULT NULL"},
              {"zip_code", "varchar(8) DEFAULT NULL"},
              {"latitude", "decimal(10,7) DEFAULT NULL COMMENT '緯度'"},
              {"longitude", "decimal(10,7) DEFAULT NULL COMMENT '経度'"},
              {"room_count", "int NOT NULL DEFAULT '0'"},
              {"vacancy_room_count", "int NOT NULL DEFAULT '0' COMMENT '空室数'"},
              {"occupied_room_count",
               "int GENERATED ALWAYS AS (`room_count` - `vacancy_room_count`) VIRTUAL", computed},
              {"apartment_type", code},
              {"building_type", code},
              {"status", code},
              {"facilities", "json DEFAULT NULL COMMENT '設備（JSON）'"},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      .keys = {"PRIMARY KEY (`id`)",
               "UNIQUE KEY `index_apartments_on_unique_number` (`unique_number`)",
               "KEY `index_apartments_on_updated_at` (`updated_at`)"},
      .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='物件'"};
}

TableDefinition rooms_definition() {
  return {
      .name = "rooms",
      .columns =
          {
              {"id", id},
              {"apartment_id", "int unsigned NOT NULL"},
              {"room_number", "varchar(20) NOT NULL COMMENT '部屋番号'"},
              {"rent", "int NOT NULL DEFAULT '0' COMMENT '賃料（円）'"},
              {"condo_fee", "int NOT NULL DEFAULT '0' COMMENT '共益費（円）'"},
              {"total_rent", "int GENERATED ALWAYS AS (`rent` + `condo_fee`) STORED", computed},
              {"floor_area", "decimal(6,2) DEFAULT NULL COMMENT '面積（㎡）'"},
              {"room_floor", code},
              {"capacity", code},
              {"gender_type", code},
              {"bed_type", code},
              {"status", code},
              {"moving_id", reference},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      .keys = {"PRIMARY KEY (`id`)",
               "UNIQUE KEY `index_rooms_on_apartment_id_and_room_number` "
               "(`apartment_id`,`room_number`)",
               "KEY `index_rooms_on_moving_id` (`moving_id`)",
               "CONSTRAINT `fk_rails_1a2b3c4d5e` FOREIGN KEY (`apartment_id`) "
               "REFERENCES `apartments` (`id`)"},
      .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='部屋'"};
}

TableDefinition nationalities_definition() {
  return {
      .name = "m_nationalities",
      .columns =
          {
              {"id", id},
              {"nationality_name", "varchar(100) NOT NULL COMMENT '国籍'"},
              {"nationality_name_en", "varchar(100) DEFAULT NULL"},
              {"code", "char(3) DEFAULT NULL"},
              {"region", "varchar(40) DEFAULT NULL"},
              {"sort_order", "smallint NOT NULL DEFAULT '0'"},
              {"is_active", "tinyint(1) NOT NULL DEFAULT '1'"},
              {"memo", name},
              {"updated_by", "varchar(40) DEFAULT NULL"},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      .keys = {"PRIMARY KEY (`id`)"},
      .options =
          "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='国籍マスタ'"};
}

TableDefinition tenants_definition() {
  return {.name = "tenants",
          .columns =
              {
                  {"id", id},
                  {"last_name", "varchar(100) DEFAULT NULL COMMENT '姓'"},
                  {"first_name", "varchar(100) DEFAULT NULL COMMENT '名'"},
                  {"full_name", "varchar(255) DEFAULT NULL COMMENT '氏名'"},
                  {"full_name_kana", name},
                  {"gender_type", code},
                  {"birth_date", day},
                  {"age", "smallint DEFAULT NULL COMMENT '登録時の年齢'"},
                  {"m_nationality_id", reference},
                  {"nationality", "varchar(100) DEFAULT NULL"},
                  {"m_language_id_1", reference},
                  {"personal_identity", "varchar(20) DEFAULT NULL COMMENT '本人確認書類コード'"},
                  {"affiliation", name},
                  {"affiliation_type", code},
                  {"affiliation_status", code},
                  {"status", "tinyint NOT NULL DEFAULT '0' COMMENT '状態コード'"},
                  {"contract_type", "tinyint NOT NULL DEFAULT '0'"},
                  {"agreement_type", code},
                  {"corporate_name", name},
                  {"media_id", reference},
                  {"reason_moveout", code},
                  {"is_transferred", yes_no},
                  {"is_renewal_ng", yes_no},
                  {"is_paysle_unpaid", yes_no},
                  {"renewal_priority", "tinyint DEFAULT NULL"},
                  {"moving_id", "int unsigned DEFAULT NULL COMMENT '現在の契約'"},
                  {"under_contract_id", reference},
                  {"inquiry_id", reference},
                  {"first_movein_date", day},
                  {"renewal_movein_date", day},
                  {"renewal_deadline_date", day},
                  {"email_1", name},
                  {"email_2", name},
                  {"tel_1", "varchar(30) DEFAULT NULL"},
                  {"tel_2", "varchar(30) DEFAULT NULL"},
                  {"account_number", "varchar(20) DEFAULT NULL"},
                  {"note", "text COMMENT '備考'"},
                  {"created_at", required_moment},
                  {"updated_at", required_moment},
              },
          .keys = {"PRIMARY KEY (`id`)", "KEY `index_tenants_on_moving_id` (`moving_id`)",
                   "KEY `index_tenants_on_m_nationality_id` (`m_nationality_id`)",
                   "KEY `index_tenants_on_status` (`status`)",
                   "KEY `index_tenants_on_updated_at` (`updated_at`)"},
          .options =
              "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='入居者'"};
}

TableDefinition movings_definition() {
  return {
      .name = "movings",
      .columns =
          {
              {"id", id},
              {"tenant_id", "int unsigned NOT NULL"},
              {"apartment_id", "int unsigned NOT NULL"},
              {"room_id", "int unsigned NOT NULL"},
              {"moving_agreement_type", "tinyint NOT NULL DEFAULT '0' COMMENT '契約種別'"},
              {"tenant_contract_type", code},
              {"movein_decided_date", "datetime DEFAULT NULL COMMENT '成約日時'"},
              {"movein_date", day},
              {"original_movein_date", day},
              {"rent_start_date", day},
              {"expiration_date", day},
              {"moveout_receipt_date", "date DEFAULT NULL COMMENT '退去通知受領日'"},
              {"moveout_plans_date", day},
              {"moveout_date", day},
              {"moveout_date_integrated", day},
              {"move_renew_flag", yes_no},
              {"cancel_flag", yes_no},
              {"is_moveout", yes_no},
              {"rent", "int NOT NULL DEFAULT '0'"},
              {"condo_fee", "int NOT NULL DEFAULT '0'"},
              {"administrative_fee", "decimal(12,2) NOT NULL DEFAULT '0.00'"},
              {"moveout_fee", "decimal(12,2) DEFAULT NULL"},
              {"remarks", "text COMMENT '特記事項'"},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      .keys =
          {"PRIMARY KEY (`id`)", "KEY `index_movings_on_tenant_id` (`tenant_id`)",
           "KEY `index_movings_on_apartment_id` (`apartment_id`)",
           "KEY `index_movings_on_room_id` (`room_id`)",
           "KEY `index_movings_on_movein_date` (`movein_date`)",
           "KEY `index_movings_on_moveout_date` (`moveout_date`)",
           "CONSTRAINT `fk_rails_2b3c4d5e6f` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`)",
           "CONSTRAINT `fk_rails_3c4d5e6f7a` FOREIGN KEY (`room_id`) REFERENCES `rooms` (`id`)"},
      .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='契約'"};
}

TableDefinition inquiries_definition() {
  return {
      .name = "inquiries",
      .columns =
          {
              {"id", id},
              {"tenant_id", reference},
              {"inquiry_date", moment},
              {"message", "text COMMENT '問い合わせ内容'"},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      .keys = {"PRIMARY KEY (`id`)", "KEY `index_inquiries_on_tenant_id` (`tenant_id`)",
               "KEY `index_inquiries_on_inquiry_date` (`inquiry_date`)",
               "CONSTRAINT `fk_rails_4d5e6f7a8b` FOREIGN KEY (`tenant_id`) "
               "REFERENCES `tenants` (`id`) ON DELETE SET NULL"},
      .options =
          "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='問い合わせ'"};
}

TableDefinition payments_definition() {
  return {
      .name = "payments",
      .columns =
          {
              {"id", id},
              {"payment_year", "smallint NOT NULL COMMENT '入金年'"},
              {"tenant_id", reference},
              {"moving_id", reference},
              {"paid_on", day},
              {"payment_type", code},
              {"amount", "decimal(12,2) NOT NULL DEFAULT '0.00' COMMENT '入金額'"},
              {"is_confirmed", yes_no},
              {"memo", name},
              {"recorded_at", "timestamp NULL DEFAULT NULL"},
              {"created_at", required_moment},
              {"updated_at", required_moment},
          },
      // A partitioned table's keys must hold the partition column, and it can have no foreign key.
      .keys = {"PRIMARY KEY (`id`,`payment_year`)",
               "KEY `index_payments_on_tenant_id` (`tenant_id`)",
               "KEY `index_payments_on_moving_id` (`moving_id`)",
               "KEY `index_payments_on_paid_on` (`paid_on`)"},
      .options =
          "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='入金'\n"
          "PARTITION BY RANGE (`payment_year`) (\n"
          "  PARTITION p_until_2019 VALUES LESS THAN (2020),\n"
          "  PARTITION p_until_2022 VALUES LESS THAN (2023),\n"
          "  PARTITION p_until_2025 VALUES LESS THAN (2026),\n"
          "  PARTITION p_rest VALUES LESS THAN MAXVALUE)"};
}

TableDefinition orders_definition() {
  return {.name = "Orders",
          .columns =
              {
                  {"id", id},
                  {"order_number", "varchar(40) NOT NULL"},
                  {"tenant_id", reference},
                  {"amount", "decimal(12,2) NOT NULL DEFAULT '0.00'"},
                  {"ordered_at", moment},
                  {"created_at", required_moment},
                  {"updated_at", required_moment},
              },
          .keys = {"PRIMARY KEY (`id`)", "KEY `index_Orders_on_tenant_id` (`tenant_id`)"},
          .options =
              "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci "
              "COMMENT='注文（未使用）'"};
}

TableDefinition tenant_daily_snapshots_definition() {
  return {.name = "tenant_daily_snapshots",
          .columns =
              {
                  {"id", "bigint unsigned NOT NULL AUTO_INCREMENT"},
                  {"tenant_id", "int unsigned NOT NULL"},
                  {"status", code},
                  {"contract_type", code},
                  {"full_name", name},
                  {"snapshot_date", "date NOT NULL"},
              },
          .keys = {"PRIMARY KEY (`id`)",
                   "UNIQUE KEY `one_row_a_tenant_a_day` (`tenant_id`,`snapshot_date`)",
                   "KEY `snapshot_date` (`snapshot_date`)"},
          .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"};
}

TableDefinition llm_enrichment_cache_definition() {
  return {.name = "llm_enrichment_cache",
          .columns =
              {
                  {"id", "bigint unsigned NOT NULL AUTO_INCREMENT"},
                  {"tenant_id", "int unsigned NOT NULL"},
                  {"full_name", name},
                  {"full_name_hash", "char(64) NOT NULL"},
                  {"llm_nationality", "varchar(100) DEFAULT NULL"},
                  {"llm_confidence", "decimal(4,3) DEFAULT NULL"},
                  {"enriched_at", "datetime NOT NULL"},
                  {"model_version", "varchar(60) DEFAULT NULL"},
              },
          .keys = {"PRIMARY KEY (`id`)", "KEY `tenant_id` (`tenant_id`)"},
          .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"};
}

TableDefinition property_geo_latlon_backup_definition() {
  return {.name = "property_geo_latlon_backup",
          .columns =
              {
                  {"id", "bigint unsigned NOT NULL AUTO_INCREMENT"},
                  {"apartment_id", "int unsigned NOT NULL"},
                  {"asset_id_hj", "varchar(32) DEFAULT NULL"},
                  {"apartment_name", name},
                  {"full_address", "varchar(512) DEFAULT NULL"},
                  {"prefecture", "varchar(20) DEFAULT NULL"},
                  {"municipality", "varchar(60) DEFAULT NULL"},
                  {"latitude", "decimal(10,7) DEFAULT NULL"},
                  {"longitude", "decimal(10,7) DEFAULT NULL"},
                  {"source_updated_at", "datetime DEFAULT NULL"},
              },
          .keys = {"PRIMARY KEY (`id`)", "KEY `apartment_id` (`apartment_id`)"},
          .options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"};
}

}  // namespace pipeline::source
